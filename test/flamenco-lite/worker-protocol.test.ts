import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LiteManager, startLite, type TestWorker } from './lite-manager.ts';

const nowhere = '00000000-0000-4000-8000-000000000000';

async function withTask(lite: LiteManager, worker: TestWorker) {
  const jobId = await lite.submit();
  const task = (await worker.take()).body;
  return { jobId, taskId: task.uuid as string, task };
}

const statusOf = async (lite: LiteManager, taskId: string) =>
  (await lite.call('GET', `tasks/${taskId}`)).body.status;

describe('registering and signing on', () => {
  test('gives a new row each time, also for a name that is taken', async (t) => {
    const lite = await startLite(t);
    await lite.addWorker('twin');
    await lite.addWorker('twin');
    const { workers } = (await lite.call('GET', 'worker-mgt/workers')).body;
    assert.deepEqual(
      workers.map(({ name }: { name: string }) => name),
      ['twin', 'twin'],
    );
  });

  test("leaves the status '' until the worker signs on", async (t) => {
    const lite = await startLite(t);
    const body = { name: 'new', secret: 's', platform: 'linux', supported_task_types: ['misc'] };
    const registered = await lite.call('POST', 'worker/register-worker', body);
    assert.equal(registered.status, 200);
    assert.equal(registered.body.status, '');
    assert.equal(registered.body.software, '');
    const [row] = (await lite.call('GET', 'worker-mgt/workers')).body.workers;
    assert.equal(row.status, '');
    assert.equal('last_seen' in row, false);
  });

  test('takes the task types in lower case and without spaces', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one', [' Blender', 'MISC ']);
    const row = (await lite.call('GET', `worker-mgt/workers/${worker.id}`)).body;
    assert.deepEqual(row.supported_task_types, ['blender', 'misc']);
  });

  test('is refused with 403 and the words of Flamenco for bad credentials, before the body is looked at', async (t) => {
    const lite = await startLite(t);
    const { id } = await lite.addWorker('one');
    for (const auth of [undefined, { id, secret: 'wrong' }, { id: nowhere, secret: 'x' }]) {
      const refused = await lite.call('POST', 'worker/sign-on', { nothing: 'right' }, auth);
      assert.equal(refused.status, 403);
      assert.match(refused.body.message, /^security requirements failed/);
      assert.equal('code' in refused.body, false);
    }
  });
});

