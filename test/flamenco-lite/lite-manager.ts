import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Farm } from '../../services/flamenco-lite/core/farm.ts';
import { startManager } from '../../services/flamenco-lite/start-manager.ts';

interface Reply {
  readonly status: number;
  readonly text: string;
  /** The parsed body; `null` when it is empty or no JSON. Tests look into it freely. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are what the tests are about.
  readonly body: any;
}

export interface LiteManager {
  readonly url: string;
  readonly farm: Farm;
  readonly folder: string;
  /** Sets the manager's clock forward; nothing happens by itself. */
  readonly advance: (ms: number) => void;
  readonly tick: () => boolean;
  readonly stop: () => Promise<void>;
  readonly call: (method: string, path: string, body?: unknown, auth?: WorkerAuth) => Promise<Reply>;
  /** Registers a worker and signs it on as awake. */
  readonly addWorker: (name: string, taskTypes?: readonly string[]) => Promise<TestWorker>;
  /** Submits an echo-sleep-test job, or the given one, and returns its id. */
  readonly submit: (job?: Readonly<Record<string, unknown>>) => Promise<string>;
}

interface WorkerAuth {
  readonly id: string;
  readonly secret: string;
}

export interface TestWorker extends WorkerAuth {
  readonly call: (method: string, path: string, body?: unknown) => Promise<Reply>;
  /** Asks for a task. */
  readonly take: () => Promise<Reply>;
  readonly report: (taskId: string, update: unknown) => Promise<Reply>;
}

interface Options {
  readonly config?: string;
  readonly scripts?: Readonly<Record<string, string>>;
}

const clockStart = Date.parse('2026-11-01T12:00:00Z');

/** flamenco-lite's real HTTP manager in this process, on a free port, with a clock that the test moves. */
export async function startLite(t: TestContext, options: Options = {}): Promise<LiteManager> {
  const folder = mkdtempSync(join(tmpdir(), 'flamenco-lite-'));
  const yaml = `_meta: {version: 3}\nshared_storage_path: ${folder}/shared\n${options.config ?? ''}\n`;
  writeFileSync(join(folder, 'flamenco-manager.yaml'), yaml);
  mkdirSync(join(folder, 'scripts'));
  for (const [name, source] of Object.entries(options.scripts ?? {})) {
    writeFileSync(join(folder, 'scripts', name), source);
  }
  let now = clockStart;
  const manager = await startManager({ folder, listen: '127.0.0.1:0', now: () => now });
  t.after(async () => {
    await manager.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const call: LiteManager['call'] = (method, path, body, auth) => send(manager.url, method, path, body, auth);
  return {
    url: manager.url,
    farm: manager.farm,
    folder,
    advance: (ms) => {
      now += ms;
    },
    tick: manager.tick,
    stop: manager.close,
    call,
    addWorker: (name, taskTypes = ['blender', 'ffmpeg', 'file-management', 'misc']) =>
      addWorker(call, name, taskTypes),
    submit: async (job = {}) => (await call('POST', 'jobs', { ...echoSleepTest, ...job })).body.id,
  };
}

const echoSleepTest = {
  name: 'a test',
  type: 'echo-sleep-test',
  priority: 50,
  submitter_platform: 'manager',
  settings: { message: 'hello', sleep_duration_seconds: 0, sleep_repeats: 1 },
};

async function addWorker(
  call: LiteManager['call'],
  name: string,
  taskTypes: readonly string[],
): Promise<TestWorker> {
  const secret = `secret of ${name}`;
  const registration = { name, secret, platform: 'linux', supported_task_types: taskTypes };
  const id: string = (await call('POST', 'worker/register-worker', registration)).body.uuid;
  const own = (method: string, path: string, body?: unknown) =>
    call(method, `worker/${path}`, body, { id, secret });
  await own('POST', 'sign-on', { name, supported_task_types: taskTypes, software_version: 'test' });
  await own('POST', 'state-changed', { status: 'awake' });
  return {
    id,
    secret,
    call: own,
    take: () => own('POST', 'task'),
    report: (taskId, update) => own('POST', `task/${taskId}`, update),
  };
}

async function send(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  auth?: WorkerAuth,
): Promise<Reply> {
  const basic = auth === undefined ? null : Buffer.from(`${auth.id}:${auth.secret}`).toString('base64');
  const response = await fetch(path.startsWith('/') ? url + path : `${url}/api/v3/${path}`, {
    method,
    headers: {
      ...(basic === null ? {} : { authorization: `Basic ${basic}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, text, body: isJson && text !== '' ? JSON.parse(text) : null };
}
