import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';

const MAIN = resolve(import.meta.dirname, '../../services/control/main.ts');
/** A machine with two busy cores needs long for what takes a moment elsewhere. */
const PATIENCE_SECONDS = 120;

/** Why whole-loop tests cannot run here; `false` = they can. */
export const cannotRender = existsSync('/usr/bin/blender') ? false : 'Blender is not installed here';
/** The same for tests that look at processes. */
export const cannotSeeProcesses = existsSync('/proc/self/environ') ? cannotRender : 'there is no /proc';

interface Options {
  readonly bucket: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Service {
  readonly url: string;
  /** All that it has said. */
  readonly said: () => string;
  readonly status: () => Promise<StatusDocument>;
  readonly run: (id: string) => Promise<RunRecord>;
  /** The runs of a shot, newest first. */
  readonly runsOf: (shot: string) => Promise<readonly RunStatus[]>;
  readonly post: (
    path: string,
    body: unknown,
  ) => Promise<{ readonly status: number; readonly body: unknown }>;
  /** Uploads as the page does: `POST /uploads`, then one PUT. */
  readonly upload: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Ctrl-C: its exit code. */
  readonly stop: () => Promise<number | null>;
  /** As when its terminal is closed: its exit code. */
  readonly hangUp: () => Promise<number | null>;
  /** `kill -9`. */
  readonly kill: () => Promise<void>;
}

/**
 * Starts the service as `npm start` does, on a free port; what still lives of it at the test's end is killed. The bucket is
 * never empty, or the sample would be rendered.
 */
export async function startService(
  t: { after(fn: () => unknown): void },
  { bucket, args = [], env = {} }: Options,
): Promise<Service> {
  mkdirSync(join(bucket, 'scenes'), { recursive: true });
  writeFileSync(join(bucket, 'scenes', 'notes.txt'), 'a test');
  const child = spawn(
    process.execPath,
    [MAIN, '--bucket', bucket, '--port', '0', '--idle-seconds', '1', ...args],
    {
      env: { ...process.env, FLAMENCO_LITE_SPEED: '10', SETTLE_SECONDS: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  const ended = new Promise<number | null>((done) => child.on('close', done));
  t.after(async () => {
    await end(child, 'SIGKILL', ended);
    for (const { pid } of farmProcesses(bucket)) killQuietly(pid);
  });
  const url = await until(
    'the page',
    async () => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0],
    () => output,
  );
  const get = async (path: string) => (await fetch(`${url}${path}`)).json();
  const status = () => get('/status') as Promise<StatusDocument>;
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  return {
    url,
    said: () => output,
    status,
    run: (id) => get(`/status/runs/${id}`) as Promise<RunRecord>,
    runsOf: async (shot) => ((await status()).runs ?? []).filter((run) => run.shot === shot),
    post,
    upload: async (path, bytes) => {
      const begun = await post('/uploads', { path, size: bytes.length });
      assert.equal(begun.status, 201, JSON.stringify(begun.body));
      const { url: place } = begun.body as { url: string };
      const put = await fetch(place, { method: 'PUT', body: new Uint8Array(bytes) });
      assert.equal(put.status, 200, await put.text());
    },
    stop: () => end(child, 'SIGINT', ended),
    hangUp: () => {
      child.stdout.destroy();
      child.stderr.destroy();
      return end(child, 'SIGHUP', ended);
    },
    kill: async () => {
      await end(child, 'SIGKILL', ended);
    },
  };
}

/** Asks again and again until there is an answer. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  explain: () => unknown = () => '',
  seconds = PATIENCE_SECONDS,
): Promise<T> {
  const endsAt = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > endsAt)
      assert.fail(`${what} did not come within ${seconds} s: ${JSON.stringify(await explain(), null, 1)}`);
    await delay(200);
  }
}

/** The newest run of a shot, once it is in one of these states. */
export async function untilRun(
  service: Service,
  shot: string,
  states: readonly RunStatus['state'][],
  seconds = PATIENCE_SECONDS,
): Promise<RunStatus> {
  return until(
    `${shot} ${states.join(' or ')}`,
    async () => {
      const [run] = await service.runsOf(shot);
      return run !== undefined && states.includes(run.state) ? run : undefined;
    },
    async () =>
      (await service.status()).runs?.map(({ shot: of, state, reason, frames }) => ({
        of,
        state,
        reason,
        frames,
      })),
    seconds,
  );
}

/** Once nothing is left to do and the farm is gone. */
export function untilAtRest(service: Service): Promise<StatusDocument> {
  return until(
    'rest',
    async () => {
      const status = await service.status();
      return status.farm?.stage === 'absent' && status.leftovers !== null ? status : undefined;
    },
    service.status,
  );
}

/** What runs for the farm of this bucket: launchers, managers, workers, Blenders. */
export function farmProcesses(
  bucket: string,
  what = '',
): readonly { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const isMine = readFileSync(`/proc/${name}/environ`, 'utf8').includes(
        `TABLAO_PROCESS=${resolve(bucket)}/`,
      );
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return isMine && command.includes(what) ? [{ pid: Number(name), command }] : [];
    } catch {
      return [];
    }
  });
}

/** Files of a version of a shot, without records and thumbnails, sorted. */
export function framesOf(bucket: string, folder: string): readonly string[] {
  const place = join(bucket, 'renders', folder);
  return existsSync(place)
    ? readdirSync(place)
        .filter((name) => name.endsWith('.png'))
        .sort()
    : [];
}

async function end(
  child: ChildProcess,
  signal: 'SIGINT' | 'SIGHUP' | 'SIGKILL',
  ended: Promise<number | null>,
): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  return ended;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
