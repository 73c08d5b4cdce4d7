import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Policy } from '../../services/control/core/model.ts';
import {
  allTasks,
  begin,
  command,
  createWorld,
  endTasks,
  memory,
  POOL,
  pass,
  run,
  takeTasks,
  type World,
  workOff,
} from './world.ts';

const POOLS: Policy['pools'] = [POOL, { ...POOL, name: 'big', memoryGiB: 64, pricePerHour: 0.5 }];
const settings = { chunkSize: 1, video: false };

/** The machine of whoever renders this frame runs out of memory, its process is gone without a word to Flamenco. */
async function killWorkerOf(of: World, frame: number): Promise<string> {
  const task = (await allTasks(of)).find(
    ({ name, status }) => name === `render-${frame}` && status === 'active',
  );
  const worker = (await of.manager.workers()).find(({ id }) => id === task?.workerId);
  if (worker === undefined) throw new Error(`nobody renders frame ${frame}`);
  of.workers.kill(worker.name, 'outOfMemory');
  return worker.name;
}

describe('a frame that runs out of memory', () => {
  test('is rendered on the next larger pool when the others are done, and the run says so', async () => {
    const of = createWorld({ pools: POOLS });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of);
    await killWorkerOf(of, 1);
    await pass(of);
    await endTasks(of);
    await pass(of);
    assert.equal((await run(of)).outgrown, '1');
    assert.equal((await run(of)).pool, 'p', 'the others go on where they are');
    for (let go = 0; go < 30 && (await run(of)).pool === 'p'; go += 1) await workOff(of);
    const moved = await run(of);
    assert.deepEqual([moved.pool, moved.state], ['big', 'completed']);
    assert.match(
      moved.warnings[0] ?? '',
      /^Frame 1 ran out of memory on pool "p" \(16 GiB\): rendered on "big" \(64 GiB\), \$0.5/,
    );
    const jobs = await of.manager.jobs();
    const tasks = jobs.map(({ id }) => of.manager.tasksOf(id).map(({ name }) => name));
    assert.deepEqual([tasks.length, tasks[1]], [2, ['render-1']]);
    assert.ok(of.workers.callsOf('order').some(([pool]) => pool === 'big'));
  });

  test('is not forgotten when nothing is heard of the manager meanwhile, and nobody else is there', async () => {
    const of = createWorld({ pools: [{ ...POOL, max: 1 }] });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of);
    const { look } = of.farm;
    of.farm.look = async () => {
      const seen = await look.call(of.farm);
      return seen.state === 'up' ? { ...seen, manager: 'starting', managerUrl: null, managerId: null } : seen;
    };
    const [worker = ''] = (await of.workers.list()).map(({ name }) => name);
    of.workers.kill(worker, 'outOfMemory');
    await pass(of, 2);
    of.farm.look = look;
    await pass(of);
    const [trouble] = (await run(of)).troubles;
    assert.match(trouble?.message ?? '', /ran out of memory/);
  });

  test('before any came out takes the whole run there, and no running frame is cut off', async () => {
    const of = createWorld({ pools: POOLS });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of);
    await killWorkerOf(of, 9);
    await pass(of, 3);
    const [job] = await of.manager.jobs();
    assert.equal(job?.status, 'pause-requested');
    assert.equal((await allTasks(of)).filter(({ status }) => status === 'active').length, 3);
    for (const frame of [1, 5, 17]) await killWorkerOf(of, frame);
    await pass(of, 6);
    assert.deepEqual([(await run(of)).pool, (await run(of)).hasMoved], ['big', true]);
    await workOff(of);
    await workOff(of);
    assert.deepEqual([(await run(of)).state, (await run(of)).proved], ['completed', '1-24']);
  });

  test('does not set the run going again when a person cancels its job while the others are waited for', async () => {
    const of = createWorld({ pools: POOLS });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of);
    await killWorkerOf(of, 9);
    await pass(of, 3);
    const [job] = await of.manager.jobs();
    assert.deepEqual([job?.status, (await run(of)).stopping?.code], ['pause-requested', 'outOfMemory']);
    await of.manager.setJobStatus(job?.id ?? '', 'cancel-requested', 'by hand');
    await pass(of, 4);
    assert.deepEqual([(await run(of)).state, (await run(of)).pool], ['cancelled', 'p']);
  });

  for (const [what, pools] of [
    ['is the largest already', [POOL]],
    ['is larger, but of another kind', [POOL, { ...POOL, name: 'gpu', memoryGiB: 64, hasGpu: true }]],
  ] as const)
    test(`counts as failed where its pool ${what}, and is given up after three times`, async () => {
      const of = createWorld({ pools: pools as Policy['pools'] });
      await begin(of, { ...settings, frames: '1-2' });
      for (let go = 0; go < 30 && (await run(of)).endedAt === null; go += 1) {
        await takeTasks(of);
        await pass(of);
        const isOne = (await allTasks(of)).some(
          ({ name, status }) => name === 'render-1' && status === 'active',
        );
        if (isOne) await killWorkerOf(of, 1);
        await pass(of);
        await endTasks(of);
        await pass(of, 2);
      }
      const { state, reason, troubles, pool } = await run(of);
      assert.deepEqual([state, troubles[0]?.attempts, pool], ['incomplete', 3, 'p']);
      assert.match(reason?.message ?? '', /Frame 1 failed: its worker ran out of memory/);
    });

  test('by the word of its record goes to the next larger pool, too, and fails there for good', async () => {
    const of = createWorld({ pools: [...POOLS, { ...POOL, name: 'huge', memoryGiB: 256 }] });
    await begin(of, { ...settings, frames: '1-2' });
    const path = 'film/sh010/v001/records/0001.json';
    const told = {
      schema: 1,
      frame: 1,
      state: 'failed',
      attempt: 1,
      error: 'CUDA: Out of memory in cuMemAlloc',
    };
    const end = async () => {
      await endTasks(of, { isBad: (frame) => frame === 1 });
      of.renders.put(path, JSON.stringify({ ...told, run: (await run(of)).id }));
    };
    for (let go = 0; go < 60 && (await run(of)).endedAt === null; go += 1) {
      await takeTasks(of);
      await pass(of);
      await end();
      await pass(of, 2);
    }
    const { state, hasMoved, pool } = await run(of);
    assert.deepEqual([state, hasMoved, pool], ['incomplete', true, 'big']);
    assert.equal(memory(of).decisions.filter(({ what }) => what.includes('moves on to pool')).length, 1);
  });

  test('stays on the larger pool when its run waits meanwhile', async () => {
    const of = createWorld({ pools: POOLS });
    await begin(of, { ...settings, frames: '1-4' });
    await takeTasks(of);
    await pass(of);
    await killWorkerOf(of, 1);
    await pass(of);
    for (let go = 0; go < 30 && (await run(of)).pool === 'p'; go += 1) await workOff(of);
    await command(of, { kind: 'teardown' });
    await pass(of, 2);
    await command(of, { kind: 'resume' });
    await pass(of, 12);
    const { pool, hasMoved } = await run(of);
    assert.deepEqual([pool, hasMoved], ['big', true]);
  });

  test('is not rendered once more on the small one when the job is lost', async () => {
    const of = createWorld({ pools: POOLS });
    await begin(of, { ...settings, frames: '1-6' });
    await takeTasks(of);
    await pass(of);
    await killWorkerOf(of, 1);
    await pass(of);
    await endTasks(of);
    await pass(of);
    assert.deepEqual([(await run(of)).outgrown, (await run(of)).pool], ['1', 'p']);
    of.manager.forgetEverything();
    await pass(of, 8);
    const jobs = await of.manager.jobs();
    const names = jobs.flatMap(({ id }) => of.manager.tasksOf(id).map(({ name }) => name));
    assert.ok(names.length > 0 && !names.includes('render-1'), names.join());
    await workOff(of);
    await workOff(of);
    await workOff(of);
    assert.deepEqual([(await run(of)).state, (await run(of)).pool], ['completed', 'big']);
  });

  test('is not gone on with when a person has cancelled the job in Flamenco', async () => {
    const of = createWorld({ pools: POOLS });
    await begin(of, { ...settings, frames: '1-6' });
    await takeTasks(of);
    await pass(of);
    await killWorkerOf(of, 1);
    await pass(of);
    await endTasks(of);
    await pass(of);
    await pass(of);
    assert.deepEqual([(await run(of)).outgrown, (await run(of)).stopping], ['1', null]);
    const [job] = await of.manager.jobs();
    await of.manager.setJobStatus(job?.id ?? '', 'cancel-requested', 'by hand');
    await pass(of, 3);
    assert.equal((await run(of)).state, 'cancelled');
  });
});
