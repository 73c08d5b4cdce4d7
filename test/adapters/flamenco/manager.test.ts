import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createFlamencoManager } from '../../../services/control/adapters/flamenco/manager.ts';
import type { JobOrder } from '../../../services/control/core/actions.ts';
import { isPortError } from '../../../services/control/ports/errors.ts';
import { startLite } from '../../flamenco-lite/lite-manager.ts';

const jobScript = `
const JOB_TYPE = { label: 'Test', settings: [{ key: 'frames', type: 'string' }] };
function compileJob(job) {
  if (!job.settings.frames) throw 'no frames given';
  const task = author.Task('render-' + job.settings.frames, 'misc');
  task.addCommand(author.Command('echo', { message: 'hello' }));
  job.addTask(task);
}`;

const job: JobOrder = {
  runId: 'run-1',
  round: 1,
  name: 'a shot',
  priority: 50,
  workerTag: null,
  settings: { frames: '1-4' },
};

const unknownId = '00000000-0000-4000-8000-000000000000';

async function start(t: TestContext, send: typeof fetch = fetch) {
  const lite = await startLite(t, { scripts: { 'tablao_render.js': jobScript } });
  const manager = createFlamencoManager({ url: () => lite.url, fetch: send });
  return { lite, manager };
}

/** A fetch that fails once, before or after the `at`-th request of that method and path went out. */
function failingOnce(method: string, path: RegExp, when: 'before' | 'after'): typeof fetch {
  let isDone = false;
  return async (input, init) => {
    const isIt = !isDone && init?.method === method && path.test(String(input));
    if (!isIt) return fetch(input, init);
    isDone = true;
    if (when === 'after') await fetch(input, init);
    throw new TypeError('fetch failed');
  };
}

describe('submitting to Flamenco', () => {
  test('makes one queued job that says which run and round it is for', async (t) => {
    const { manager } = await start(t);
    const id = await manager.submit(job);
    const [seen, ...others] = await manager.jobs();
    assert.deepEqual(others, []);
    assert.equal(seen?.id, id);
    assert.equal(seen?.status, 'queued');
    assert.equal(seen?.runId, 'run-1');
    assert.equal(seen?.round, 1);
    assert.equal(seen?.isDeleting, false);
    assert.equal(typeof seen?.createdAt, 'number');
  });

  test('returns the same job when it is repeated', async (t) => {
    const { manager } = await start(t);
    const first = await manager.submit(job);
    assert.equal(await manager.submit(job), first);
    assert.equal((await manager.jobs()).length, 1);
  });

  test('makes another job for another round', async (t) => {
    const { manager } = await start(t);
    const ids = [await manager.submit(job), await manager.submit({ ...job, round: 2 })];
    assert.deepEqual((await manager.jobs()).map(({ id }) => id).sort(), ids.sort());
  });

  test('leaves one job when several submit at once', async (t) => {
    const { manager, lite } = await start(t);
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => manager.submit(job)));
    assert.equal(new Set(ids).size, 1);
    const jobs = (await manager.jobs()).filter(({ isDeleting }) => !isDeleting);
    assert.deepEqual(
      jobs.map(({ id, status }) => ({ id, status })),
      [{ id: ids[0], status: 'queued' }],
    );
    assert.equal(lite.farm.tasks.size, 1);
  });

  test('a repeat finishes what was cut off between the submission and the queueing', async (t) => {
    const { manager } = await start(t, failingOnce('POST', /setstatus$/, 'before'));
    await assert.rejects(manager.submit(job), (error) => isPortError(error, 'transient'));
    assert.equal((await manager.jobs())[0]?.status, 'paused');
    const id = await manager.submit(job);
    assert.deepEqual(
      (await manager.jobs()).map(({ id, status }) => ({ id, status })),
      [{ id, status: 'queued' }],
    );
  });

  test('a repeat finds the job whose answer was lost', async (t) => {
    const { manager } = await start(t, failingOnce('POST', /jobs$/, 'after'));
    await assert.rejects(manager.submit(job), (error) => isPortError(error, 'transient'));
    await manager.submit(job);
    assert.equal((await manager.jobs()).length, 1);
  });

  test('does not queue again a job that has gone further', async (t) => {
    const { manager, lite } = await start(t);
    const id = await manager.submit(job);
    await lite.call('POST', `jobs/${id}/setstatus`, { status: 'cancel-requested', reason: 'test' });
    await manager.submit(job);
    assert.equal((await manager.jobs())[0]?.status, 'canceled');
  });

  test('tells in the words of the job script why it cannot be compiled', async (t) => {
    const { manager } = await start(t);
    await assert.rejects(
      manager.submit({ ...job, settings: {} }),
      (error) => isPortError(error, 'invalid') && /no frames given/.test(error.message),
    );
  });

  test('makes the tag of the pool when it is not there, by id or by name', async (t) => {
    const { manager, lite } = await start(t);
    const pool = '11111111-2222-4333-8444-555555555555';
    await manager.submit({ ...job, workerTag: pool });
    await manager.submit({ ...job, round: 2, workerTag: 'spot' });
    await manager.submit({ ...job, round: 3, workerTag: 'spot' });
    const { tags } = (await lite.call('GET', 'worker-mgt/tags')).body;
    assert.deepEqual(
      tags.map((tag: { name: string }) => tag.name),
      [pool, 'spot'],
    );
    const { jobs } = (await lite.call('GET', 'jobs')).body;
    assert.deepEqual(
      jobs.map((seen: { worker_tag: string }) => seen.worker_tag),
      [pool, tags[1].id, tags[1].id],
    );
  });
});

