import { type Farm, jobOf } from './farm.ts';
import type { JobRow, TaskRow, WorkerRow } from './model.ts';
import { changeTaskStatus } from './status.ts';

/** Gives back what a worker was doing. Not a failure: it is counted nowhere and has no limit. */
export function requeueActiveTasks(farm: Farm, worker: WorkerRow, reason: string): void {
  for (const task of [...farm.tasks.values()]) {
    if (task.workerId === worker.id && task.status === 'active') giveBack(farm, task, reason);
  }
}

/** When a worker is blocked, what it failed for good in that job deserves another worker. */
export function requeueFailedTasks(farm: Farm, job: JobRow, worker: WorkerRow, reason: string): void {
  for (const task of job.tasks) {
    if (task.workerId === worker.id && task.status === 'failed') giveBack(farm, task, reason);
  }
}

function giveBack(farm: Farm, task: TaskRow, reason: string): void {
  const job = jobOf(farm, task);
  const isPausing = job.status === 'pause-requested' || job.status === 'paused';
  const status = isPausing ? 'paused' : 'queued';
  task.activity = `Task was ${status} by Manager because ${reason}`;
  changeTaskStatus(farm, task, status);
  farm.logTask(task, task.activity);
}
