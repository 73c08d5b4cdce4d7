import { type Farm, liveWorker } from '../core/farm.ts';
import type { JobRow, TagRow, TaskRow, WorkerRow } from '../core/model.ts';
import { ApiError, requireUuid } from './errors.ts';

/** Rows by the ids of requests, or the answers that Flamenco gives when there is none. */

export function findJob(farm: Farm, id: string): JobRow {
  requireUuid(id, 'job ID not valid');
  const job = farm.jobs.get(id);
  if (job === undefined) throw new ApiError(404, 'no such job');
  return job;
}

export function findTask(farm: Farm, id: string): TaskRow {
  const task = farm.tasks.get(id);
  if (task === undefined) throw new ApiError(404, 'no such task');
  return task;
}

export function findWorker(farm: Farm, id: string): WorkerRow {
  requireUuid(id, 'not a valid UUID');
  const worker = liveWorker(farm, id);
  if (worker === null) throw new ApiError(404, `worker "${id}" not found`);
  return worker;
}

export function findTag(farm: Farm, id: string): TagRow {
  requireUuid(id, 'not a valid UUID');
  const tag = farm.tags.get(id);
  if (tag === undefined) throw new ApiError(404, `worker tag "${id}" not found`);
  return tag;
}
