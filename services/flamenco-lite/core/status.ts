import { type Farm, jobOf } from './farm.ts';
import type { JobRow, JobStatus, TaskRow, TaskStatus } from './model.ts';
import { resetSteps, saveSteps } from './steps.ts';

/** From this percentage of failed tasks on, the job fails. Flamenco: a constant too. */
const failJobPercentage = 10;

/** Gives a task its new status and lets its job follow. */
export function changeTaskStatus(farm: Farm, task: TaskRow, status: TaskStatus): void {
  const job = jobOf(farm, task);
  const former = task.status;
  task.status = status;
  task.updatedAt = farm.now();
  if (former !== status) {
    farm.logTask(task, `task changed status ${former} -> ${status}`);
    if (status === 'completed') saveSteps(farm, job, task, task.stepsTotal);
    if (status === 'queued') saveSteps(farm, job, task, 0);
  }
  followTask(farm, job, status);
}

/** Moves a job on until no status follows any more: a change of a job may change its tasks, and they the job. */
export function changeJobStatus(farm: Farm, job: JobRow, status: JobStatus, reason: string): void {
  let next: JobStatus | null = status;
  while (next !== null && next !== job.status) {
    const former = job.status;
    job.status = next;
    job.activity = `Changed to status "${next}": ${reason}`;
    job.updatedAt = farm.now();
    next = followJob(farm, job, former);
  }
}

function followTask(farm: Farm, job: JobRow, status: TaskStatus): void {
  switch (status) {
    case 'queued':
      // A finished job comes back to life by one queued task, with all its others.
      if (job.status === 'completed') changeJobStatus(farm, job, 'requeueing', 'task was queued');
      return;
    case 'paused':
      pauseWhenQuiet(farm, job, 'last task got paused');
      return;
    case 'canceled':
      followCanceledTask(farm, job);
      return;
    case 'failed':
      followFailedTask(farm, job);
      return;
    case 'active':
    case 'soft-failed':
      if (job.status === 'active' || job.status === 'cancel-requested') return;
      changeJobStatus(farm, job, 'active', `task became ${status}`);
      return;
    case 'completed':
      followCompletedTask(farm, job);
  }
}

function followCanceledTask(farm: Farm, job: JobRow): void {
  if (!hasTask(job, 'active', 'queued', 'soft-failed')) {
    changeJobStatus(farm, job, 'canceled', 'canceled task was last runnable task of job, canceling job');
    return;
  }
  pauseWhenQuiet(farm, job, 'no more active tasks after task cancellation');
}

function followFailedTask(farm: Farm, job: JobRow): void {
  const percentage = Math.trunc((count(job, 'failed') / job.tasks.length) * 100);
  if (percentage >= failJobPercentage) {
    changeJobStatus(farm, job, 'failed', 'too many tasks failed');
    return;
  }
  if (pauseWhenQuiet(farm, job, 'no more active tasks after task failure')) return;
  if (job.status === 'queued') {
    changeJobStatus(farm, job, 'active', 'task failed, but not enough to fail the job');
  }
}

function followCompletedTask(farm: Farm, job: JobRow): void {
  if (count(job, 'completed') === job.tasks.length) {
    changeJobStatus(farm, job, 'completed', 'all tasks completed');
    return;
  }
  if (pauseWhenQuiet(farm, job, 'no more active tasks after task completion')) return;
  if (job.status === 'queued') changeJobStatus(farm, job, 'active', 'no more tasks to do');
}

/** What a job's new status does to its tasks; returns the status that follows, or `null`. */
function followJob(farm: Farm, job: JobRow, former: JobStatus): JobStatus | null {
  switch (job.status) {
    case 'cancel-requested':
      cancelTasks(farm, job);
      return 'canceled';
    case 'failed':
      cancelTasks(farm, job);
      return null;
    case 'pause-requested':
      setTasks(farm, job, ['queued', 'soft-failed'], 'paused', `Paused: the job became ${job.status}.`);
      return hasTask(job, 'active') ? null : 'paused';
    case 'requeueing':
      return requeueTasks(farm, job, former);
    case 'queued':
      return count(job, 'completed') < job.tasks.length ? null : 'completed';
    default:
      return null;
  }
}

function cancelTasks(farm: Farm, job: JobRow): void {
  const reason = `Manager cancelled this task because the job got status "${job.status}".`;
  setTasks(farm, job, ['active', 'queued', 'soft-failed'], 'canceled', reason);
}

function requeueTasks(farm: Farm, job: JobRow, former: JobStatus): JobStatus | null {
  if (former === 'under-construction') return null;
  const reason = `Queued because the job went from "${former}" to "${job.status}"`;
  const unfinished: readonly TaskStatus[] = ['canceled', 'failed', 'paused', 'soft-failed'];
  setTasks(farm, job, former === 'completed' ? null : unfinished, 'queued', reason);
  resetSteps(farm, job);
  return 'queued';
}

/** Sets many tasks at once, without a line in their logs. `from: null` = whatever status they have. */
function setTasks(
  farm: Farm,
  job: JobRow,
  from: readonly TaskStatus[] | null,
  status: TaskStatus,
  activity: string,
): void {
  for (const task of job.tasks) {
    if (from !== null && !from.includes(task.status)) continue;
    task.status = status;
    task.activity = activity;
    task.updatedAt = farm.now();
  }
}

function pauseWhenQuiet(farm: Farm, job: JobRow, reason: string): boolean {
  if (job.status !== 'pause-requested' || hasTask(job, 'active')) return false;
  changeJobStatus(farm, job, 'paused', reason);
  return true;
}

function hasTask(job: JobRow, ...statuses: readonly TaskStatus[]): boolean {
  return job.tasks.some((task) => statuses.includes(task.status));
}

function count(job: JobRow, status: TaskStatus): number {
  return job.tasks.reduce((sum, task) => (task.status === status ? sum + 1 : sum), 0);
}
