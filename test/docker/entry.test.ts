import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type LiteManager, startLite } from '../flamenco-lite/lite-manager.ts';
import { dockerFolder, folderWithWorker, shellAbsent, start, temporaryFolder, until } from './shell.ts';

const TAG = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const NOBODY = 'http://127.0.0.1:1';

describe("the worker image's entry", { skip: shellAbsent }, () => {
  it("makes its pool's tag, registers with it, and becomes a worker that signs on as that", async (t) => {
    const manager = await startLite(t);
    const entry = startEntry(t, { url: manager.url });
    const worker = await awakeWorker(manager);
    assert.equal(worker.name, 'w-1');
    assert.deepEqual(worker.tags, [{ id: TAG, name: 'cpu' }]);
    assert.equal(readFileSync(join(entry.home, 'tablao-worker-id'), 'utf8').trim(), worker.id);
    assert.equal((await manager.call('GET', 'worker-mgt/workers')).body.workers.length, 1);
  });

  it('takes the tag that is there, whatever its name, and makes none', async (t) => {
    const manager = await startLite(t);
    await manager.call('POST', 'worker-mgt/tags', { id: TAG, name: 'made by the service' });
    startEntry(t, { url: manager.url });
    const worker = await awakeWorker(manager);
    assert.deepEqual(worker.tags, [{ id: TAG, name: 'made by the service' }]);
  });

  it('makes one tag for workers that start together', async (t) => {
    const manager = await startLite(t);
    for (const name of ['w-1', 'w-2', 'w-3']) startEntry(t, { url: manager.url, name });
    const tagged = async () => {
      const { workers } = (await manager.call('GET', 'worker-mgt/workers')).body;
      return workers.filter(({ status }: { status: string }) => status === 'awake').length === 3;
    };
    await until(tagged);
    assert.deepEqual((await manager.call('GET', 'worker-mgt/tags')).body.tags, [{ id: TAG, name: 'cpu' }]);
  });

  it('hands SIGTERM to the worker itself, which signs off', async (t) => {
    const manager = await startLite(t);
    const entry = startEntry(t, { url: manager.url });
    const { id } = await awakeWorker(manager);
    entry.kill('SIGTERM');
    const { code, signal } = await entry.ended;
    assert.deepEqual({ code, signal }, { code: 1, signal: null });
    assert.equal((await manager.call('GET', `worker-mgt/workers/${id}`)).body.status, 'offline');
  });

  it('ends with 0 when the manager asks it to go offline', async (t) => {
    const manager = await startLite(t);
    const entry = startEntry(t, { url: manager.url });
    const { id } = await awakeWorker(manager);
    await manager.call('POST', `worker-mgt/workers/${id}/setstatus`, { status: 'offline', is_lazy: true });
    assert.equal((await entry.ended).code, 0);
  });

  it('waits for a manager that is still starting', async (t) => {
    const gate = await startGate(t);
    gate.answer = 503;
    startEntry(t, { url: gate.url });
    await until(() => gate.calls.length > 0);
    const manager = await startLite(t);
    gate.target = manager.url;
    gate.answer = null;
    assert.equal((await awakeWorker(manager)).name, 'w-1');
  });

  it('gives up after its patience, saying for whom it waited', async (t) => {
    const entry = startEntry(t, { url: NOBODY, patience: '1' });
    const { code, out } = await entry.ended;
    assert.equal(code, 1);
    assert.match(
      out,
      /the manager at http:\/\/127\.0\.0\.1:1 did not answer GET worker-mgt\/tag\/\S+ for 1 s/,
    );
    assert.equal(existsSync(join(entry.home, 'flamenco-worker-credentials.yaml')), false);
  });

  it('ends at once when it is told to while it waits', async (t) => {
    const gate = await startGate(t);
    gate.answer = 503;
    const entry = startEntry(t, { url: gate.url });
    await until(() => gate.calls.length > 0);
    entry.kill('SIGTERM');
    const { code, out } = await entry.ended;
    assert.equal(code, 1);
    assert.match(out, /told to end before the worker was started/);
  });

  it('takes its registration back when it is told to end before the worker runs', async (t) => {
    const manager = await startLite(t);
    const gate = await startGate(t);
    gate.target = manager.url;
    gate.holdPath = '/settags';
    const entry = startEntry(t, { url: gate.url });
    await until(() => gate.calls.some((call) => call.endsWith('/settags')));
    assert.equal((await manager.call('GET', 'worker-mgt/workers')).body.workers.length, 1);
    entry.kill('SIGTERM');
    assert.equal((await entry.ended).code, 1);
    assert.deepEqual((await manager.call('GET', 'worker-mgt/workers')).body.workers, []);
  });

  it('ends with what the manager says of a tag that is no UUID', async (t) => {
    const manager = await startLite(t);
    const { code, out } = await startEntry(t, { url: manager.url, tag: 'cpu' }).ended;
    assert.equal(code, 1);
    assert.match(out, /GET worker-mgt\/tag\/cpu was answered with .*400/s);
  });

  it('ends when the name of its pool belongs to another tag', async (t) => {
    const manager = await startLite(t);
    await manager.call('POST', 'worker-mgt/tags', { name: 'cpu' });
    const { code, out } = await startEntry(t, { url: manager.url }).ended;
    assert.equal(code, 1);
    assert.match(out, /does another one have the name cpu\?/);
  });

  it('says what it was not told', async (t) => {
    const env = { PATH: process.env.PATH ?? '', TABLAO_POOL: 'cpu', TABLAO_TAG: TAG };
    const { code, out } = await start(t, join(dockerFolder, 'worker/entry.sh'), [], env).ended;
    assert.notEqual(code, 0);
    assert.match(out, /FLAMENCO_MANAGER: is missing/);
  });
});

