import type { Farm } from './farm.ts';
import type { AuthoredJob, AuthoredTask, EpochMs, JobRow, JobStatus, TaskRow } from './model.ts';

/** Stores a compiled job. Its tasks start queued, whatever status the job starts with. */
export function storeJob(farm: Farm, authored: AuthoredJob, status: JobStatus): JobRow {
  const now = farm.now();
  const job: JobRow = {
    id: farm.newId(),
    name: authored.name,
    type: authored.type,
    settings: authored.settings,
    metadata: authored.metadata,
    shamanCheckoutId: authored.shamanCheckoutId,
    createdAt: now,
    tasks: [],
    blocklist: [],
    priority: authored.priority,
    status,
    activity: '',
    workerTagId: authored.workerTagId,
    updatedAt: now,
    deleteRequestedAt: null,
    stepsCompleted: 0,
    stepsTotal: 0,
  };
  job.tasks.push(...taskRows(job, authored.tasks, now));
  farm.jobs.set(job.id, job);
  for (const task of job.tasks) farm.tasks.set(task.id, task);
  return job;
}

/** Removes a job with its tasks; its worker learns it by "Task not found". */
export function removeJob(farm: Farm, job: JobRow): void {
  for (const task of job.tasks) farm.tasks.delete(task.id);
  farm.jobs.delete(job.id);
  if (farm.lastRenderedJobId === job.id) farm.lastRenderedJobId = null;
}

export function markForDeletion(farm: Farm, job: JobRow): void {
  job.deleteRequestedAt = farm.now();
  job.updatedAt = farm.now();
}

/** Forgets who failed what and who is blocked; a job that is queued again starts clean. */
export function clearFailures(job: JobRow): void {
  for (const task of job.tasks) task.failedBy.clear();
  job.blocklist.length = 0;
}

function taskRows(job: JobRow, authored: readonly AuthoredTask[], now: EpochMs): readonly TaskRow[] {
  const rows = new Map<string, TaskRow>();
  const dependencies = new Map<string, TaskRow[]>();
  authored.forEach((task, index) => {
    const needs: TaskRow[] = [];
    dependencies.set(task.id, needs);
    rows.set(task.id, taskRow(job, task, index + 1, needs, now));
  });
  for (const task of authored) {
    for (const id of task.dependencies) {
      const row = rows.get(id);
      if (row === undefined)
        throw new Error(`task "${task.name}" depends on a task that is not part of this job`);
      dependencies.get(task.id)?.push(row);
    }
  }
  return [...rows.values()];
}

function taskRow(
  job: JobRow,
  task: AuthoredTask,
  indexInJob: number,
  dependencies: readonly TaskRow[],
  now: EpochMs,
): TaskRow {
  return {
    id: task.id,
    jobId: job.id,
    indexInJob,
    name: task.name,
    type: task.type,
    priority: task.priority,
    commands: task.commands,
    dependencies,
    createdAt: now,
    // A command without steps of its own counts as one.
    stepsTotal: task.commands.reduce((sum, command) => sum + Math.max(1, command.totalStepCount), 0),
    failedBy: new Set(),
    status: 'queued',
    activity: '',
    workerId: null,
    updatedAt: now,
    lastTouchedAt: null,
    stepsCompleted: 0,
  };
}