describe('asking for a task', () => {
  test('is answered with 204 when there is nothing to do', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    assert.equal((await worker.take()).status, 204);
  });

  test('makes the task active and gives it again to the worker that has it', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId, task } = await withTask(lite, worker);
    assert.equal(task.status, 'active');
    assert.deepEqual(Object.keys(task).sort(), [
      ...['commands', 'job', 'job_priority', 'job_type', 'name', 'priority', 'status'],
      ...['steps_completed', 'steps_total', 'task_type', 'uuid'],
    ]);
    assert.equal((await worker.take()).body.uuid, taskId);
  });

  test('is answered with 409 by a worker that is not awake', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    await worker.call('POST', 'state-changed', { status: 'asleep' });
    const refused = await worker.take();
    assert.equal(refused.status, 409);
    assert.deepEqual(refused.body, {
      code: 409,
      message: 'worker is in state "asleep", requires state "awake" to execute tasks',
    });
  });

  test('is answered with 423 and the wanted state when a change is pending, lazy or not', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    for (const is_lazy of [true, false]) {
      await lite.call('POST', `worker-mgt/workers/${worker.id}/setstatus`, { status: 'offline', is_lazy });
      const locked = await worker.take();
      assert.equal(locked.status, 423);
      assert.deepEqual(locked.body, { status_requested: 'offline' });
    }
  });

  test('prefers the job of the highest priority, then the oldest', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    await lite.submit({ name: 'old' });
    await lite.submit({ name: 'urgent', priority: 60 });
    const urgent = await lite.submit({ name: 'urgent, later', priority: 60 });
    await lite.call('POST', `jobs/${urgent}/setpriority`, { priority: 61 });
    assert.equal((await worker.take()).body.job, urgent);
  });

  test('gets no task of a type that the worker does not do, nor of a job that is paused', async (t) => {
    const lite = await startLite(t);
    const painter = await lite.addWorker('painter', ['blender']);
    const worker = await lite.addWorker('one');
    await lite.submit({ initial_status: 'paused' });
    assert.equal((await worker.take()).status, 204);
    await lite.submit();
    assert.equal((await painter.take()).status, 204);
  });

  test('gets no task before the ones that it depends on are completed', async (t) => {
    const lite = await startLite(t);
    const [first, second] = [await lite.addWorker('one'), await lite.addWorker('two')];
    const { taskId } = await withTask(lite, first);
    assert.equal((await second.take()).status, 204);
    await first.report(taskId, { taskStatus: 'completed' });
    assert.equal((await second.take()).body.name, 'sleep');
  });

  test('of a tagged job is for workers with that tag only; an untagged job is for any', async (t) => {
    const lite = await startLite(t);
    const tag = (await lite.call('POST', 'worker-mgt/tags', { name: 'spot' })).body;
    const worker = await lite.addWorker('one');
    const tagged = await lite.submit({ worker_tag: tag.id });
    assert.equal((await worker.take()).status, 204);
    await lite.call('POST', `worker-mgt/workers/${worker.id}/settags`, { tag_ids: [tag.id, nowhere] });
    assert.equal((await worker.take()).body.job, tagged);
    await lite.call('DELETE', `jobs/${tagged}`);
    await new Promise(setImmediate);
    const untagged = await lite.submit();
    assert.equal((await worker.take()).body.job, untagged);
  });

  test('fills in the variables of the configuration, and leaves unknown ones', async (t) => {
    const lite = await startLite(t, {
      config: 'variables:\n  blender: {values: [{platform: linux, value: /opt/blender}]}',
      scripts: {
        'my_type.js': `const JOB_TYPE = { label: 'x', settings: [] };
          function compileJob(job) {
            const task = author.Task('t', 'misc');
            task.addCommand(author.Command('exec', { exe: '{blender}', args: ['{blender}/{other}', 3] }));
            job.addTask(task);
          }`,
      },
    });
    const worker = await lite.addWorker('one');
    const jobId = await lite.submit({ type: 'my-type' });
    const { commands } = (await worker.take()).body;
    assert.deepEqual(commands[0].parameters, { exe: '/opt/blender', args: ['/opt/blender/{other}', 3] });
    const [task] = (await lite.call('GET', `jobs/${jobId}/tasks`)).body.tasks;
    const stored = (await lite.call('GET', `tasks/${task.id}`)).body.commands[0].parameters;
    assert.equal(stored.exe, '{blender}');
  });
});

describe('may-i-run', () => {
  const ask = async (worker: TestWorker, taskId: string) =>
    (await worker.call('GET', `task/${taskId}/may-i-run`)).body;

  test('says yes to the worker that has the task, no to another, and no for a task that is gone', async (t) => {
    const lite = await startLite(t);
    const [first, second] = [await lite.addWorker('one'), await lite.addWorker('two')];
    const { taskId } = await withTask(lite, first);
    assert.deepEqual(await ask(first, taskId), {
      mayKeepRunning: true,
      reason: '',
      statusChangeRequested: false,
    });
    assert.equal((await ask(second, taskId)).reason, 'task not assigned to this worker');
    assert.equal((await ask(first, nowhere)).reason, 'Task not found');
  });

  test('does not show a lazy request, and stops for one that is not', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId } = await withTask(lite, worker);
    const request = (is_lazy: boolean) =>
      lite.call('POST', `worker-mgt/workers/${worker.id}/setstatus`, { status: 'asleep', is_lazy });
    await request(true);
    assert.equal((await ask(worker, taskId)).mayKeepRunning, true);
    await request(false);
    assert.deepEqual(await ask(worker, taskId), {
      mayKeepRunning: false,
      reason: 'worker status change requested',
      statusChangeRequested: true,
    });
  });

  test('says no once somebody queued the task again or ended the job', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId, jobId } = await withTask(lite, worker);
    await lite.call('POST', `tasks/${taskId}/setstatus`, { status: 'queued', reason: 'it hangs' });
    assert.match((await ask(worker, taskId)).reason, /non-runnable status "queued"/);
    await worker.take();
    await lite.call('POST', `jobs/${jobId}/setstatus`, { status: 'cancel-requested', reason: 'test' });
    assert.match((await ask(worker, taskId)).reason, /non-runnable status "canceled"/);
  });
});

