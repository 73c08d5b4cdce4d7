import type { Farm } from './farm.ts';
import type { JobRow, TaskRow } from './model.ts';

/** Stores a task's step count and brings the job's sums up to date, as Flamenco does on each of these occasions only. */
export function saveSteps(farm: Farm, job: JobRow, task: TaskRow, stepsCompleted: number): void {
  task.stepsCompleted = stepsCompleted;
  task.updatedAt = farm.now();
  sumSteps(farm, job);
}

/** After tasks were queued in a mass: completed ones have all their steps, queued ones none. */
export function resetSteps(farm: Farm, job: JobRow): void {
  for (const task of job.tasks) {
    if (task.status === 'completed') task.stepsCompleted = task.stepsTotal;
    else if (task.status === 'queued') task.stepsCompleted = 0;
    else continue;
    task.updatedAt = farm.now();
  }
  sumSteps(farm, job);
}

function sumSteps(farm: Farm, job: JobRow): void {
  let completed = 0;
  let total = 0;
  for (const task of job.tasks) {
    completed += task.stepsCompleted;
    total += task.stepsTotal;
  }
  job.stepsCompleted = completed;
  job.stepsTotal = total;
  job.updatedAt = farm.now();
}
