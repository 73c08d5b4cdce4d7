import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import type { LogChunker } from './log-chunker.ts';

export interface ProcessToRun {
  readonly exe: string;
  readonly args: readonly string[];
  readonly log: LogChunker;
  /** Called with each line of its output, in order. */
  readonly onLine?: (line: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Runs a program and sends its output to the task's log. Throws when it cannot be started or exits with anything but 0.
 * On abort the program is killed together with what it started: it has a process group of its own, so that a wrapper
 * script leaves no Blender behind (Flamenco kills the direct child only).
 */
export async function runProcess({ exe, args, log, onLine, signal }: ProcessToRun): Promise<void> {
  signal.throwIfAborted();
  await log.append(`going to run:\n\n    ${[exe, ...args].map(quoted).join(' ')}\n`);
  const child = spawn(exe, args, {
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = exitOf(child);
  const kill = () => killGroup(child);
  signal.addEventListener('abort', kill, { once: true });
  try {
    await readOutput(child, async (line) => {
      await log.append(`pid=${child.pid} > ${line}`);
      await onLine?.(line);
    });
  } catch (error) {
    // The manager refused a line (the task may be another's by now): a program that nobody listens to must not go on.
    killGroup(child);
    await exit;
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
  }
  const ended = await exit;
  signal.throwIfAborted();
  await log.flush();
  if (ended instanceof Error) throw ended;
  if (ended !== 0) throw new Error(`command exited abnormally with code ${ended}`);
}

/** Both outputs as one, line by line. Waiting for `onLine` slows the program down instead of filling the memory. */
async function readOutput(child: ChildProcess, onLine: (line: string) => Promise<void>): Promise<void> {
  const both = new PassThrough();
  const sources = [child.stdout, child.stderr].filter((stream) => stream !== null);
  let open = sources.length;
  for (const stream of sources) {
    stream.pipe(both, { end: false });
    stream.once('close', () => {
      open--;
      if (open === 0) both.end();
    });
  }
  for await (const line of createInterface({ input: both, crlfDelay: Number.POSITIVE_INFINITY }))
    await onLine(line);
}

/** The exit code, -1 after a signal, as Go counts; or why the program could not be started. */
function exitOf(child: ChildProcess): Promise<number | Error> {
  return new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', (code) => resolve(code ?? -1));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'"'"'`)}'`;
}
