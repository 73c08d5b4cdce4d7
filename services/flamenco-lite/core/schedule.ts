import { type Farm, jobOf, workerLabel } from './farm.ts';
import type { JobRow, TaskRow, WorkerRow, WorkerStatus } from './model.ts';
import { changeTaskStatus } from './status.ts';
import { seen } from './workers.ts';

export type Scheduled =
  | { readonly kind: 'task'; readonly task: TaskRow; readonly job: JobRow }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'changeStatus'; readonly status: WorkerStatus }
  | { readonly kind: 'notAwake' };

/** A worker asks for work: the task that it already has, else the best one that it may run. */
export function schedule(farm: Farm, worker: WorkerRow): Scheduled {
  seen(farm, worker);
  if (worker.statusRequested !== '') return { kind: 'changeStatus', status: worker.statusRequested };
  if (worker.status !== 'awake') return { kind: 'notAwake' };
  const task = ownTask(farm, worker) ?? bestTask(farm, worker);
  if (task === null) return { kind: 'nothing' };
  assign(farm, task, worker);
  return { kind: 'task', task, job: jobOf(farm, task) };
}

export interface MayRun {
  readonly mayKeepRunning: boolean;
  readonly reason: string;
  readonly statusChangeRequested: boolean;
}

/** A worker asks whether it may go on. A lazy request for another state does not show here. */
export function mayRun(farm: Farm, worker: WorkerRow, taskId: string): MayRun {
  const task = farm.tasks.get(taskId);
  if (task === undefined) return no('Task not found');
  const answer = judge(worker, task);
  if (answer.mayKeepRunning) touch(farm, task);
  seen(farm, worker);
  return answer;
}

/** A worker did something for the task: the start of the time that `task_timeout` measures. */
export function touch(farm: Farm, task: TaskRow): void {
  task.lastTouchedAt = farm.now();
  task.updatedAt = farm.now();
}

function judge(worker: WorkerRow, task: TaskRow): MayRun {
  if (worker.statusRequested !== '' && !worker.isRequestLazy) {
    return { ...no('worker status change requested'), statusChangeRequested: true };
  }
  if (task.workerId !== worker.id) return no('task not assigned to this worker');
  if (task.status !== 'active') return no(`task is in non-runnable status "${task.status}"`);
  return { mayKeepRunning: true, reason: '', statusChangeRequested: false };
}

function no(reason: string): MayRun {
  return { mayKeepRunning: false, reason, statusChangeRequested: false };
}

function assign(farm: Farm, task: TaskRow, worker: WorkerRow): void {
  task.workerId = worker.id;
  farm.logTask(task, `Task assigned to worker ${workerLabel(worker)}`);
  changeTaskStatus(farm, task, 'active');
  touch(farm, task);
}

function isScheduled(job: JobRow): boolean {
  return job.status === 'active' || job.status === 'queued';
}

function ownTask(farm: Farm, worker: WorkerRow): TaskRow | null {
  for (const job of farm.jobs.values()) {
    if (!isScheduled(job)) continue;
    const own = job.tasks.find((task) => task.workerId === worker.id && task.status === 'active');
    if (own !== undefined) return own;
  }
  return null;
}

/** The highest job priority, then the highest task priority, then the oldest. */
function bestTask(farm: Farm, worker: WorkerRow): TaskRow | null {
  let best: { readonly job: JobRow; readonly task: TaskRow } | null = null;
  for (const job of farm.jobs.values()) {
    if (!isScheduled(job) || !mayWorkFor(worker, job)) continue;
    if (best !== null && job.priority < best.job.priority) continue;
    for (const task of job.tasks) {
      if (best !== null && !isBetter(job, task, best)) continue;
      if (isRunnable(task, job, worker)) best = { job, task };
    }
  }
  return best?.task ?? null;
}

function isBetter(
  job: JobRow,
  task: TaskRow,
  best: { readonly job: JobRow; readonly task: TaskRow },
): boolean {
  if (job.priority !== best.job.priority) return job.priority > best.job.priority;
  return task.priority > best.task.priority;
}

function mayWorkFor(worker: WorkerRow, job: JobRow): boolean {
  return job.workerTagId === null || worker.tagIds.has(job.workerTagId);
}

function isRunnable(task: TaskRow, job: JobRow, worker: WorkerRow): boolean {
  if (task.status !== 'queued' && task.status !== 'soft-failed') return false;
  if (!worker.taskTypes.includes(task.type) || task.failedBy.has(worker.id)) return false;
  if (job.blocklist.some((block) => block.workerId === worker.id && block.taskType === task.type))
    return false;
  return task.dependencies.every((dependency) => dependency.status === 'completed');
}
