import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callsApart } from './calls-apart.ts';
import {
  allTasks,
  begin,
  command,
  createWorld,
  dieAfter,
  endTasks,
  HOUR,
  MINUTE,
  memory,
  pass,
  restart,
  run,
  takeTasks,
  upload,
  type World,
  workOff,
} from './world.ts';

const settings = { chunkSize: 6, video: false };
const REPORT = 'film/sh010/v001/report.json';
const isFive = (frame: number) => frame === 5;

async function attempts(of: World): Promise<readonly (readonly [number, number])[]> {
  return (await run(of)).troubles.map((trouble) => [trouble.frame, trouble.attempts] as const);
}

describe('a task that cannot be handed out again', () => {
  test('counts one attempt, however often the manager cannot be told', async () => {
    const of = createWorld();
    // Two tasks more than workers, so that the job lives on.
    await begin(of, { ...settings, chunkSize: 4 });
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { isBad: isFive });
    of.manager.failUntilHealed('transient', 'requeueTask');
    await pass(of, 6);
    assert.deepEqual(await attempts(of), [[5, 1]]);
    of.manager.heal();
    await pass(of);
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { isBad: isFive });
    await pass(of);
    assert.deepEqual(await attempts(of), [[5, 2]], 'the next end is the next attempt');
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('whose frame hangs counts one attempt as well, and is taken away as soon as it can be', async () => {
    const of = createWorld();
    await begin(of, { ...settings, frameMinutesLimit: 10 });
    await takeTasks(of);
    of.manager.failUntilHealed('transient', 'requeueTask');
    await pass(of, 30);
    const counted = await attempts(of);
    assert.deepEqual(counted, [
      [1, 1],
      [7, 1],
      [13, 1],
      [19, 1],
    ]);
    of.manager.heal();
    await pass(of);
    assert.ok((await allTasks(of)).every(({ status }) => status === 'queued'));
    await takeTasks(of);
    await pass(of, 3);
    assert.deepEqual(await attempts(of), counted, 'a fresh start is given its whole time');
  });

  test('that is the check counts one restart', async () => {
    const of = createWorld({ checkFirst: 'always' });
    await begin(of, settings);
    const check = (await allTasks(of)).find(({ name }) => name === 'check');
    of.clock.advance(1);
    of.manager.setTask(check?.id ?? '', { status: 'failed' });
    of.manager.failUntilHealed('transient', 'requeueTask');
    await pass(of, 6);
    assert.deepEqual([(await run(of)).state, (await run(of)).restarts], ['queued', 1]);
  });
});

describe('a report', () => {
  test('that cannot be written is written later, and keeps no farm up', async () => {
    const of = createWorld();
    await begin(of, settings);
    of.renders.failUntilHealed('transient', 'write');
    await workOff(of);
    await pass(of, 25);
    assert.equal((await run(of)).state, 'completed');
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
    assert.equal(of.renders.textOf(REPORT), null);
    of.renders.heal();
    await pass(of, 2);
    assert.equal(JSON.parse(of.renders.textOf(REPORT) ?? '{}').state, 'completed');
    assert.deepEqual(memory(of).unreported, []);
    const written = of.renders.callsOf('write').length;
    await pass(of, 20);
    assert.equal(of.renders.callsOf('write').length, written, 'once');
  });

  test('of an older run does not come over that of a newer one of the same version', async () => {
    const of = createWorld();
    await begin(of, settings);
    of.renders.failUntilHealed('transient', 'write');
    await workOff(of);
    const first = await run(of);
    await command(of, { kind: 'again', runId: first.id, settings: { frames: 'all', chunkSize: 6 } });
    await pass(of, 4);
    await workOff(of);
    assert.notEqual((await run(of)).id, first.id);
    assert.deepEqual(memory(of).unreported, [(await run(of)).id]);
    of.renders.heal();
    await pass(of, 2);
    assert.equal(JSON.parse(of.renders.textOf(REPORT) ?? '{}').id, (await run(of)).id);
  });

  test('is there when the service dies at any call around the end of the run', async () => {
    let hasDied = true;
    for (let calls = 1; hasDied; calls += callsApart(5)) {
      const of = createWorld();
      await begin(of, settings);
      await takeTasks(of);
      await pass(of);
      await endTasks(of);
      const death = dieAfter(of, calls);
      for (let ticks = 0; ticks < 3; ticks += 1) await pass(of).catch(() => {});
      hasDied = death.revive();
      restart(of, 'two');
      await pass(of, 3);
      assert.equal((await run(of)).state, 'completed', `died at call ${calls}`);
      assert.ok(of.renders.textOf(REPORT) !== null, `died at call ${calls}`);
      assert.deepEqual(memory(of).unreported, [], `died at call ${calls}`);
    }
  });
});

