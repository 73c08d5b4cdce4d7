/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export const jobStatuses = [
  'active',
  'canceled',
  'completed',
  'failed',
  'paused',
  'pause-requested',
  'queued',
  'cancel-requested',
  'requeueing',
  'under-construction',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

export const taskStatuses = [
  'active',
  'canceled',
  'completed',
  'failed',
  'queued',
  'soft-failed',
  'paused',
] as const;
export type TaskStatus = (typeof taskStatuses)[number];

export const workerStatuses = [
  'starting',
  'awake',
  'asleep',
  'error',
  'testing',
  'offline',
  'restart',
] as const;
export type WorkerStatus = (typeof workerStatuses)[number];

/** One command of a task, as the job script wrote it: variables are not expanded. */
export interface Command {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** 0: the command counts no steps of its own. */
  readonly totalStepCount: number;
}

/** What a job script made; becomes rows by `storeJob`. */
export interface AuthoredTask {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly priority: number;
  readonly commands: readonly Command[];
  readonly dependencies: readonly string[];
}

export interface AuthoredJob {
  readonly name: string;
  readonly type: string;
  readonly priority: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly workerTagId: string | null;
  readonly shamanCheckoutId: string | null;
  readonly tasks: readonly AuthoredTask[];
}

/** Rows change in place, as they would in Flamenco's database; only core/ changes them. */
export interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly shamanCheckoutId: string | null;
  readonly createdAt: EpochMs;
  readonly tasks: TaskRow[];
  /** `worker task-type` pairs that may not meet in this job. */
  readonly blocklist: BlockRow[];
  priority: number;
  status: JobStatus;
  activity: string;
  workerTagId: string | null;
  updatedAt: EpochMs;
  deleteRequestedAt: EpochMs | null;
  stepsCompleted: number;
  /** Flamenco leaves it 0 until the first step of any task is stored. */
  stepsTotal: number;
}

interface BlockRow {
  readonly workerId: string;
  readonly taskType: string;
}

export interface TaskRow {
  readonly id: string;
  readonly jobId: string;
  /** From 1. */
  readonly indexInJob: number;
  readonly name: string;
  readonly type: string;
  readonly priority: number;
  readonly commands: readonly Command[];
  readonly dependencies: readonly TaskRow[];
  readonly createdAt: EpochMs;
  readonly stepsTotal: number;
  /** Workers that failed it; they never get it again. */
  readonly failedBy: Set<string>;
  status: TaskStatus;
  activity: string;
  /** The last worker that had it; stays when the task is queued again. */
  workerId: string | null;
  updatedAt: EpochMs;
  lastTouchedAt: EpochMs | null;
  stepsCompleted: number;
}

export interface WorkerRow {
  readonly id: string;
  readonly secretHash: string;
  readonly platform: string;
  readonly tagIds: Set<string>;
  name: string;
  address: string;
  software: string;
  /** `''` between registration and sign-on. */
  status: WorkerStatus | '';
  statusRequested: WorkerStatus | '';
  isRequestLazy: boolean;
  taskTypes: readonly string[];
  canRestart: boolean;
  updatedAt: EpochMs;
  lastSeenAt: EpochMs | null;
  deletedAt: EpochMs | null;
}

export interface TagRow {
  readonly id: string;
  name: string;
  description: string;
}