interface EntryOptions {
  readonly url: string;
  readonly name?: string;
  readonly tag?: string;
  readonly patience?: string;
}

function startEntry(t: TestContext, { url, name = 'w-1', tag = TAG, patience = '60' }: EntryOptions) {
  const home = temporaryFolder(t);
  const env = {
    PATH: `${folderWithWorker(t)}:${process.env.PATH}`,
    FLAMENCO_MANAGER: url,
    FLAMENCO_WORKER_NAME: name,
    FLAMENCO_HOME: home,
    FLAMENCO_LITE_SPEED: '20',
    TABLAO_POOL: 'cpu',
    TABLAO_TAG: tag,
    MANAGER_UNREACHABLE_SECONDS: patience,
  };
  return { home, ...start(t, join(dockerFolder, 'worker/entry.sh'), [], env) };
}

/** The whole record of the first worker that is awake. */
async function awakeWorker(manager: LiteManager) {
  const look = async () => {
    const { workers } = (await manager.call('GET', 'worker-mgt/workers')).body;
    const awake = workers.find(({ status }: { status: string }) => status === 'awake');
    return awake === undefined ? null : (await manager.call('GET', `worker-mgt/workers/${awake.id}`)).body;
  };
  return until(look);
}

interface Gate {
  readonly url: string;
  /** `METHOD /path` of each call that came. */
  readonly calls: readonly string[];
  /** Instead of the manager's; `null` = passed on. */
  answer: number | null;
  target: string;
  /** Calls of paths that end so are never answered. */
  holdPath: string | null;
}

/** Stands before a manager, and lets calls through, or not. */
async function startGate(t: TestContext): Promise<Gate> {
  const calls: string[] = [];
  const gate = { url: '', calls, answer: null, target: NOBODY, holdPath: null } as Gate & { url: string };
  const server = createServer((asked, answer) => {
    const { method, url = '', headers } = asked;
    calls.push(`${method} ${url}`);
    if (gate.holdPath !== null && url.endsWith(gate.holdPath)) return;
    if (gate.answer !== null) {
      answer.writeHead(gate.answer).end('{"message":"not now"}');
      return;
    }
    const onward = request(`${gate.target}${url}`, { method, headers }, (passed) => {
      answer.writeHead(passed.statusCode ?? 500, passed.headers);
      passed.pipe(answer);
    });
    onward.on('error', () => answer.writeHead(502).end());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  gate.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return gate;
}
