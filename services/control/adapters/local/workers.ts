import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochMs } from '../../core/time.ts';
import { PortError } from '../../ports/errors.ts';
import type { WorkerSeen, Workers } from '../../ports/workers.ts';
import { farmFiles, managerUrlOf, namesIn, readDeleting, readPort } from './farm-files.ts';
import { fileWork, isAbsent } from './file-errors.ts';
import type { Program } from './flamenco-programs.ts';
import { processFiles } from './process-files.ts';
import { askToEnd, lookAtProcess, type ProcessSeen, startProcess } from './processes.ts';

interface Options {
  readonly stateDir: string;
  readonly program: Program;
  /** Of the workers' processes: `plainEnvironment()`. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: { now(): EpochMs };
}

/** Flamenco's worker gives itself 20 s to sign off; after that it is ended by force. */
export const WORKER_ENDS_MS = 25_000;
const LOGS_KEPT = 20;

/** Workers as processes of this machine, each in a folder of its own below the farm's. */
export function createLocalWorkers({ stateDir, program, env, clock }: Options): Workers {
  const files = farmFiles(stateDir);
  const folderOf = (name: string) => join(files.workers, checked(name));

  async function order(pool: string, name: string, managerUrl: string): Promise<void> {
    const home = join(folderOf(name), 'home');
    await mkdir(home, { recursive: true });
    await startProcess(folderOf(name), {
      command: program.command,
      args: [...program.args, '-manager', managerUrl],
      // An empty folder of its own: Flamenco reads flamenco-worker.yaml where it stands.
      cwd: home,
      env: { ...env, FLAMENCO_HOME: home, FLAMENCO_WORKER_NAME: name },
      label: pool,
      orderedAt: clock.now(),
      deadman: files.deadman,
    });
  }

  /** Its log stays for whoever wants to know; the oldest ones go. */
  async function forget(name: string): Promise<void> {
    await mkdir(files.logs, { recursive: true });
    const kept = join(files.logs, `${String(clock.now()).padStart(15, '0')}-${name}.log`);
    await rename(processFiles(folderOf(name)).log, kept).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
    });
    await rm(folderOf(name), { recursive: true, force: true });
    const logs = await namesIn(files.logs);
    for (const log of logs.slice(0, -LOGS_KEPT)) await rm(join(files.logs, log), { force: true });
  }

  return {
    list: () =>
      fileWork('listing workers', async () => {
        const names = await namesIn(files.workers);
        const seen = await Promise.all(names.map((name) => lookAtProcess(folderOf(name), clock.now())));
        return names.flatMap((name, index) => workerSeen(name, seen[index] ?? null) ?? []);
      }),

    order: (pool, names) =>
      fileWork(`ordering workers ${names.join(', ')}`, async () => {
        const port = await readPort(stateDir);
        if (port === null || (await readDeleting(stateDir)) !== null)
          throw new PortError('notFound', 'ordering workers of a farm that is not up');
        for (const name of names) await order(pool, name, managerUrlOf(port));
      }),

    remove: (name) =>
      fileWork(`removing worker ${name}`, async () => {
        const seen = await lookAtProcess(folderOf(name), clock.now());
        if (seen === null) return;
        if (seen.state === 'ended') await forget(name);
        else await askToEnd(folderOf(name), clock.now(), WORKER_ENDS_MS);
      }),
  };
}

function workerSeen(name: string, seen: ProcessSeen | null): WorkerSeen | null {
  if (seen === null) return null;
  const { label: pool, orderedAt } = seen.order;
  if (seen.state !== 'ended') {
    const state = seen.state === 'starting' ? 'waiting' : 'running';
    return { name, pool, state, orderedAt, endedAt: null, outcome: null };
  }
  return { name, pool, state: 'ended', orderedAt, endedAt: seen.endedAt, outcome: outcomeOf(seen.exit) };
}

/** Flamenco's worker exits 0 after a drain, and 1 when it has signed off because of SIGTERM. */
function outcomeOf(exit: (ProcessSeen & { readonly state: 'ended' })['exit']): WorkerSeen['outcome'] {
  // As when a spot machine is taken away: nobody's failure, and nothing was signed off.
  if (exit === 'lost') return 'preempted';
  if (exit === 'neverStarted') return 'failed';
  if (exit.code === 0 || (exit.wasAsked && exit.code === 1)) return 'done';
  return exit.wasAsked ? 'preempted' : 'failed';
}

function checked(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name;
  throw new PortError('invalid', `a worker named ${JSON.stringify(name)}`);
}
