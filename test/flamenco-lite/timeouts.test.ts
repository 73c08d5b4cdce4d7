import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { managerTiming, speedFromEnv, workerTiming } from '../../services/flamenco-lite/timing.ts';
import { startLite } from './lite-manager.ts';

const minute = 60_000;

describe('time-outs', () => {
  test('are not looked at in the first five minutes, then each minute', async (t) => {
    const lite = await startLite(t);
    lite.advance(5 * minute - 1);
    assert.equal(lite.tick(), false);
    lite.advance(1);
    assert.equal(lite.tick(), true);
    lite.advance(minute - 1);
    assert.equal(lite.tick(), false);
    lite.advance(1);
    assert.equal(lite.tick(), true);
  });

  test('put a worker that was not heard of for worker_timeout into error and give its task back', async (t) => {
    const lite = await startLite(t);
    lite.advance(10 * minute);
    const worker = await lite.addWorker('one');
    await lite.submit();
    const taskId: string = (await worker.take()).body.uuid;
    await lite.call('POST', `worker-mgt/workers/${worker.id}/setstatus`, { status: 'asleep', is_lazy: true });
    lite.advance(minute - 1);
    lite.tick();
    assert.equal((await lite.call('GET', `worker-mgt/workers/${worker.id}`)).body.status, 'awake');
    lite.advance(minute);
    lite.tick();
    const row = (await lite.call('GET', `worker-mgt/workers/${worker.id}`)).body;
    assert.equal(row.status, 'error');
    assert.equal('status_change' in row, false);
    assert.equal((await lite.call('GET', `tasks/${taskId}`)).body.status, 'queued');
  });

  test('leave a worker in error until somebody asks it to be awake', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    lite.advance(10 * minute);
    lite.tick();
    assert.equal((await worker.take()).status, 409);
    await lite.call('POST', `worker-mgt/workers/${worker.id}/setstatus`, { status: 'awake', is_lazy: false });
    assert.equal((await worker.take()).status, 423);
    await worker.call('POST', 'state-changed', { status: 'awake' });
    assert.equal((await worker.take()).status, 204);
  });

  test('spare workers that are offline or never signed on', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    await worker.call('POST', 'sign-off');
    const body = { name: 'new', secret: 's', platform: 'linux', supported_task_types: [] };
    await lite.call('POST', 'worker/register-worker', body);
    lite.advance(60 * minute);
    lite.tick();
    const { workers } = (await lite.call('GET', 'worker-mgt/workers')).body;
    assert.deepEqual(
      workers.map(({ status }: { status: string }) => status),
      ['offline', ''],
    );
  });

  test('fail a task that was not touched for task_timeout, before its worker is looked at', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const jobId = await lite.submit();
    const taskId: string = (await worker.take()).body.uuid;
    lite.advance(10 * minute);
    lite.tick();
    const task = (await lite.call('GET', `tasks/${taskId}`)).body;
    assert.equal(task.status, 'failed');
    assert.deepEqual(task.failed_by_workers, []);
    assert.equal((await lite.call('GET', `jobs/${jobId}`)).body.status, 'failed');
    assert.match(
      (await lite.call('GET', `tasks/${taskId}/logtail`)).text,
      /Task timed out\. It was assigned/,
    );
  });

  test('are put off by may-i-run, which touches task and worker', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    await lite.submit();
    const taskId: string = (await worker.take()).body.uuid;
    for (let passed = 0; passed < 20; passed++) {
      lite.advance(minute - 1);
      await worker.call('GET', `task/${taskId}/may-i-run`);
      lite.tick();
    }
    assert.equal((await lite.call('GET', `tasks/${taskId}`)).body.status, 'active');
  });

  test('are both turned off by a task_timeout of 0', async (t) => {
    const lite = await startLite(t, { config: 'task_timeout: 0' });
    const worker = await lite.addWorker('one');
    lite.advance(600 * minute);
    assert.equal(lite.tick(), false);
    assert.equal((await lite.call('GET', `worker-mgt/workers/${worker.id}`)).body.status, 'awake');
  });
});

describe('the waits', () => {
  test("are Flamenco's", () => {
    assert.equal(managerTiming.timeoutGrace, 300_000);
    assert.equal(managerTiming.timeoutCheckPeriod, 60_000);
    assert.equal(workerTiming.noTask, 20_000);
    assert.equal(workerTiming.fetchFailed, 60_000);
    assert.equal(workerTiming.mayIRun, 10_000);
  });

  test('can be divided, but not made longer', () => {
    assert.equal(speedFromEnv({}), 1);
    assert.equal(speedFromEnv({ FLAMENCO_LITE_SPEED: '20' }), 20);
    assert.throws(() => speedFromEnv({ FLAMENCO_LITE_SPEED: '0.5' }), /FLAMENCO_LITE_SPEED/);
    assert.throws(() => speedFromEnv({ FLAMENCO_LITE_SPEED: 'fast' }), /FLAMENCO_LITE_SPEED/);
  });
});
