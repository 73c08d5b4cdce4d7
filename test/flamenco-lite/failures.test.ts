import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LiteManager, startLite, type TestWorker } from './lite-manager.ts';

/** A job type with as many tasks as wanted, none of which depends on another. */
const scripts = {
  'many.js': `const JOB_TYPE = { label: 'Many', settings: [{ key: 'tasks', type: 'int32' }] };
    function compileJob(job) {
      for (let number = 1; number <= job.settings.tasks; number++) {
        const task = author.Task('task-' + number, 'misc');
        task.addCommand(author.Command('echo', { message: 'hello' }));
        job.addTask(task);
      }
    }`,
};

const addWorkers = async (lite: LiteManager, count: number): Promise<readonly TestWorker[]> => {
  const workers: TestWorker[] = [];
  for (let number = 1; number <= count; number++) workers.push(await lite.addWorker(`worker-${number}`));
  return workers;
};

const submit = (lite: LiteManager, tasks: number) => lite.submit({ type: 'many', settings: { tasks } });

async function failNext(worker: TestWorker): Promise<string> {
  const taskId: string = (await worker.take()).body.uuid;
  assert.equal((await worker.report(taskId, { taskStatus: 'failed', activity: 'bad' })).status, 204);
  return taskId;
}

const task = async (lite: LiteManager, id: string) => (await lite.call('GET', `tasks/${id}`)).body;
const job = async (lite: LiteManager, id: string) => (await lite.call('GET', `jobs/${id}`)).body;

describe('a failed task', () => {
  test('ends the job when at most one other worker is registered', async (t) => {
    const lite = await startLite(t, { scripts });
    const [worker] = await addWorkers(lite, 2);
    const jobId = await submit(lite, 100);
    assert.ok(worker);
    const taskId = await failNext(worker);
    assert.equal((await task(lite, taskId)).status, 'failed');
    assert.equal((await job(lite, jobId)).status, 'failed');
    const { tasks } = (await lite.call('GET', `jobs/${jobId}/tasks`)).body;
    assert.ok(tasks.slice(1).every(({ status }: { status: string }) => status === 'canceled'));
  });

  test('fails softly when two others may try, and is never given to the same worker again', async (t) => {
    const lite = await startLite(t, { scripts });
    const [worker] = await addWorkers(lite, 3);
    const jobId = await submit(lite, 1);
    assert.ok(worker);
    const taskId = await failNext(worker);
    const failed = await task(lite, taskId);
    assert.equal(failed.status, 'soft-failed');
    assert.deepEqual(
      failed.failed_by_workers.map(({ id }: { id: string }) => id),
      [worker.id],
    );
    assert.equal((await job(lite, jobId)).status, 'active');
    assert.equal((await worker.take()).status, 204);
  });

  test('counts deleted and offline workers as ones that may still try', async (t) => {
    const lite = await startLite(t, { scripts });
    const [worker, ...others] = await addWorkers(lite, 3);
    for (const { id } of others) await lite.call('DELETE', `worker-mgt/workers/${id}`);
    const jobId = await submit(lite, 1);
    assert.ok(worker);
    const taskId = await failNext(worker);
    assert.equal((await task(lite, taskId)).status, 'soft-failed');
    assert.equal((await job(lite, jobId)).status, 'active');
  });

  test('fails for good at the third worker, and with it the job of one task', async (t) => {
    const lite = await startLite(t, { scripts, config: 'blocklist_threshold: 65535' });
    const workers = await addWorkers(lite, 6);
    const jobId = await submit(lite, 1);
    const statuses: string[] = [];
    for (const worker of workers.slice(0, 3)) {
      statuses.push((await task(lite, await failNext(worker))).status);
    }
    assert.deepEqual(statuses, ['soft-failed', 'soft-failed', 'failed']);
    assert.equal((await job(lite, jobId)).status, 'failed');
  });

  test('fails its job from 10 % on: the second of eleven does, the first does not', async (t) => {
    const lite = await startLite(t, {
      scripts,
      config: 'blocklist_threshold: 65535\ntask_fail_after_softfail_count: 1',
    });
    const [worker] = await addWorkers(lite, 1);
    const jobId = await submit(lite, 11);
    assert.ok(worker);
    await failNext(worker);
    assert.equal((await job(lite, jobId)).status, 'active');
    await failNext(worker);
    assert.equal((await job(lite, jobId)).status, 'failed');
  });

  test('blocks its worker at the second task already, since the present failure is counted twice', async (t) => {
    const lite = await startLite(t, { scripts });
    const [worker, other] = await addWorkers(lite, 5);
    const jobId = await submit(lite, 5);
    assert.ok(worker && other);
    await failNext(worker);
    assert.deepEqual((await lite.call('GET', `jobs/${jobId}/blocklist`)).body, []);
    await failNext(worker);
    const entry = { worker_id: worker.id, task_type: 'misc', worker_name: 'worker-1' };
    assert.deepEqual((await lite.call('GET', `jobs/${jobId}/blocklist`)).body, [entry]);
    assert.equal((await worker.take()).status, 204);
    assert.equal((await other.take()).status, 200);
    assert.equal((await lite.call('DELETE', `jobs/${jobId}/blocklist`, [entry])).status, 204);
    assert.equal((await worker.take()).status, 200);
  });

  test('is forgotten when the job is queued again', async (t) => {
    const lite = await startLite(t, { scripts });
    const [worker] = await addWorkers(lite, 1);
    const jobId = await submit(lite, 1);
    assert.ok(worker);
    const taskId = await failNext(worker);
    await lite.call('POST', `jobs/${jobId}/setstatus`, { status: 'requeueing', reason: 'again' });
    assert.equal((await job(lite, jobId)).status, 'queued');
    assert.deepEqual((await task(lite, taskId)).failed_by_workers, []);
    assert.equal((await worker.take()).body.uuid, taskId);
  });

  test('alone can be queued again, which clears its own failures only', async (t) => {
    const lite = await startLite(t, { scripts });
    const [worker] = await addWorkers(lite, 3);
    await submit(lite, 2);
    assert.ok(worker);
    const taskId = await failNext(worker);
    await lite.call('POST', `tasks/${taskId}/setstatus`, { status: 'queued', reason: 'again' });
    assert.equal((await worker.take()).body.uuid, taskId);
  });
});

