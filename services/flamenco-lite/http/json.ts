import type { Farm } from '../core/farm.ts';
import { liveWorker } from '../core/farm.ts';
import type { Command, EpochMs, JobRow, TagRow, TaskRow, WorkerRow } from '../core/model.ts';
import { taskOfWorker } from '../core/workers.ts';

/** Rows as the API shows them (flamenco.md §1.3–§1.5). Optional fields are left out, not null. */

export function jobJson(job: JobRow) {
  return {
    id: job.id,
    name: job.name,
    type: job.type,
    priority: job.priority,
    // Always empty in answers: Flamenco does not keep it.
    submitter_platform: '',
    settings: job.settings,
    metadata: job.metadata,
    ...(job.shamanCheckoutId === null ? {} : { storage: { shaman_checkout_id: job.shamanCheckoutId } }),
    ...(job.workerTagId === null ? {} : { worker_tag: job.workerTagId }),
    created: time(job.createdAt),
    updated: time(job.updatedAt),
    status: job.status,
    activity: job.activity,
    steps_completed: job.stepsCompleted,
    steps_total: job.stepsTotal,
    ...(job.deleteRequestedAt === null ? {} : { delete_requested_at: time(job.deleteRequestedAt) }),
  };
}

export function taskSummaryJson(farm: Farm, task: TaskRow) {
  return {
    id: task.id,
    name: task.name,
    status: task.status,
    index_in_job: task.indexInJob,
    priority: task.priority,
    task_type: task.type,
    updated: time(task.updatedAt),
    worker: assignedWorkerJson(farm, task.workerId),
    steps_completed: task.stepsCompleted,
    steps_total: task.stepsTotal,
  };
}

export function taskJson(farm: Farm, task: TaskRow) {
  return {
    ...taskSummaryJson(farm, task),
    job_id: task.jobId,
    created: time(task.createdAt),
    activity: task.activity,
    commands: task.commands.map(commandJson),
    ...(task.lastTouchedAt === null ? {} : { last_touched: time(task.lastTouchedAt) }),
    failed_by_workers: [...task.failedBy].map((id) => failedWorkerJson(farm, id)),
  };
}

export function commandJson(command: Command) {
  return {
    name: command.name,
    parameters: command.parameters,
    total_step_count: command.totalStepCount,
  };
}

export function workerSummaryJson(worker: WorkerRow) {
  return {
    id: worker.id,
    name: worker.name,
    status: worker.status,
    version: worker.software,
    can_restart: worker.canRestart,
    ...(worker.statusRequested === ''
      ? {}
      : { status_change: { status: worker.statusRequested, is_lazy: worker.isRequestLazy } }),
    ...(worker.lastSeenAt === null ? {} : { last_seen: time(worker.lastSeenAt) }),
  };
}

export function workerJson(farm: Farm, worker: WorkerRow) {
  const task = taskOfWorker(farm, worker);
  const tags = [...farm.tags.values()].filter((tag) => worker.tagIds.has(tag.id));
  return {
    ...workerSummaryJson(worker),
    ip_address: worker.address,
    platform: worker.platform,
    supported_task_types: worker.taskTypes,
    ...(task === null ? {} : { task: { ...taskSummaryJson(farm, task), job_id: task.jobId } }),
    ...(tags.length === 0 ? {} : { tags: tags.map(tagJson) }),
  };
}

export function tagJson(tag: TagRow) {
  return { id: tag.id, name: tag.name, ...(tag.description === '' ? {} : { description: tag.description }) };
}

/** Always an object; of a deleted worker only the id is left. */
function assignedWorkerJson(farm: Farm, id: string | null) {
  const worker = id === null ? null : liveWorker(farm, id);
  return { id: id ?? '', name: worker?.name ?? '', address: worker?.address ?? '' };
}

function failedWorkerJson(farm: Farm, id: string) {
  const worker = farm.workers.get(id);
  return { id, name: worker?.name ?? '', address: worker?.address ?? '' };
}

function time(epochMs: EpochMs): string {
  return new Date(epochMs).toISOString();
}
