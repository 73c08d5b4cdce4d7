import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { framesOf } from '../../services/control/core/frames.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import {
  begin,
  createWorld,
  endTasks,
  HOUR,
  MINUTE,
  memory,
  POOL,
  pass,
  restart,
  run,
  takeTasks,
  upload,
  type World,
  workOff,
} from './world.ts';

const settings = { chunkSize: 1, video: false };
const later = (now: number, ms: number) => new Date(now + ms).toISOString();

describe('a deadline', () => {
  // Time is worth nothing here, so that only a deadline raises more than one worker.
  for (const [hours, workers] of [
    [20, 1],
    [0.5, 4],
    [-1, 4],
  ] as const)
    test(`of ${hours} hours raises ${workers} of 4 workers`, async () => {
      const of = createWorld({ valueOfTimePerHour: 0, fixedPricePerHour: 0.001 });
      await upload(of, { ...settings, finishBy: later(of.clock.now(), hours * HOUR) });
      await pass(of, 7);
      await takeTasks(of);
      await pass(of);
      await endTasks(of, { seconds: 300 });
      await pass(of, 3);
      const living = (await of.workers.list()).filter(({ state }) => state !== 'ended');
      assert.equal(living.length, workers);
    });

  for (const [minutes, isTaken, variant] of [
    [28, true, 'p-lasting'],
    [28, false, 'p-spot'],
    [20 * 60, true, 'p-spot'],
    [-60, true, 'p-spot'],
  ] as const)
    test(`of ${minutes} minutes orders ${variant} when a machine was${isTaken ? '' : ' not'} taken away`, async () => {
      const kind = (name: string, isSpot: boolean) => ({
        ...{ name, isSpot, pricePerHour: isSpot ? 0.2 : 0.8, onDemandPricePerHour: 0.8 },
      });
      const variants = [kind('p-spot', true), kind('p-lasting', false)];
      const of = createWorld({ pools: [{ ...POOL, variants }] });
      await begin(of, { ...settings, finishBy: later(of.clock.now(), minutes * MINUTE) });
      await takeTasks(of);
      await pass(of, 2);
      await endTasks(of, { seconds: 400 });
      await takeTasks(of);
      await pass(of, 2);
      const [first] = await of.workers.list();
      of.workers.end(first?.name ?? '', isTaken ? 'preempted' : 'done');
      await pass(of, 2);
      const [, , ordered] = of.workers.callsOf('order').at(-1) ?? [];
      assert.deepEqual([of.workers.callsOf('order').length > 1, ordered], [true, variant]);
    });

  for (const [hours, frames] of [
    [2, 2],
    [20, 3],
  ] as const)
    test(`of ${hours} hours cuts tasks of ${frames} frames at most`, async () => {
      const of = createWorld();
      await begin(of, { video: false, finishBy: later(of.clock.now(), hours * HOUR) });
      const [job] = of.manager.callsOf('submit').map(([one]) => one as { settings: { chunks: string } });
      const sizes = (job?.settings.chunks ?? '').split(';').map((chunk) => [...framesOf(chunk)].length);
      assert.equal(Math.max(...sizes), frames);
    });

  test('that cannot be kept is said with an estimate, and no more once the run is complete', async () => {
    const of = createWorld();
    await begin(of, { ...settings, finishBy: later(of.clock.now(), 30 * MINUTE) });
    assert.deepEqual((await run(of)).warnings, [], 'nothing is known yet');
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 600 });
    await pass(of);
    const [warning] = (await run(of)).warnings;
    assert.match(
      warning ?? '',
      /^finishBy: cannot be kept: about \d+ min are needed with all 4 workers, and \d+ min are left\.$/,
    );
    await workOff(of, 600);
    assert.deepEqual([(await run(of)).state, (await run(of)).warnings], ['completed', []]);
  });
});

describe('a deadline of a run whose frames are all there', () => {
  test('is not judged by the boot of somebody who would begin', async () => {
    const of = createWorld();
    await begin(of, { ...settings, frames: '1', video: true, finishBy: later(of.clock.now(), 15 * MINUTE) });
    await takeTasks(of);
    await pass(of);
    await endTasks(of);
    for (const { name } of await of.workers.list()) of.workers.end(name, 'preempted');
    await pass(of);
    assert.deepEqual([(await run(of)).state, (await run(of)).warnings], ['rendering', []]);
  });
});

describe('a deadline of frames that cannot all begin at once', () => {
  // Five are left for four workers: two waves, though the work itself would fit.
  test('is judged by waves', async () => {
    const of = createWorld();
    await begin(of, { ...settings, frames: '1-9', finishBy: later(of.clock.now(), 27 * MINUTE) });
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 600 });
    await pass(of);
    assert.match(
      (await run(of)).warnings.join(),
      /^finishBy: will probably not be kept: about 2\d min are needed with all workers, and 13 min are left\.$/,
    );
  });
});

