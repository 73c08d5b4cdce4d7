import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOneTick } from '../services/control/one-tick.ts';

const DONE = { lookAgainAt: null, passes: 1, isElsewhere: false };

describe('ticks of one process', () => {
  it('run one after the other; one that comes meanwhile is answered at once and looked after', async () => {
    const { oneAtATime } = createOneTick();
    const runs: PromiseWithResolvers<void>[] = [];
    const runTick = oneAtATime(async () => {
      const run = Promise.withResolvers<void>();
      runs.push(run);
      await run.promise;
      return DONE;
    });
    const first = runTick('a');
    assert.deepEqual(await runTick('b'), { lookAgainAt: null, passes: 0, isElsewhere: true });
    assert.equal(runs.length, 1);
    runs[0]?.resolve();
    await new Promise(setImmediate);
    assert.equal(runs.length, 2, 'what the second asked for is looked at by the first');
    runs[1]?.resolve();
    assert.deepEqual(await first, DONE);
  });

  it('go on after one that failed', async () => {
    const { oneAtATime } = createOneTick();
    let isBad = true;
    const runTick = oneAtATime(async () => {
      if (isBad) throw new Error('no lease');
      return DONE;
    });
    await assert.rejects(runTick('a'), /no lease/);
    isBad = false;
    assert.deepEqual(await runTick('b'), DONE);
  });

  it('end their rest when somebody asks, and then need no further look', { timeout: 20_000 }, async () => {
    const { oneAtATime, wait } = createOneTick();
    let passes = 0;
    const runTick = oneAtATime(async () => {
      passes += 1;
      await wait(30_000);
      passes += 1;
      return DONE;
    });
    const first = runTick('a');
    await new Promise(setImmediate);
    await runTick('b');
    await first;
    assert.equal(passes, 2);
  });

  it('do not rest when somebody asked during the pass, which may not have seen his matter', {
    timeout: 20_000,
  }, async () => {
    const { oneAtATime, wait } = createOneTick();
    let passes = 0;
    const runTick = oneAtATime(async () => {
      passes += 1;
      await runTick('b');
      await wait(30_000);
      passes += 1;
      return DONE;
    });
    await runTick('a');
    assert.equal(passes, 2);
  });

  it('are not begun anew for ever in one request, whoever asks', async () => {
    let now = 0;
    const { oneAtATime } = createOneTick({ clock: { now: () => now } });
    let runs = 0;
    const runTick = oneAtATime(async () => {
      runs += 1;
      now += 60_000;
      // Each upload asks.
      if (runs < 9) void runTick('upload');
      return DONE;
    });
    assert.deepEqual(await runTick('a'), DONE);
    assert.equal(runs, 2);
  });

  it('are kept company by a later one when they take too long, so that they go on', async () => {
    let now = 0;
    const { oneAtATime } = createOneTick({ clock: { now: () => now } });
    const run = Promise.withResolvers<void>();
    const runTick = oneAtATime(async () => {
      await run.promise;
      throw new Error('no lease');
    });
    const first = assert.rejects(runTick('a'), /no lease/);
    now = 100_000;
    let isAnswered = false;
    const second = runTick('b').then((result) => {
      isAnswered = true;
      return result;
    });
    await new Promise(setImmediate);
    assert.equal(isAnswered, false);
    run.resolve();
    await first;
    assert.deepEqual(await second, { lookAgainAt: null, passes: 0, isElsewhere: true });
  });
});
