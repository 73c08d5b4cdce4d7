import type { EpochMs, JobRow, TagRow, TaskRow, WorkerRow } from './model.ts';

/** The limits that Flamenco reads from its configuration at each use. */
export interface FailureLimits {
  readonly blocklistThreshold: number;
  readonly taskFailAfterSoftFailCount: number;
}

/** What the farm needs from outside: time, ids and a place for log lines. Nothing else reaches the world from core/. */
export interface FarmDeps {
  readonly now: () => EpochMs;
  readonly newId: () => string;
  readonly limits: () => FailureLimits;
  /** A line that the manager itself adds to a task's log; the receiver puts the time before it. */
  readonly logTask: (task: TaskRow, line: string) => void;
}

/** All that the manager knows. Maps keep the order of creation, which is the order in which jobs are served. */
export interface Farm extends FarmDeps {
  readonly jobs: Map<string, JobRow>;
  readonly tasks: Map<string, TaskRow>;
  /** Deleted workers stay: they still count as workers that could run a task (flamenco.md §3.8). */
  readonly workers: Map<string, WorkerRow>;
  readonly tags: Map<string, TagRow>;
  lastRenderedJobId: string | null;
}

export function createFarm(deps: FarmDeps): Farm {
  return {
    ...deps,
    jobs: new Map(),
    tasks: new Map(),
    workers: new Map(),
    tags: new Map(),
    lastRenderedJobId: null,
  };
}

/** The worker, or `null` when there is none or it was deleted. */
export function liveWorker(farm: Farm, id: string): WorkerRow | null {
  const worker = farm.workers.get(id);
  return worker === undefined || worker.deletedAt !== null ? null : worker;
}

/** A task's job. A task without one is a fault of this program. */
export function jobOf(farm: Farm, task: TaskRow): JobRow {
  const job = farm.jobs.get(task.jobId);
  if (job === undefined) throw new Error(`task ${task.id} has no job`);
  return job;
}

export function workerLabel(worker: WorkerRow): string {
  return `${worker.name} (${worker.id})`;
}