describe('a deadline while nobody knows the frames', () => {
  // 240 s at least until there is a farm and 42 s for a boot, 400 s and 60 s as a rule, and 24 frames for 4 workers; a minute passes
  // until it is admitted.
  for (const [minutes, said] of [
    [5, /^finishBy: cannot be kept: about 5 min pass before the first frame begins, and 4 min are left\.$/],
    [
      6,
      /^finishBy: cannot be kept: about 5 min are needed with all 4 workers even if a frame takes only 5 s/,
    ],
    [
      8,
      /^finishBy: will probably not be kept: about 8 min pass before the first frame begins, and 7 min are left\.$/,
    ],
    // With 10 s of loading and waiting for each task.
    [10, /^finishBy: will probably not be kept: about 10 min are needed .* even if a frame takes only 10 s/],
    [12, null],
  ] as const)
    test(`and ${minutes} minutes are left is judged at once by the farm, a boot and frames that are quick`, async () => {
      const of = createWorld({ pools: [{ ...POOL, bootSeconds: 60 }] });
      await upload(of, { ...settings, finishBy: later(of.clock.now(), minutes * MINUTE) });
      await pass(of);
      const [warning = null] = (await run(of)).warnings;
      if (said === null) assert.equal(warning, null);
      else assert.match(warning ?? '', said);
    });

  test('is judged by the one that has been running for longest', async () => {
    const of = createWorld();
    await begin(of, { ...settings, finishBy: later(of.clock.now(), 80 * MINUTE) });
    await takeTasks(of);
    // Nothing says that it has loaded: the first minutes do not count.
    await pass(of, 20);
    assert.match((await run(of)).warnings[0] ?? '', /^finishBy: will probably not be kept: about/);
  });

  // One frame that runs from about 1 min on; the first five minutes may be loading.
  for (const [passes, said] of [
    [10, null],
    [
      12,
      /^finishBy: may not be kept, the odds are even: a frame has taken \d+ min so far, none has ended, and/,
    ],
    [17, /^finishBy: will probably not be kept: a frame has taken \d+ min so far, none has ended, and/],
  ] as const)
    test(`of half an hour is not said to be sure when its only frame has run for ${passes} looks`, async () => {
      const of = createWorld();
      await begin(of, { ...settings, frames: '1', finishBy: later(of.clock.now(), 30 * MINUTE) });
      await takeTasks(of);
      await pass(of, passes);
      const [warning = null] = (await run(of)).warnings;
      if (said === null) assert.equal(warning, null);
      else assert.match(warning ?? '', said);
    });

  test('is judged at once by what the last version took', async () => {
    const of = createWorld();
    await begin(of, settings);
    await workOff(of, 600);
    await pass(of, 30);
    await upload(of, { ...settings, finishBy: later(of.clock.now(), 45 * MINUTE) });
    await pass(of, 2);
    const warnings = (await run(of)).warnings;
    assert.match(
      warnings.join(),
      /finishBy: will probably not be kept: about .* if a frame takes 600 s, as the last version \(v001\) has it/,
    );
  });
});

describe('workers for a deadline beside other shots', () => {
  const ordered = async (of: World) => {
    await pass(of, 3);
    return (await of.workers.list()).filter(({ state }) => state !== 'ended').length;
  };
  const createWide = () =>
    createWorld({ valueOfTimePerHour: 0, fixedPricePerHour: 0.001, pools: [{ ...POOL, max: 20 }] });

  test('are none for what comes after it', async () => {
    const of = createWide();
    const finishBy = later(of.clock.now(), 40 * MINUTE);
    await upload(of, { ...settings, frames: '1', finishBy }, 'film/first');
    await pass(of, 2);
    await upload(of, settings, 'film/second');
    await pass(of, 10);
    const count = await ordered(of);
    assert.ok(count >= 1 && count <= 2, `${count}`);
  });

  test('are as for unknown frames although those of another shot are known', async () => {
    const of = createWide();
    await begin(of, settings);
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 60 });
    assert.ok((await ordered(of)) <= 2);
    await upload(of, { ...settings, finishBy: later(of.clock.now(), 40 * MINUTE) }, 'film/near');
    const count = await ordered(of);
    assert.ok(count >= 10, `${count}`);
  });
});

