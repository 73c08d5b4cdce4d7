import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

export const dockerFolder = join(import.meta.dirname, '../../docker');

/** Why the images' shell scripts cannot run here; `false` = they can. */
export const shellAbsent =
  process.platform === 'linux' && spawnSync('curl', ['--version']).status === 0
    ? false
    : 'the scripts of the images are for Linux and need curl';

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-docker-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
}

interface Running {
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

/** Starts a program with exactly this environment; it is killed at the end of the test. */
export function start(
  t: TestContext,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Running {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => {
    child.kill('SIGKILL');
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, out }));
  });
  return { pid: child.pid ?? 0, kill: (signal) => child.kill(signal), ended };
}

/** A folder for the PATH that has flamenco-lite's worker under the name of Flamenco's. */
export function folderWithWorker(t: TestContext): string {
  const folder = temporaryFolder(t);
  const worker = join(import.meta.dirname, '../../services/flamenco-lite/worker.ts');
  const script = `#!/bin/sh\nexec '${process.execPath}' '${worker}' "$@"\n`;
  writeFileSync(join(folder, 'flamenco-worker'), script, { mode: 0o755 });
  return folder;
}

/** Like /proc, with these processes only. */
export function processFolder(t: TestContext, pids: readonly number[]): string {
  const folder = temporaryFolder(t);
  for (const pid of pids) symlinkSync(`/proc/${pid}`, join(folder, String(pid)));
  return folder;
}

/** Looks until there is something to see. */
export async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const seen = await look();
    if (seen) return seen as NonNullable<Exclude<T, false>>;
    assert.ok(Date.now() < deadline, 'nothing happened within 20 s');
    await delay(50);
  }
}
