import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochMs } from '../../core/time.ts';
import {
  type ProcessExit,
  type ProcessOrder,
  processFiles,
  readAsked,
  readClaim,
  readExit,
  readOrder,
} from './process-files.ts';
import { markedProcesses, PROCESS_MARK, signal, startMarkOf } from './process-table.ts';
import { createJson } from './whole-files.ts';

export type ProcessSeen =
  /** Its launcher has not said yet that it runs. */
  | { readonly state: 'starting' | 'running'; readonly order: ProcessOrder }
  | {
      readonly state: 'ended';
      readonly order: ProcessOrder;
      /** `'lost'`: gone without a word, by SIGKILL or with the machine. `'neverStarted'`: it never came up. */
      readonly exit: ProcessExit | 'lost' | 'neverStarted';
      readonly endedAt: EpochMs;
    };

/** A launcher that has said nothing for so long never will: the service was killed before it started one. */
const START_TAKES_MS = 20_000;
/** After its child has been killed, a launcher is done in a moment. */
const LAUNCHER_ENDS_MS = 5000;
const LOG_TAIL_BYTES = 2048;

/**
 * Starts a process of its own group that outlives us, once for its folder: a repeat does nothing, whatever has become
 * of the first. `false` = it had been ordered already.
 */
export async function startProcess(folder: string, order: ProcessOrder): Promise<boolean> {
  if (!(await createJson(processFiles(folder).order, order))) return false;
  spawnLauncher(folder, order);
  return true;
}

/** `null` = nothing was ordered in this folder. */
export async function lookAtProcess(folder: string, now: EpochMs): Promise<ProcessSeen | null> {
  const order = await readOrder(folder);
  if (order === null) return null;
  const claim = await readClaim(folder);
  if (claim === null) return lookAtUnclaimed(folder, order, now);
  if (claim.pid === null) return ended(order, 'neverStarted', order.orderedAt);
  // The exit is read after the launcher was seen dead: it writes it last.
  const isLauncherAlive = (await startMarkOf(claim.pid)) === claim.startMark;
  const exit = await readExit(folder);
  if (exit !== null) return ended(order, isFound(exit) ? 'lost' : exit, exit.at);
  if (isLauncherAlive || (await markedProcesses(folder)).length > 0) return { state: 'running', order };
  await createJson(processFiles(folder).exit, { at: now, code: null, signal: null, wasAsked: false });
  const written = await readExit(folder);
  return ended(order, written === null || isFound(written) ? 'lost' : written, written?.at ?? now);
}

/**
 * Asks it to end (SIGTERM), and ends it by force when it was asked `killAfterMs` ago: call it again and again, it never
 * waits. Ended already, or never there: nothing happens.
 */
export async function askToEnd(folder: string, now: EpochMs, killAfterMs: number): Promise<void> {
  const seen = await lookAtProcess(folder, now);
  if (seen === null || seen.state === 'ended') return;
  const files = processFiles(folder);
  // Claimed by us first: then no launcher will run it.
  if (seen.state === 'starting' && (await createJson(files.claim, { pid: null, startMark: '' }))) return;
  const isFirst = await createJson(files.asked, { at: now });
  const [asked, claim] = await Promise.all([readAsked(folder), readClaim(folder)]);
  if (claim === null || claim.pid === null) return;
  const isLauncherAlive = (await startMarkOf(claim.pid)) === claim.startMark;
  const overdueMs = now - (asked?.at ?? now) - killAfterMs;
  if (overdueMs >= 0) return killAll(folder, isLauncherAlive ? claim.pid : null, overdueMs);
  // The launcher passes on the first of these only. Windows has none: it looks for `asked.json` itself.
  if (isLauncherAlive && process.platform !== 'win32') signal(claim.pid, 'SIGTERM');
  if (!isLauncherAlive && isFirst) await endOrphans(folder);
}

/** The end of what it has said; `''` when it has said nothing. */
export async function logTailOf(folder: string): Promise<string> {
  const file = await open(processFiles(folder).log, 'r').catch(() => null);
  if (file === null) return '';
  await using handle = file;
  const { size } = await handle.stat();
  const tail = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
  await handle.read(tail, 0, tail.length, size - tail.length);
  return tail.toString('utf8').trimEnd();
}

async function lookAtUnclaimed(folder: string, order: ProcessOrder, now: EpochMs): Promise<ProcessSeen> {
  if (now - order.orderedAt < START_TAKES_MS) return { state: 'starting', order };
  const isOurs = await createJson(processFiles(folder).claim, { pid: null, startMark: '' });
  return isOurs ? ended(order, 'neverStarted', now) : { state: 'running', order };
}

function ended(
  order: ProcessOrder,
  exit: ProcessExit | 'lost' | 'neverStarted',
  endedAt: EpochMs,
): ProcessSeen {
  return { state: 'ended', order, exit, endedAt };
}

/** Written by whoever found it gone, not by its launcher. */
function isFound(exit: ProcessExit): boolean {
  return exit.code === null && exit.signal === null;
}

/**
 * By the mark, since Flamenco's worker may run Blender in a process group of its own. The launcher is left to write
 * down the end, unless it does not come round to it.
 */
async function killAll(folder: string, launcher: number | null, overdueMs: number): Promise<void> {
  const isLauncherStuck = overdueMs >= LAUNCHER_ENDS_MS;
  for (const pid of await markedProcesses(folder))
    if (pid !== launcher || isLauncherStuck) signal(pid, 'SIGKILL');
  if (process.platform === 'win32' && launcher !== null) killTree(launcher);
}

/** Whoever killed the launcher left its child alone. */
async function endOrphans(folder: string): Promise<void> {
  for (const pid of await markedProcesses(folder)) signal(pid, 'SIGTERM');
}

function killTree(pid: number): void {
  spawn('taskkill', ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).unref();
}

function spawnLauncher(folder: string, { env }: ProcessOrder): void {
  mkdirSync(folder, { recursive: true });
  const log = openSync(processFiles(folder).log, 'a');
  try {
    const launcher = spawn(process.execPath, [join(import.meta.dirname, 'launcher.ts'), folder], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...env, [PROCESS_MARK]: folder },
      windowsHide: true,
    });
    // Without a listener a failed start would end the service; lookAtProcess sees that it never came up.
    launcher.on('error', () => undefined);
    launcher.unref();
  } finally {
    closeSync(log);
  }
}
