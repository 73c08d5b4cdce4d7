import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '..', '..');
const SCRIPT = resolve(import.meta.dirname, 'pod.sh');

/** What a pod runs, and what of the machine it sees. */
export interface PodOrder {
  /** A folder of its own. */
  readonly dir: string;
  readonly command: readonly string[];
  readonly workingDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where the buckets are mounted on the machine; `null` = the pod mounts none. */
  readonly mounts: { readonly scenes: string; readonly renders: string } | null;
  readonly blender: { readonly path: string; readonly version: string };
}

export interface PodProcess {
  /** Its exit code, 128 and the signal's number when it was killed. */
  readonly ended: Promise<number>;
  /** To the pod's process 1; SIGKILL ends all of the pod. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  log(): string;
}

/** Why pods cannot run on this machine; `false` = they can. */
export const podsAbsent =
  process.platform === 'linux' && process.getuid?.() === 0
    ? false
    : 'pods need namespaces and mounts of their own: root on Linux';

export function startPod({ dir, command, workingDir, env, mounts, blender }: PodOrder): PodProcess {
  mkdirSync(join(dir, 'config'), { recursive: true });
  const logFile = join(dir, 'log');
  const log = openSync(logFile, 'a');
  const args = ['--mount', '--pid', '--fork', '--kill-child=KILL', '/bin/sh', SCRIPT];
  const child = spawn('/usr/bin/unshare', [...args, ...command], {
    env: {
      ...{ PATH: '/opt/flamenco:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/var/lib/flamenco' },
      ...{ FLAMENCO_HOME: '/var/lib/flamenco', PYTHONDONTWRITEBYTECODE: '1' },
      ...env,
      ...{ POD_DIR: dir, REPOSITORY, NODE: process.execPath, WORKING_DIR: workingDir },
      ...{ BLENDER: blender.path, BLENDER_VERSION: blender.version },
      ...{ SCENES: mounts?.scenes ?? '', RENDERS: mounts?.renders ?? '' },
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return {
    ended: new Promise((done) => {
      child.on('error', () => done(127));
      child.on('exit', (code, signal) => done(code ?? (signal === 'SIGKILL' ? 137 : 143)));
    }),
    kill: (signal) => {
      const pid = signal === 'SIGKILL' ? child.pid : firstProcess(child);
      try {
        if (pid !== undefined && child.exitCode === null) process.kill(pid, signal);
      } catch {
        // It has ended meanwhile.
      }
    },
    log: () => readFileSync(logFile, 'utf8'),
  };
}

/** `unshare` stays outside and waits for the pod's process 1. */
function firstProcess({ pid }: ChildProcess): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return children[0] ? Number(children[0]) : undefined;
  } catch {
    return undefined;
  }
}
