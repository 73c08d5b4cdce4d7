import type { FastifyInstance } from 'fastify';
import { clearFailures, markForDeletion, removeJob } from '../core/jobs.ts';
import type { JobRow, JobStatus } from '../core/model.ts';
import { changeJobStatus } from '../core/status.ts';
import { tagByName } from '../core/tags.ts';
import { imageNames } from '../storage/last-rendered.ts';
import type { ManagerDeps } from './deps.ts';
import { ApiError, requireUuid } from './errors.ts';
import { findJob } from './lookup.ts';
import {
  blocklistSchema,
  jobPrioritySchema,
  jobStatusChangeSchema,
  jobTagSchema,
  massDeletionSchema,
} from './schemas.ts';

interface ById {
  Params: { id: string };
}

/** Everything that changes or hangs on a stored job. */
export function jobChangeRoutes(app: FastifyInstance, deps: ManagerDeps): void {
  const { farm } = deps;

  app.post<ById & { Body: { status: JobStatus; reason: string } }>(
    '/api/v3/jobs/:id/setstatus',
    { schema: { body: jobStatusChangeSchema } },
    ({ params, body }, reply) => {
      const job = findJob(farm, params.id);
      changeJobStatus(farm, job, body.status, body.reason);
      if (body.status === 'requeueing') clearFailures(job);
      reply.code(204).send();
    },
  );

  app.post<ById & { Body: { priority: number } }>(
    '/api/v3/jobs/:id/setpriority',
    { schema: { body: jobPrioritySchema } },
    ({ params, body }, reply) => {
      const job = findJob(farm, params.id);
      job.priority = body.priority;
      job.updatedAt = farm.now();
      reply.code(204).send();
    },
  );

  app.post<ById & { Body: { id?: string; name?: string } }>(
    '/api/v3/jobs/:id/settag',
    { schema: { body: jobTagSchema } },
    ({ params, body }, reply) => {
      const job = findJob(farm, params.id);
      job.workerTagId = tagIdFor(deps, body);
      job.updatedAt = farm.now();
      reply.code(204).send();
    },
  );

  deletionRoutes(app, deps);
  blocklistRoutes(app, deps);
  lastRenderedRoutes(app, deps);
}

function deletionRoutes(app: FastifyInstance, deps: ManagerDeps): void {
  const { farm } = deps;

  app.delete<ById>('/api/v3/jobs/:id', ({ params }, reply) => {
    deleteSoon(deps, [findJob(farm, params.id)]);
    reply.code(204).send();
  });

  app.delete<{ Body: { last_updated_max?: string } }>(
    '/api/v3/jobs/mass-delete',
    { schema: { body: massDeletionSchema } },
    ({ body }, reply) => {
      const max = Date.parse(body.last_updated_max ?? '');
      if (Number.isNaN(max)) throw new ApiError(400, 'invalid format (no last_updated_max)');
      // Rounded up to whole seconds, as Flamenco does: senders may have cut off the fraction.
      const upTo = Math.ceil(max / 1_000) * 1_000;
      const jobs = [...farm.jobs.values()].filter((job) => job.updatedAt <= upTo);
      if (jobs.length === 0) throw new ApiError(416, 'no jobs modified before timestamp');
      deleteSoon(deps, jobs);
      reply.code(204).send();
    },
  );

  app.get<ById>('/api/v3/jobs/:id/what-would-delete-do', ({ params }) => {
    findJob(farm, params.id);
    return { shaman_checkout: false };
  });
}

/** Marks jobs and removes them after the answer, so that clients see the mark that they see in Flamenco. */
function deleteSoon({ farm, files }: ManagerDeps, jobs: readonly JobRow[]): void {
  for (const job of jobs) markForDeletion(farm, job);
  setImmediate(() => {
    for (const job of jobs) {
      removeJob(farm, job);
      files.removeJob(job.id);
    }
  });
}

function blocklistRoutes(app: FastifyInstance, { farm }: ManagerDeps): void {
  app.get<ById>('/api/v3/jobs/:id/blocklist', ({ params }) => {
    requireUuid(params.id, 'job ID should be a UUID');
    const rows = farm.jobs.get(params.id)?.blocklist ?? [];
    return rows.map(({ workerId, taskType }) => ({
      worker_id: workerId,
      task_type: taskType,
      worker_name: farm.workers.get(workerId)?.name ?? '',
    }));
  });

  app.delete<ById & { Body: { worker_id: string; task_type: string }[] }>(
    '/api/v3/jobs/:id/blocklist',
    { schema: { body: blocklistSchema } },
    ({ params, body }, reply) => {
      requireUuid(params.id, 'job ID should be a UUID');
      if (body.length === 0) throw new ApiError(400, 'empty list of blocklist entries given');
      const blocklist = farm.jobs.get(params.id)?.blocklist ?? [];
      for (const { worker_id, task_type } of body) {
        const index = blocklist.findIndex((row) => row.workerId === worker_id && row.taskType === task_type);
        if (index >= 0) blocklist.splice(index, 1);
      }
      reply.code(204).send();
    },
  );
}

function lastRenderedRoutes(app: FastifyInstance, { farm, files, lastRendered }: ManagerDeps): void {
  const imagesOf = (jobId: string | null) =>
    jobId === null || !lastRendered.has(jobId)
      ? null
      : { base: files.url(files.folder(jobId)), suffixes: imageNames };

  app.get<ById>('/api/v3/jobs/:id/last-rendered', ({ params }, reply) => {
    requireUuid(params.id, 'job ID should be a UUID');
    const images = imagesOf(params.id);
    reply.code(images === null ? 204 : 200).send(images ?? undefined);
  });

  app.get('/api/v3/jobs/last-rendered', (_request, reply) => {
    const images = imagesOf(farm.lastRenderedJobId);
    reply.code(images === null ? 204 : 200).send(images ?? undefined);
  });
}

function tagIdFor({ farm }: ManagerDeps, change: { id?: string; name?: string }): string | null {
  if (change.id === undefined && change.name === undefined) return null;
  const tag = change.id === undefined ? tagByName(farm, change.name ?? '') : farm.tags.get(change.id);
  if (tag === undefined || tag === null) throw new ApiError(406, 'tag not found');
  return tag.id;
}
