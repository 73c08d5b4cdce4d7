import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_COSTS, totalOf } from '../../services/control/core/costs.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import {
  allTasks,
  begin,
  command,
  createWorld,
  memory,
  POOL,
  pass,
  restart,
  run,
  SAMPLE,
  takeTasks,
  type World,
  workOff,
} from './world.ts';

const settings = { frames: '1-4', chunkSize: 1, video: false };
const readsOf = (of: World) => of.records.callsOf('read').map(([name]) => String(name));

/** So many shots, each with its job. */
async function withJobs(jobs: number): Promise<World> {
  const of = createWorld({ maxAtOnce: 1000, settleMs: 0, pools: [{ ...POOL, max: 8 }] });
  for (let shot = 0; shot < jobs; shot += 1) {
    of.scenes.put(`film/s${shot}.render.json`, JSON.stringify(settings));
    of.scenes.put(`film/s${shot}.blend`, SAMPLE);
  }
  await pass(of, 10);
  assert.equal((await of.manager.jobs()).length, jobs);
  await takeTasks(of);
  for (let passes = 0; passes < 3; passes += 1) await soon(of);
  return of;
}

/** A pass as it follows another while things move. */
async function soon(of: World): Promise<number> {
  const ports = [of.scenes, of.renders, of.records, of.lease, of.farm, of.workers, of.manager];
  const before = ports.reduce((sum, { calls }) => sum + calls.length, 0);
  of.clock.advance(5000);
  await of.service.runTick('test');
  return ports.reduce((sum, { calls }) => sum + calls.length, 0) - before;
}

describe('a pass in which nothing has moved', () => {
  test('makes as many calls with twice as many jobs', async () => {
    const calls = [];
    for (const jobs of [20, 40]) {
      const of = await withJobs(jobs);
      const counts = [];
      for (let passes = 0; passes < 5; passes += 1) counts.push(await soon(of));
      calls.push(Math.max(...counts));
    }
    assert.equal(calls[0], calls[1]);
    assert.ok((calls[0] ?? 0) < 45, `${calls} calls`);
  });

  test('writes no record, and what a run has cost outlives the service all the same', async () => {
    const of = await withJobs(1);
    const writes = () => of.records.callsOf('replace').filter(([name]) => String(name).startsWith('runs/'));
    const before = writes().length;
    for (let passes = 0; passes < 12; passes += 1) await soon(of);
    assert.equal(writes().length, before);
    const { id, dollars } = await run(of);
    const spent = totalOf(memory(of).costs[id] ?? NO_COSTS);
    assert.ok(spent > dollars, `${spent} dollars, ${dollars} on record`);
    restart(of, 'two');
    await pass(of, 3);
    assert.ok(totalOf(memory(of).costs[id] ?? NO_COSTS) > spent);
    for (let passes = 0; passes < 70; passes += 1) await soon(of);
    assert.ok((await run(of)).dollars > spent, 'the record follows after a while');
  });
});

