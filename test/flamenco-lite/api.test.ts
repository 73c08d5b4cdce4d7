import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startLite } from './lite-manager.ts';

const nowhere = '00000000-0000-4000-8000-000000000000';
const job = { name: 'x', type: 'echo-sleep-test', priority: 50, submitter_platform: 'manager' };

describe("the manager's answers", () => {
  test('are 200 for what is made and 204 for what is changed', async (t) => {
    const lite = await startLite(t);
    const made = await lite.call('POST', 'jobs', {
      ...job,
      settings: { message: 'x' },
      metadata: { a: 'b' },
    });
    assert.equal(made.status, 200);
    assert.equal(made.body.submitter_platform, '');
    assert.deepEqual(made.body.metadata, { a: 'b' });
    assert.deepEqual(Object.keys(made.body).sort(), [
      ...['activity', 'created', 'id', 'metadata', 'name', 'priority', 'settings', 'status'],
      ...['steps_completed', 'steps_total', 'submitter_platform', 'type', 'updated'],
    ]);
    const change = { status: 'cancel-requested', reason: 'test' };
    assert.equal((await lite.call('POST', `jobs/${made.body.id}/setstatus`, change)).status, 204);
    assert.equal((await lite.call('POST', 'jobs/check', job)).status, 204);
    assert.equal((await lite.call('POST', 'worker-mgt/tags', { name: 'spot' })).status, 200);
  });

  test('have a code when a handler refuses, and none when the request was not right', async (t) => {
    const lite = await startLite(t);
    const noSuchJob = await lite.call('GET', `jobs/${nowhere}`);
    assert.deepEqual([noSuchJob.status, noSuchJob.body], [404, { code: 404, message: 'no such job' }]);
    const noId = await lite.call('GET', 'jobs/xyz');
    assert.deepEqual([noId.status, noId.body], [400, { code: 400, message: 'job ID not valid' }]);
    const noRoute = await lite.call('GET', 'nope');
    assert.deepEqual([noRoute.status, noRoute.body], [404, { message: 'Not Found' }]);
    const noBody = await lite.call('POST', 'jobs');
    assert.equal(noBody.status, 400);
    assert.deepEqual(noBody.body, { message: 'request body has an error: value is required but missing' });
  });

  const wrong: readonly (readonly [string, object])[] = [
    ['without a name', { name: undefined }],
    ['with a priority that is a text', { priority: '50' }],
    ['with a number in its metadata', { metadata: { 'tablao.round': 1 } }],
    ['with a status that nobody knows', { initial_status: 'dancing' }],
  ];
  for (const [how, change] of wrong) {
    test(`are 400 without a code for a job ${how}`, async (t) => {
      const lite = await startLite(t);
      const refused = await lite.call('POST', 'jobs', { ...job, ...change });
      assert.equal(refused.status, 400);
      assert.deepEqual(Object.keys(refused.body), ['message']);
    });
  }

  test('are 400, 412 and 500 for a job that cannot be compiled, is out of date, or has an unknown tag', async (t) => {
    const lite = await startLite(t);
    const submit = (change: object) => lite.call('POST', 'jobs', { ...job, ...change });
    assert.equal((await submit({ type: 'nope' })).body.message, 'job type unknown');
    assert.equal((await submit({ type_etag: 'old' })).status, 412);
    assert.equal((await submit({ worker_tag: nowhere })).status, 500);
    assert.deepEqual((await lite.call('GET', 'jobs')).body, { jobs: [] });
  });

  test('are an empty list of tasks for a job that is not there', async (t) => {
    const lite = await startLite(t);
    const tasks = await lite.call('GET', `jobs/${nowhere}/tasks`);
    assert.deepEqual([tasks.status, tasks.body], [200, { tasks: [] }]);
  });
});

