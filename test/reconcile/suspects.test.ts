import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { begin, createWorld, endTasks, memory, POOL, pass, run, takeTasks, type World } from './world.ts';

const settings = { chunkSize: 1, video: false, frames: '1-20' };

async function workOffWith(
  of: World,
  isBad: (frame: number, worker: string) => boolean,
  rounds = 12,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { isBad });
    await pass(of);
  }
}

const letGo = (of: World) =>
  memory(of)
    .decisions.filter(({ reason }) => /broke on it twice/.test(reason))
    .map(({ what }) => what);

describe('a worker on which frames break', () => {
  test('is let go before their last attempt, which another one takes: the run is complete', async () => {
    const of = createWorld();
    await begin(of, settings);
    await workOffWith(of, (_, worker) => worker === 'p-1');
    assert.deepEqual(letGo(of), ['worker p-1: let go']);
    assert.equal(of.workers.isAlive('p-1'), false);
    assert.equal((await run(of)).state, 'completed');
    const drained = of.manager.calls.findIndex(({ method }) => method === 'drain');
    const last = of.manager.calls.findLastIndex(({ method }) => method === 'requeueTask');
    assert.ok(drained >= 0 && drained < last, 'asked to leave before the frame is handed out again');
  });

  test('is not asked back when it is still at work and more is wanted', async () => {
    const of = createWorld();
    await begin(of, settings);
    for (let round = 0; round < 6; round += 1) {
      await takeTasks(of);
      await pass(of);
      await endTasks(of, { isBad: (_, worker) => worker === 'p-1' });
      // The frame comes back to it before the pass in which it is suspected: it is busy then.
      await takeTasks(of);
      await pass(of);
    }
    assert.deepEqual(letGo(of), ['worker p-1: let go']);
    assert.deepEqual(of.manager.callsOf('keep'), []);
  });

  test('stays when the frame broke on others as well: then it is the frame', async () => {
    const of = createWorld({ pools: [{ ...POOL, max: 2 }] });
    await begin(of, settings);
    const tried: string[] = [];
    await workOffWith(of, (frame, worker) => {
      if (frame === 5) tried.push(worker);
      return frame === 5;
    });
    assert.equal((await run(of)).state, 'incomplete');
    assert.equal(tried.length, 3);
    assert.ok(new Set(tried).size > 1, `tried on ${tried.join(', ')}`);
  });

  test('stays when it is the only one there', async () => {
    const of = createWorld({ pools: [{ ...POOL, max: 1 }] });
    await begin(of, settings);
    await workOffWith(of, (frame) => frame === 5, 26);
    assert.deepEqual(letGo(of), []);
    assert.equal((await run(of)).state, 'incomplete');
  });
});