describe('a job in Flamenco', () => {
  test('has tasks that say who has them', async (t) => {
    const { manager, lite } = await start(t);
    const id = await manager.submit(job);
    const [queued] = await manager.tasks(id);
    assert.equal(queued?.name, 'render-1-4');
    assert.equal(queued?.status, 'queued');
    assert.equal(queued?.workerId, null);
    const worker = await lite.addWorker('one');
    await worker.take();
    const [active] = await manager.tasks(id);
    assert.equal(active?.status, 'active');
    assert.equal(active?.workerId, worker.id);
  });

  test('is not found when the manager does not have it', async (t) => {
    const { manager } = await start(t);
    const isNotFound = (error: unknown) => isPortError(error, 'notFound');
    await assert.rejects(manager.tasks(unknownId), isNotFound);
    await assert.rejects(manager.setJobStatus(unknownId, 'cancel-requested', 'test'), isNotFound);
    await assert.rejects(manager.requeueTask(unknownId, null, 'test'), isNotFound);
  });

  test('can be ended and run again', async (t) => {
    const { manager } = await start(t);
    const id = await manager.submit(job);
    await manager.setJobStatus(id, 'cancel-requested', 'test');
    assert.equal((await manager.jobs())[0]?.status, 'canceled');
    assert.equal((await manager.tasks(id))[0]?.status, 'canceled');
    await manager.setJobStatus(id, 'requeueing', 'test');
    assert.equal((await manager.jobs())[0]?.status, 'queued');
    assert.equal((await manager.tasks(id))[0]?.status, 'queued');
  });

  test('gives a task out again', async (t) => {
    const { manager, lite } = await start(t);
    const id = await manager.submit(job);
    const worker = await lite.addWorker('one');
    const taskId: string = (await worker.take()).body.uuid;
    await manager.requeueTask(taskId, (await manager.tasks(id))[0]?.updatedAt ?? 0, 'it hangs');
    assert.equal((await manager.tasks(id))[0]?.status, 'queued');
    assert.equal((await worker.call('GET', `task/${taskId}/may-i-run`)).body.mayKeepRunning, false);
  });

  test('leaves a task alone that has changed since it was seen: somebody may have it in hand by now', async (t) => {
    const { manager, lite } = await start(t);
    const id = await manager.submit(job);
    const worker = await lite.addWorker('one');
    const taskId: string = (await worker.take()).body.uuid;
    const before = ((await manager.tasks(id))[0]?.updatedAt ?? 0) - 1;
    await manager.requeueTask(taskId, before, 'it failed');
    await manager.closeTask(taskId, before, 'it failed');
    assert.equal((await manager.tasks(id))[0]?.status, 'active');
    await manager.requeueTask(taskId, null, 'whatever it does');
    assert.equal((await manager.tasks(id))[0]?.status, 'queued');
  });

  test("has logs whose last lines can be read, and '' before there are any", async (t) => {
    const { manager, lite } = await start(t);
    await manager.submit(job);
    const [task] = await manager.tasks((await manager.jobs())[0]?.id ?? '');
    assert.equal(await manager.logTail(task?.id ?? ''), '');
    const worker = await lite.addWorker('one');
    await worker.take();
    await worker.report(task?.id ?? '', { log: '42' });
    assert.match(await manager.logTail(task?.id ?? ''), /\n42\n$/);
  });
});

