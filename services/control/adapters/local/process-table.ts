import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The environment variable that all processes of one order carry, their children too. Its value is the order's folder. */
export const PROCESS_MARK = 'TABLAO_PROCESS';

const PS_TIMEOUT_MS = 5000;
const run = promisify(execFile);

/**
 * What tells a process from a later one that was given the same pid: when it started. `null` = no such process
 * (or ended and not yet reaped). Windows tells nothing: there a pid is trusted.
 */
export async function startMarkOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') return linuxStartMark(pid);
  if (process.platform === 'win32') return isPidAlive(pid) ? '' : null;
  const mark = await ps(['-o', 'stat=,lstart=', '-p', String(pid)]);
  const [stat, ...startedAt] = mark.trim().split(/\s+/);
  return stat === undefined || stat === '' || stat.startsWith('Z') ? null : startedAt.join(' ');
}

/** All living processes that carry the mark, whoever their parent is by now. */
export async function markedProcesses(mark: string): Promise<readonly number[]> {
  if (process.platform === 'linux') return linuxMarked(`${PROCESS_MARK}=${mark}`);
  if (process.platform === 'win32') return [];
  const lines = (await ps(['-Aeww', '-o', 'pid=,command='])).split('\n');
  const pattern = `${PROCESS_MARK}=${mark}`;
  return lines.filter((line) => `${line} `.includes(`${pattern} `)).map((line) => Number.parseInt(line, 10));
}

/** A process that has gone already is a success. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function linuxStartMark(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The second field is the program's name in parentheses, which may hold anything; the state is the third.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return null;
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${rest[18]} ${bootId.trim()}`;
}

async function linuxMarked(entry: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await hasEntry(pid, entry)) ? pid : [])));
  return found.flat();
}

async function hasEntry(pid: number, entry: string): Promise<boolean> {
  // Other people's processes can't be read, and are not ours; a zombie's environment is empty.
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environment.split('\0').includes(entry);
}

function isPidAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** `ps` ends with 1 when it finds nothing. */
async function ps(args: readonly string[]): Promise<string> {
  try {
    return (await run('ps', args, { timeout: PS_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 1) return '';
    throw error;
  }
}
