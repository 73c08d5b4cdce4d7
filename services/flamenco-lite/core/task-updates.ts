import { type Farm, jobOf, workerLabel } from './farm.ts';
import type { JobRow, TaskRow, TaskStatus, WorkerRow } from './model.ts';
import { requeueFailedTasks } from './requeue.ts';
import { touch } from './schedule.ts';
import { changeJobStatus, changeTaskStatus } from './status.ts';
import { saveSteps } from './steps.ts';
import { seen } from './workers.ts';

export interface TaskUpdate {
  readonly taskStatus?: TaskStatus | undefined;
  readonly activity?: string | undefined;
  readonly stepsCompleted?: number | undefined;
}

/**
 * What a worker reports about its task. Accepted whatever the task's status is, so that a late "completed" of a worker
 * that had lost contact still counts; the caller has checked that the task is this worker's, and stored the log.
 */
export function updateTask(farm: Farm, worker: WorkerRow, task: TaskRow, update: TaskUpdate): void {
  if (update.activity !== undefined) {
    task.activity = update.activity;
    task.updatedAt = farm.now();
  }
  if (update.stepsCompleted !== undefined) {
    const steps = Math.min(update.stepsCompleted, task.stepsTotal);
    if (steps !== task.stepsCompleted) saveSteps(farm, jobOf(farm, task), task, steps);
  }
  const status = update.taskStatus;
  if (status !== undefined && status !== task.status) {
    if (status === 'failed') failTask(farm, worker, task);
    else changeTaskStatus(farm, task, status);
  }
  touch(farm, task);
  seen(farm, worker);
}

function failTask(farm: Farm, worker: WorkerRow, task: TaskRow): void {
  const job = jobOf(farm, task);
  task.failedBy.add(worker.id);
  const verdict = judgeFailure(farm, worker, task, job);
  const failedBy = `Task failed by ${task.failedBy.size} worker${task.failedBy.size === 1 ? '' : 's'}`;
  switch (verdict) {
    case 'endsJob':
      failJob(farm, worker, task, job);
      return;
    case 'hard':
      farm.logTask(task, `${failedBy}, Manager will mark it as hard failure`);
      changeTaskStatus(farm, task, 'failed');
      return;
    case 'soft':
      farm.logTask(task, `${failedBy}, Manager will mark it as soft failure and let another worker try`);
      changeTaskStatus(farm, task, 'soft-failed');
  }
}

/** Flamenco's order of questions (flamenco.md §3.8); may block the worker on the way. */
function judgeFailure(
  farm: Farm,
  worker: WorkerRow,
  task: TaskRow,
  job: JobRow,
): 'endsJob' | 'hard' | 'soft' {
  if (reachesBlocklist(farm, worker, task, job)) {
    block(job, worker, task.type);
    if (workersLeft(farm, job, task).length === 0) return 'endsJob';
    const reason = `worker ${worker.name} was blocked from tasks of type "${task.type}"`;
    requeueFailedTasks(farm, job, worker, reason);
  }
  if (task.failedBy.size >= farm.limits().taskFailAfterSoftFailCount) return 'hard';
  // Whoever failed it is left out already: so this asks for at least two others.
  return workersLeft(farm, job, task).length <= 1 ? 'endsJob' : 'soft';
}

/** Counts the present failure twice: it is stored already, and added once more. So does Flamenco. */
function reachesBlocklist(farm: Farm, worker: WorkerRow, task: TaskRow, job: JobRow): boolean {
  const stored = job.tasks.filter(
    (other) => other.type === task.type && other.failedBy.has(worker.id),
  ).length;
  return stored + 1 >= farm.limits().blocklistThreshold;
}

function block(job: JobRow, worker: WorkerRow, taskType: string): void {
  const isBlocked = job.blocklist.some((row) => row.workerId === worker.id && row.taskType === taskType);
  if (!isBlocked) job.blocklist.push({ workerId: worker.id, taskType });
}

/** Whoever could still try the task: any row counts, offline and deleted ones too. */
function workersLeft(farm: Farm, job: JobRow, task: TaskRow): readonly WorkerRow[] {
  const blocked = new Set(
    job.blocklist.filter((row) => row.taskType === task.type).map((row) => row.workerId),
  );
  return [...farm.workers.values()].filter(
    (worker) =>
      !blocked.has(worker.id) &&
      !task.failedBy.has(worker.id) &&
      (job.workerTagId === null || worker.tagIds.has(job.workerTagId)),
  );
}

function failJob(farm: Farm, worker: WorkerRow, task: TaskRow, job: JobRow): void {
  const nobody = `no more workers left to run tasks of type "${task.type}"`;
  farm.logTask(
    task,
    `Task failed by worker ${workerLabel(worker)}, Manager will fail the entire job: ${nobody}.`,
  );
  changeTaskStatus(farm, task, 'failed');
  changeJobStatus(farm, job, 'failed', nobody);
}