describe('the farm status', () => {
  test('is inoperative without workers, whatever waits, and follows workers and jobs', async (t) => {
    const lite = await startLite(t);
    const status = async () => (await lite.call('GET', 'status')).body.status;
    await lite.submit({ settings: { message: 'x', sleep_repeats: 0 } });
    assert.equal(await status(), 'inoperative');
    const worker = await lite.addWorker('one');
    assert.equal(await status(), 'waiting');
    const taskId = (await worker.take()).body.uuid;
    assert.equal(await status(), 'active');
    await worker.report(taskId, { taskStatus: 'completed' });
    assert.equal(await status(), 'idle');
    await worker.call('POST', 'state-changed', { status: 'asleep' });
    assert.equal(await status(), 'asleep');
    await worker.call('POST', 'sign-off');
    assert.equal(await status(), 'inoperative');
  });
});

describe('deleting jobs', () => {
  test('takes the logs along, and tells a worker that is at it', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const jobId = await lite.submit();
    const taskId: string = (await worker.take()).body.uuid;
    const folder = join(lite.folder, 'flamenco-manager-storage', `job-${jobId.slice(0, 4)}`, jobId);
    assert.ok(existsSync(folder));
    assert.deepEqual((await lite.call('GET', `jobs/${jobId}/what-would-delete-do`)).body, {
      shaman_checkout: false,
    });
    assert.equal((await lite.call('DELETE', `jobs/${jobId}`)).status, 204);
    await new Promise(setImmediate);
    assert.equal((await lite.call('GET', `jobs/${jobId}`)).status, 404);
    assert.equal((await worker.call('GET', `task/${taskId}/may-i-run`)).body.reason, 'Task not found');
    assert.equal((await worker.report(taskId, { log: 'late' })).status, 404);
    assert.equal(existsSync(folder), false);
  });

  test('can be done by age, up to the whole second', async (t) => {
    const lite = await startLite(t);
    lite.advance(500);
    await lite.submit({ name: 'old' });
    lite.advance(60_000);
    await lite.submit({ name: 'new' });
    const [{ updated }] = (await lite.call('GET', 'jobs')).body.jobs;
    const until = (last_updated_max: string) => lite.call('DELETE', 'jobs/mass-delete', { last_updated_max });
    assert.equal((await until('2001-01-01T00:00:00Z')).status, 416);
    assert.equal((await until(updated.replace(/\.\d+/, '.100'))).status, 204);
    await new Promise(setImmediate);
    const { jobs } = (await lite.call('GET', 'jobs')).body;
    assert.deepEqual(
      jobs.map(({ name }: { name: string }) => name),
      ['new'],
    );
  });
});

describe('tags', () => {
  test('have unique names, may be given their id, and free their jobs when they go', async (t) => {
    const lite = await startLite(t);
    const id = '11111111-2222-4333-8444-555555555555';
    const tag = { id, name: 'spot', description: 'cheap' };
    assert.deepEqual((await lite.call('POST', 'worker-mgt/tags', tag)).body, tag);
    assert.equal((await lite.call('POST', 'worker-mgt/tags', { name: 'spot' })).status, 500);
    assert.deepEqual((await lite.call('GET', 'worker-mgt/tags')).body, { tags: [tag] });
    const jobId = await lite.submit({ worker_tag: id });
    assert.equal((await lite.call('GET', `jobs/${jobId}`)).body.worker_tag, id);
    assert.equal((await lite.call('POST', `jobs/${jobId}/settag`, { name: 'nope' })).status, 406);
    assert.equal((await lite.call('DELETE', `worker-mgt/tag/${id}`)).status, 204);
    assert.equal((await lite.call('GET', `worker-mgt/tag/${id}`)).status, 404);
    assert.equal('worker_tag' in (await lite.call('GET', `jobs/${jobId}`)).body, false);
  });
});

describe('files of jobs', () => {
  test('are served from their folder only', async (t) => {
    const lite = await startLite(t);
    for (const path of ['/job-files/nope.txt', '/job-files/..%2fflamenco-manager.yaml', '/job-files/']) {
      assert.equal((await lite.call('GET', path)).status, 404, path);
    }
  });
});
