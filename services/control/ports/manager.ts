import type { JobOrder } from '../core/actions.ts';
import type { EpochMs } from '../core/time.ts';

export type JobStatus =
  | 'under-construction'
  | 'queued'
  | 'active'
  | 'requeueing'
  | 'cancel-requested'
  | 'pause-requested'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'canceled';

export type TaskStatus = 'queued' | 'soft-failed' | 'active' | 'paused' | 'completed' | 'failed' | 'canceled';

/** A Flamenco job as the job list shows it. */
export interface JobSeen {
  readonly id: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly createdAt: EpochMs;
  /** Moves with each finished frame and status change. */
  readonly updatedAt: EpochMs;
  /** Metadata that we gave it at submission; a job without `runId` is somebody else's. */
  readonly runId: string | null;
  readonly round: number | null;
  readonly stepsCompleted: number;
  readonly stepsTotal: number;
  readonly isDeleting: boolean;
}

export interface TaskSeen {
  readonly id: string;
  /** `check`, `render-1-4`, `preview-video`. */
  readonly name: string;
  readonly status: TaskStatus;
  readonly updatedAt: EpochMs;
  readonly stepsCompleted: number;
  readonly stepsTotal: number;
  /** Who renders it, when `active`; else who touched it last. `null` = nobody yet. */
  readonly workerId: string | null;
}

/** A worker as Flamenco Manager knows it. */
export interface FlamencoWorker {
  readonly id: string;
  readonly name: string;
  /** `''` between registration and sign-on. */
  readonly status: '' | 'starting' | 'awake' | 'asleep' | 'offline' | 'error' | 'restart' | 'testing';
  /** It was asked to go offline and will when its task is finished. */
  readonly isDraining: boolean;
  readonly lastSeenAt: EpochMs | null;
}

/** Flamenco Manager's management side. Every method throws `PortError('transient')` when it cannot be reached. */
export interface Manager {
  jobs(): Promise<readonly JobSeen[]>;
  /** `PortError('notFound')` for a job that the manager does not have. */
  tasks(jobId: string): Promise<readonly TaskSeen[]>;
  workers(): Promise<readonly FlamencoWorker[]>;
  /** The last lines of a task's log, at most 2 KiB; `''` when it has none. */
  logTail(taskId: string): Promise<string>;
  /**
   * Exactly once for a run and round: submits paused, lists, keeps the oldest job of that run and round, deletes the
   * others, sets it queued, and returns its id. A repeat returns the same id. `PortError('invalid')` with the
   * manager's words when it cannot be compiled.
   */
  submit(job: JobOrder): Promise<string>;
  /**
   * `requeueing` runs what is not completed again; `cancel-requested` ends it (running frames are killed);
   * `pause-requested` hands nothing out any more: it is `paused` once the running tasks have ended.
   */
  setJobStatus(
    jobId: string,
    status: 'requeueing' | 'cancel-requested' | 'pause-requested',
    reason: string,
  ): Promise<void>;
  /**
   * Hands the task out again; an active one is stopped by its worker within 10 s. Only as long as the task was not changed
   * since `updatedAt` (somebody may have it in hand by now): else nothing is done. `null` = whatever it does.
   */
  requeueTask(taskId: string, updatedAt: EpochMs | null, reason: string): Promise<void>;
  /** Counts the task as completed, so that the job can end without it. Otherwise as above. */
  closeTask(taskId: string, updatedAt: EpochMs, reason: string): Promise<void>;
  /** Asks for lazy offline: the worker finishes its task, signs off and exits 0. */
  drain(workerId: string): Promise<void>;
  /** Takes a drain back; works only while the worker is still awake. */
  keep(workerId: string): Promise<void>;
  /** Deletes the worker's record. Only for one whose process is gone (flamenco.md: never while it lives). Absent: success. */
  forget(workerId: string): Promise<void>;
}