describe('a task goes back to the queue, still naming its last worker,', () => {
  const endings: readonly (readonly [string, (lite: LiteManager, worker: TestWorker) => Promise<unknown>])[] =
    [
      ['when its worker signs off', (_lite, worker) => worker.call('POST', 'sign-off')],
      [
        'when its worker falls asleep',
        (_lite, worker) => worker.call('POST', 'state-changed', { status: 'asleep' }),
      ],
      [
        'when its worker is deleted',
        (lite, worker) => lite.call('DELETE', `worker-mgt/workers/${worker.id}`),
      ],
    ];
  for (const [when, end] of endings) {
    test(when, async (t) => {
      const lite = await startLite(t);
      const worker = await lite.addWorker('one');
      const { taskId } = await withTask(lite, worker);
      await worker.report(taskId, { steps_completed: 1 });
      await end(lite, worker);
      const task = (await lite.call('GET', `tasks/${taskId}`)).body;
      assert.equal(task.status, 'queued');
      assert.equal(task.steps_completed, 0);
      assert.equal(task.worker.id, worker.id);
      assert.match(task.activity, /^Task was queued by Manager because/);
      assert.deepEqual(task.failed_by_workers, []);
    });
  }

  test('and is paused instead when its job is being paused', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId, jobId } = await withTask(lite, worker);
    const pause = { status: 'pause-requested', reason: 'test' };
    await lite.call('POST', `jobs/${jobId}/setstatus`, pause);
    assert.equal((await lite.call('GET', `jobs/${jobId}`)).body.status, 'pause-requested');
    await worker.call('POST', 'sign-off');
    assert.equal(await statusOf(lite, taskId), 'paused');
    assert.equal((await lite.call('GET', `jobs/${jobId}`)).body.status, 'paused');
  });
});

describe('an offline worker', () => {
  const rowOf = async (lite: LiteManager, worker: TestWorker) =>
    (await lite.call('GET', `worker-mgt/workers/${worker.id}`)).body;

  test('shows a request for the state it had, and gets it when it signs on again', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    await worker.call('POST', 'state-changed', { status: 'asleep' });
    await worker.call('POST', 'sign-off');
    const row = await rowOf(lite, worker);
    assert.equal(row.status, 'offline');
    assert.deepEqual(row.status_change, { status: 'asleep', is_lazy: false });
    const body = { name: 'one', supported_task_types: ['misc'], software_version: 'test' };
    assert.deepEqual((await worker.call('POST', 'sign-on', body)).body, { status_requested: 'asleep' });
  });

  test('has its own request answered by going offline', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const drain = { status: 'offline', is_lazy: true };
    await lite.call('POST', `worker-mgt/workers/${worker.id}/setstatus`, drain);
    await worker.call('POST', 'sign-off');
    assert.deepEqual((await rowOf(lite, worker)).status_change, { status: 'awake', is_lazy: false });
  });

  test('is 404 and not listed once deleted, and its calls get 403', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    assert.equal((await lite.call('DELETE', `worker-mgt/workers/${worker.id}`)).status, 204);
    assert.equal((await lite.call('DELETE', `worker-mgt/workers/${worker.id}`)).status, 404);
    assert.deepEqual((await lite.call('GET', 'worker-mgt/workers')).body, { workers: [] });
    assert.equal((await worker.take()).status, 403);
  });

  test('cannot be asked to restart when it cannot', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const restart = { status: 'restart', is_lazy: false };
    const refused = await lite.call('POST', `worker-mgt/workers/${worker.id}/setstatus`, restart);
    assert.equal(refused.status, 412);
  });
});