describe('a deadline beside other shots', () => {
  const warningsOf = async (of: World, shot: string) => {
    const names = await of.records.list('runs/');
    const runs = names.map((name) => of.records.valueAt(name) as RunRecord);
    return runs.find((one) => one.shot === shot)?.warnings ?? ['no such run'];
  };
  const behind = { ...settings, frames: '1-2000' };

  test('is judged without those that come after it, and with those that came before', async () => {
    const of = createWorld();
    const finishBy = later(of.clock.now(), 20 * MINUTE);
    await upload(of, { ...settings, finishBy }, 'film/first');
    await pass(of);
    await upload(of, behind, 'film/second');
    await pass(of);
    await upload(of, { ...settings, finishBy, priority: 50 }, 'film/third');
    await pass(of);
    assert.deepEqual(await warningsOf(of, 'film/first'), []);
    assert.match((await warningsOf(of, 'film/third')).join(), /^finishBy: cannot be kept: about \d+ min are/);
  });

  // 20 frames of a minute are left, and 200 go before them: surely 5 s each, as it seems a minute.
  for (const [minutes, said] of [
    [8, /^finishBy: cannot be kept: about 9 min are needed with all 4 workers, and \d+ min are left\.$/],
    [15, /^finishBy: will probably not be kept: about 23 min are needed with all 4 workers, and/],
    [90, /^$/],
  ] as const)
    test(`in ${minutes} minutes is judged by what is known of those that go before it`, async () => {
      const of = createWorld();
      await begin(of, { ...settings, finishBy: later(of.clock.now(), (16 + minutes) * MINUTE) });
      await takeTasks(of);
      await pass(of);
      await endTasks(of, { seconds: 60 });
      await pass(of);
      const { shot } = await run(of);
      await upload(of, { ...settings, frames: '1-200', priority: 80 }, 'film/urgent');
      await pass(of, 2);
      assert.match((await warningsOf(of, shot)).join(), said);
    });
});

describe('a cap', () => {
  test('that the forecast exceeds is a warning and no stop', async () => {
    const of = createWorld();
    await begin(of, { ...settings, maxDollars: 1 });
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 3600 });
    await pass(of);
    assert.match(
      (await run(of)).warnings[0] ?? '',
      /^maxDollars: about \$\d+\.\d\d are forecast, and it stops at \$1\.$/,
    );
    assert.equal((await run(of)).stopping, null);
  });

  test('is said to mean nothing where nothing has a price', async () => {
    const of = createWorld({ fixedPricePerHour: 0, pools: [{ ...POOL, pricePerHour: 0 }] });
    await begin(of, { ...settings, maxDollars: 1 });
    assert.deepEqual((await run(of)).warnings, [
      'maxDollars: nothing has a price here, so it never stops the run.',
    ]);
  });
});

describe('boot times', () => {
  test('are learned from the order to the first sight of the worker awake, once each, and outlive the service', async () => {
    const of = createWorld();
    await begin(of, settings);
    const { boots, booted } = memory(of);
    assert.equal(boots.p?.count, booted.length);
    assert.ok((boots.p?.seconds ?? 0) >= 60 && (boots.p?.seconds ?? 0) <= 180, JSON.stringify(boots));
    await takeTasks(of);
    restart(of, 'two');
    await pass(of, 5);
    assert.deepEqual(memory(of).boots, boots);
    await endTasks(of);
    await workOff(of);
    await pass(of, 20);
    assert.deepEqual(memory(of).booted, [], 'those that have ended are forgotten');
    assert.deepEqual(memory(of).boots.p?.count, boots.p?.count);
  });
});

describe('the time left', () => {
  async function leftAfter(seconds: number, areTakenAway = false): Promise<number> {
    const of = createWorld({ pools: [{ ...POOL, bootSeconds: 200 }] });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds });
    await pass(of);
    if (areTakenAway) for (const { name } of await of.workers.list()) of.workers.end(name, 'preempted');
    await pass(of, areTakenAway ? 1 : 0);
    return (of.records.valueAt('status.json') as StatusDocument).runs[0]?.etaSeconds?.p50 ?? 0;
  }

  test('is shared by the workers, in waves', async () => {
    const seconds = await leftAfter(600);
    assert.ok(seconds >= 5 * 600 && seconds < 6 * 620, `${seconds} s`);
  });

  test('counts the waits between tasks and the loading: they are most of it where frames take a second', async () => {
    const seconds = await leftAfter(1);
    assert.ok(seconds >= 5 * 10 && seconds < 100, `${seconds} s`);
  });

  test('counts the boots of those that are to come while nobody is there', async () => {
    const [there, gone] = [await leftAfter(600), await leftAfter(600, true)];
    assert.ok(gone > there + 45, `${gone} s and ${there} s`);
  });
});