describe('a job that has ended', () => {
  test('is blamed for no frame by a list that lacks them, when its tasks cannot be read', async () => {
    const of = createWorld();
    await begin(of, settings);
    for (let taken = 1; taken > 0; taken = await takeTasks(of)) await endTasks(of);
    const { list } = of.renders;
    of.renders.list = async () => [];
    of.manager.failUntilHealed('transient', 'tasks');
    await pass(of, 2);
    assert.deepEqual(await attempts(of), []);
    of.renders.list = list;
    of.manager.heal();
    await pass(of, 2);
    assert.equal((await run(of)).state, 'completed');
  });
});

describe('a shot whose settings are seen a pass after it', () => {
  test('is one run, wherever the service dies while they are taken in', async () => {
    let hasDied = true;
    for (let calls = 1; hasDied; calls += 1) {
      const of = createWorld({ settleMs: 0 });
      await pass(of);
      await upload(of, settings);
      const death = dieAfter(of, calls);
      for (let ticks = 0; ticks < 3; ticks += 1) await pass(of).catch(() => {});
      hasDied = death.revive();
      restart(of, 'two');
      await pass(of, 3);
      const runs = await of.records.list('runs/');
      assert.equal(runs.length, 1, `died at call ${calls}: ${runs.join(', ')}`);
      assert.equal((await run(of)).settings?.chunkSize.origin, 'render.json', `died at call ${calls}`);
    }
  });
});

describe('a farm of which cannot be read what keeps it up', () => {
  async function idle(of: World): Promise<void> {
    await begin(of, settings);
    await workOff(of);
  }

  for (const [port, method] of [
    ['manager', 'jobs'],
    ['workers', 'list'],
  ] as const)
    test(`is kept for MAX_UNKNOWN_HOURS and then taken down, idle, without ${port}.${method}`, async () => {
      const of = createWorld();
      await idle(of);
      of[port].failUntilHealed('transient', method as never);
      await pass(of, 175);
      assert.equal((await of.farm.look()).state, 'up');
      assert.deepEqual(of.farm.callsOf('delete'), []);
      await pass(of, 20);
      assert.deepEqual(await of.farm.look(), { state: 'absent' });
      assert.ok(
        memory(of).decisions.some(({ reason }) => /could not be read for MAX_UNKNOWN_HOURS/.test(reason)),
      );
    });

  test('counts from the last time that it could be read', async () => {
    const of = createWorld();
    await idle(of);
    for (let times = 0; times < 4; times += 1) {
      of.manager.failUntilHealed('transient', 'jobs');
      await pass(of, 60);
      of.manager.heal();
      await command(of, { kind: 'wake', minutes: 200 });
      await pass(of, 1);
    }
    assert.deepEqual(of.farm.callsOf('delete'), []);
  });

  test('stays while its jobs tell that it renders, whatever is not known of its workers', async () => {
    const of = createWorld({ maxFarmMs: 100 * HOUR });
    await begin(of, { ...settings, frameMinutesLimit: 1000 });
    await takeTasks(of);
    await pass(of);
    of.workers.failUntilHealed('transient', 'list');
    await pass(of, 250);
    assert.deepEqual(of.farm.callsOf('delete'), []);
  });
});

describe('at rest', () => {
  test('a pass reads one record beside its lease, and still sees what comes', async () => {
    const of = createWorld();
    await begin(of, settings);
    await workOff(of);
    await pass(of, 30);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
    const before = of.records.callsOf('read').length;
    of.clock.advance(MINUTE);
    await of.service.runTick('test');
    assert.deepEqual(of.records.callsOf('read').slice(before), [['farm.json']]);
    const catalog = of.records.valueAt('catalog.json');
    await upload(of, { ...settings, samples: 3 });
    await pass(of, 30);
    await workOff(of);
    assert.equal((await of.records.list('runs/')).length, 2);
    assert.equal((await run(of)).state, 'completed');
    assert.notDeepEqual(of.records.valueAt('catalog.json'), catalog);
  });

  test('what was left of a farm is looked for again until it is gone', async () => {
    const of = createWorld();
    await begin(of, settings);
    of.farm.setLeftovers(['a disk']);
    await workOff(of);
    await pass(of, 30);
    assert.deepEqual(memory(of).leftovers, ['a disk']);
    of.farm.setLeftovers([]);
    await pass(of, 16);
    assert.deepEqual(memory(of).leftovers, []);
    const looks = of.farm.callsOf('leftovers').length;
    await pass(of, 40);
    assert.equal(of.farm.callsOf('leftovers').length, looks);
  });

  test('a pass takes its lease once', async () => {
    const of = createWorld();
    await begin(of, settings);
    const before = of.lease.callsOf('acquire').length;
    await pass(of);
    assert.equal(of.lease.callsOf('acquire').length, before + 1);
  });
});