describe('tasks of many jobs', () => {
  test('are asked for when their job has moved, and in turn else', async () => {
    const of = await withJobs(30);
    const asked = async () => {
      const before = of.manager.callsOf('tasks').length;
      await soon(of);
      return of.manager
        .callsOf('tasks')
        .slice(before)
        .map(([id]) => String(id));
    };
    const turns = [...(await asked()), ...(await asked()), ...(await asked())];
    assert.deepEqual([turns.length, new Set(turns).size], [30, 30]);
    const active = (await allTasks(of)).find(({ status }) => status === 'active');
    of.manager.endTask(active?.id ?? '', 'failed');
    const [job] = (await of.manager.jobs()).filter(({ id }) =>
      of.manager.tasksOf(id).some(({ status }) => status === 'failed'),
    );
    of.manager.setJob(job?.id ?? '', {});
    assert.ok((await asked()).includes(job?.id ?? ''), 'it has moved');
  });

  test('are seen at once where something was done: nobody loses what he has taken since', async () => {
    const of = await withJobs(30);
    const jobs = await of.manager.jobs();
    const [{ id } = { id: '' }] = of.manager.tasksOf(jobs[25]?.id ?? '');
    const workerId = of.manager.workerIdOf('p-1');
    of.manager.startTask(id, workerId ?? '');
    await soon(of);
    of.manager.endTask(id, 'failed');
    // So many that have moved that the turn does not come round to it in the next pass.
    for (const job of jobs.slice(5, 26)) of.manager.setJob(job.id, {});
    await soon(of);
    const handedOut = () => of.manager.callsOf('requeueTask').filter(([taskId]) => taskId === id).length;
    assert.equal(handedOut(), 1);
    of.manager.setTask(id, { status: 'active', workerId });
    await soon(of);
    assert.equal(handedOut(), 1);
  });

  test('are asked for anew when somebody else may have done something to them', async () => {
    const of = await withJobs(30);
    of.clock.advance(60_000);
    const before = of.manager.callsOf('tasks').length;
    await soon(of);
    const asked = of.manager.callsOf('tasks').slice(before);
    assert.equal(new Set(asked.map(([id]) => id)).size, 30);
  });

  test('are asked for when a worker ran out of memory: it is counted where it was', async () => {
    const of = await withJobs(30);
    const before = of.manager.callsOf('tasks').length;
    await soon(of);
    const justAsked = new Set(
      of.manager
        .callsOf('tasks')
        .slice(before)
        .map(([id]) => id),
    );
    const [left] = (await allTasks(of)).filter(({ status }) => status === 'active');
    const job = (await of.manager.jobs()).find(
      (one) => justAsked.has(one.id) && of.manager.tasksOf(one.id).every(({ status }) => status === 'queued'),
    );
    const [taken] = of.manager.tasksOf(job?.id ?? '');
    const worker = (await of.manager.workers()).find(({ id }) => id === left?.workerId);
    of.manager.setTask(left?.id ?? '', { status: 'queued', workerId: null });
    of.manager.setTask(taken?.id ?? '', { status: 'active', workerId: worker?.id ?? null });
    of.workers.kill(worker?.name ?? '', 'outOfMemory');
    await soon(of);
    const names = await of.records.list('runs/');
    const runs = names.map((name) => of.records.valueAt(name) as RunRecord);
    const blamed = runs.filter(({ troubles }) => troubles.length > 0).map(({ id }) => id);
    assert.deepEqual(blamed, [job?.runId]);
  });
});

describe('how long shots load', () => {
  test('is read of ten runs in a pass, in turn: calls do not grow with the jobs', async () => {
    const of = await withJobs(30);
    const workerId = of.manager.workerIdOf('p-1');
    for (const { id } of await of.manager.jobs()) {
      const [task] = of.manager.tasksOf(id);
      of.manager.startTask(task?.id ?? '', workerId ?? '');
    }
    await soon(of);
    const asked: string[] = [];
    for (let passes = 0; passes < 3; passes += 1) {
      const before = of.renders.callsOf('read').length;
      await soon(of);
      const reads = of.renders.callsOf('read').slice(before);
      assert.equal(reads.length, 10);
      asked.push(...reads.map(([path]) => String(path)));
    }
    assert.equal(new Set(asked).size, 30);
  });
});

describe('records', () => {
  test('of runs that ended long ago are read once, not at each start', async () => {
    const of = createWorld();
    await begin(of, settings);
    await workOff(of);
    const ended = { ...(await run(of)), state: 'completed' };
    for (let each = 0; each < 50; each += 1)
      await of.records.create(`runs/ended-${each}.json`, { ...ended, id: `ended-${each}` });
    const readsAtStart = async (holder: string) => {
      restart(of, holder);
      const before = readsOf(of).length;
      await pass(of);
      return readsOf(of)
        .slice(before)
        .filter((name) => name.startsWith('runs/ended-')).length;
    };
    assert.deepEqual([await readsAtStart('two'), await readsAtStart('three')], [50, 0]);
    await of.records.create('runs/ended-50.json', { ...ended, id: 'ended-50' });
    await command(of, { kind: 'cancel', runId: 'ended-0' });
    await readsAtStart('four');
    const { ids } = of.records.valueAt('settled-runs.json') as { ids: readonly string[] };
    assert.deepEqual([...ids].sort(), [...new Set(ids)].sort(), 'each once');
  });

  test('are read anew when somebody else may have written them', async () => {
    const of = await withJobs(1);
    const { id } = await run(of);
    const before = readsOf(of).length;
    await soon(of);
    assert.deepEqual(readsOf(of).slice(before), []);
    of.clock.advance(60_000);
    await soon(of);
    assert.ok(readsOf(of).slice(before).includes(`runs/${id}.json`));
  });
});