describe('a worker in Flamenco', () => {
  test('is seen with its status and whether it is on its way out', async (t) => {
    const { manager, lite } = await start(t);
    const { id } = await lite.addWorker('one');
    const [awake] = await manager.workers();
    assert.deepEqual(awake, {
      id,
      name: 'one',
      status: 'awake',
      isDraining: false,
      lastSeenAt: awake?.lastSeenAt,
    });
    await manager.drain(id);
    assert.equal((await manager.workers())[0]?.isDraining, true);
    await manager.keep(id);
    assert.equal((await manager.workers())[0]?.isDraining, false);
  });

  test('is not on its way out any more when it is gone', async (t) => {
    const { manager, lite } = await start(t);
    const worker = await lite.addWorker('one');
    await manager.drain(worker.id);
    await worker.call('POST', 'sign-off');
    const [seen] = await manager.workers();
    assert.equal(seen?.status, 'offline');
    assert.equal(seen?.isDraining, false);
  });

  test("has the status '' and was never seen before it signs on", async (t) => {
    const { manager, lite } = await start(t);
    const registration = { name: 'new', secret: 's', platform: 'linux', supported_task_types: [] };
    await lite.call('POST', 'worker/register-worker', registration);
    const [seen] = await manager.workers();
    assert.equal(seen?.status, '');
    assert.equal(seen?.lastSeenAt, null);
  });

  test('can be forgotten twice', async (t) => {
    const { manager, lite } = await start(t);
    const { id } = await lite.addWorker('one');
    await manager.forget(id);
    await manager.forget(id);
    assert.deepEqual(await manager.workers(), []);
  });
});

describe('a manager that does not answer as it should', () => {
  const answering = (status: number, body: string, type = 'application/json') =>
    createFlamencoManager({
      url: () => 'http://flamenco.test',
      fetch: async () =>
        new Response(status === 204 ? null : body, { status, headers: { 'content-type': type } }),
    });

  test('is transient when it is not up', async () => {
    const manager = createFlamencoManager({ url: async () => null });
    await assert.rejects(
      manager.jobs(),
      (error) => isPortError(error, 'transient') && /not up/.test(error.message),
    );
  });

  test('is transient when it cannot be reached or is too slow', async () => {
    const silent: typeof fetch = (_input, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    const manager = createFlamencoManager({ url: () => 'http://flamenco.test', fetch: silent, timeoutMs: 5 });
    await assert.rejects(manager.workers(), (error) => isPortError(error, 'transient'));
  });

  const malformed: readonly (readonly [string, string])[] = [
    ['no JSON at all', '<html>'],
    ['cut off', '{"jobs": ['],
    ['without the list', '{}'],
    ['with a job that has no id', '{"jobs": [{"name": "x"}]}'],
  ];
  for (const [what, body] of malformed) {
    test(`is transient when its answer is ${what}`, async () => {
      await assert.rejects(answering(200, body).jobs(), (error) => isPortError(error, 'transient'));
    });
  }

  test('reads a status that it does not know as one that leads to nothing', async () => {
    const time = '2026-11-24T09:07:33.072986434Z';
    const seen = { id: 'a', name: 'a', created: time, updated: time, steps_completed: 0, steps_total: 0 };
    const [job] = await answering(200, JSON.stringify({ jobs: [{ ...seen, status: 'dancing' }] })).jobs();
    assert.equal(job?.status, 'active');
    assert.equal(job?.createdAt, Date.parse('2026-11-24T09:07:33.072Z'));
  });

  const codes: readonly (readonly [number, string])[] = [
    [400, 'invalid'],
    [403, 'denied'],
    [404, 'notFound'],
    [409, 'conflict'],
    [412, 'invalid'],
    [429, 'transient'],
    [500, 'transient'],
    [503, 'transient'],
  ];
  for (const [status, code] of codes) {
    test(`says ${code} for the answer ${status}, with the manager's words`, async () => {
      await assert.rejects(
        answering(status, '{"message":"because of this"}').jobs(),
        (error) => isPortError(error) && error.code === code && /because of this/.test(error.message),
      );
    });
  }
});