describe('reporting on a task', () => {
  test('counts steps on the task and its job, up to the total', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId, jobId } = await withTask(lite, worker);
    // Flamenco knows no total before the first step of a job is stored.
    assert.equal((await lite.call('GET', `jobs/${jobId}`)).body.steps_total, 0);
    assert.equal((await worker.report(taskId, { activity: 'Progress', steps_completed: 99 })).status, 204);
    const job = (await lite.call('GET', `jobs/${jobId}`)).body;
    assert.deepEqual([job.steps_completed, job.steps_total], [1, 2]);
  });

  test('is refused for a task that is not its own, unknown, or with a status that is not its to give', async (t) => {
    const lite = await startLite(t);
    const [first, second] = [await lite.addWorker('one'), await lite.addWorker('two')];
    const { taskId } = await withTask(lite, first);
    assert.equal((await second.report(taskId, { activity: 'mine' })).status, 409);
    assert.equal((await first.report(nowhere, {})).status, 404);
    assert.equal((await first.report('xyz', {})).status, 400);
    assert.equal((await first.report(taskId, { taskStatus: 'soft-failed' })).status, 400);
  });

  test('still counts when the task was queued again meanwhile', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId } = await withTask(lite, worker);
    await worker.call('POST', 'sign-off');
    assert.equal((await worker.report(taskId, { taskStatus: 'completed' })).status, 204);
    assert.equal(await statusOf(lite, taskId), 'completed');
  });

  test('completes the job with the last task, not before', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId, jobId } = await withTask(lite, worker);
    await worker.report(taskId, { taskStatus: 'completed' });
    assert.equal((await lite.call('GET', `jobs/${jobId}`)).body.status, 'active');
    const last = (await worker.take()).body.uuid;
    await worker.report(last, { taskStatus: 'completed' });
    assert.equal((await lite.call('GET', `jobs/${jobId}`)).body.status, 'completed');
  });

  test('writes a log with dated lines of the manager and the plain ones of the worker', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId, jobId } = await withTask(lite, worker);
    await worker.report(taskId, { log: 'pid=1 > hello' });
    await worker.report(taskId, { taskStatus: 'completed' });
    const info = (await lite.call('GET', `tasks/${taskId}/log`)).body;
    assert.equal(info.url, `/job-files/job-${jobId.slice(0, 4)}/${jobId}/task-${taskId}.txt`);
    const log = await lite.call('GET', info.url);
    assert.equal(log.text.length, info.size);
    const dated = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d) `;
    const lines = [
      `${dated}Task assigned to worker one \\(${worker.id}\\)`,
      `${dated}task changed status queued -> active`,
      'pid=1 > hello',
      `${dated}task changed status active -> completed`,
    ];
    assert.match(log.text, new RegExp(`^${lines.join('\n')}\n$`));
  });

  test('has at most 2 KiB of whole lines in the tail of its log', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId } = await withTask(lite, worker);
    await worker.report(taskId, { log: Array.from({ length: 500 }, (_, line) => `line ${line}`).join('\n') });
    const tail = await lite.call('GET', `tasks/${taskId}/logtail`);
    assert.ok(tail.text.length <= 2048 && tail.text.length > 2000);
    assert.match(tail.text, /^line \d+\n/);
    assert.match(tail.text, /line 499\n$/);
  });
});

describe('a picture of the last frame', () => {
  const png = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.from('rest')]);
  const post = (lite: LiteManager, worker: TestWorker, taskId: string, type: string) =>
    fetch(`${lite.url}/api/v3/worker/task/${taskId}/output-produced`, {
      method: 'POST',
      body: png,
      headers: {
        'content-type': type,
        authorization: `Basic ${Buffer.from(`${worker.id}:${worker.secret}`).toString('base64')}`,
      },
    });

  test('is kept for its job and served', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId, jobId } = await withTask(lite, worker);
    assert.equal((await lite.call('GET', `jobs/${jobId}/last-rendered`)).status, 204);
    assert.equal((await post(lite, worker, taskId, 'image/png')).status, 202);
    while ((await lite.call('GET', 'jobs/last-rendered')).status === 204) await new Promise(setImmediate);
    const images = (await lite.call('GET', `jobs/${jobId}/last-rendered`)).body;
    assert.deepEqual(images.suffixes, [
      'last-rendered.jpg',
      'last-rendered-small.jpg',
      'last-rendered-tiny.jpg',
    ]);
    const served = await fetch(`${lite.url}${images.base}/${images.suffixes[0]}`);
    assert.equal(served.headers.get('content-type'), 'image/png');
    assert.deepEqual(Buffer.from(await served.arrayBuffer()), png);
  });

  test('is refused when it is no picture or for no task', async (t) => {
    const lite = await startLite(t);
    const worker = await lite.addWorker('one');
    const { taskId } = await withTask(lite, worker);
    assert.equal((await post(lite, worker, taskId, 'text/plain')).status, 400);
    assert.equal((await post(lite, worker, nowhere, 'image/png')).status, 404);
  });
});