describe('a finished job', () => {
  test('comes back with all its tasks when one of them is queued again', async (t) => {
    const lite = await startLite(t, { scripts });
    const [worker] = await addWorkers(lite, 1);
    const jobId = await submit(lite, 2);
    assert.ok(worker);
    const ids: string[] = [];
    for (let number = 0; number < 2; number++) {
      const id: string = (await worker.take()).body.uuid;
      await worker.report(id, { taskStatus: 'completed' });
      ids.push(id);
    }
    assert.equal((await job(lite, jobId)).status, 'completed');
    await lite.call('POST', `tasks/${ids[0]}/setstatus`, { status: 'queued', reason: 'again' });
    const again = await job(lite, jobId);
    assert.deepEqual([again.status, again.steps_completed, again.steps_total], ['queued', 0, 2]);
    assert.equal((await task(lite, ids[1] ?? '')).status, 'queued');
  });

  test('keeps what is completed when it was canceled and is queued again', async (t) => {
    const lite = await startLite(t, { scripts });
    const [worker] = await addWorkers(lite, 1);
    const jobId = await submit(lite, 2);
    assert.ok(worker);
    await worker.report((await worker.take()).body.uuid, { taskStatus: 'completed' });
    await lite.call('POST', `jobs/${jobId}/setstatus`, { status: 'cancel-requested', reason: 'test' });
    assert.equal((await job(lite, jobId)).status, 'canceled');
    await lite.call('POST', `jobs/${jobId}/setstatus`, { status: 'requeueing', reason: 'again' });
    const { tasks } = (await lite.call('GET', `jobs/${jobId}/tasks`)).body;
    assert.deepEqual(
      tasks.map(({ status }: { status: string }) => status),
      ['completed', 'queued'],
    );
  });
});
