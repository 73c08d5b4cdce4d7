import type { FastifyInstance } from 'fastify';
import type { Compiled } from '../compiler/compile.ts';
import { recogniseTwoWay, resolveVariables } from '../config/variables.ts';
import { storeJob } from '../core/jobs.ts';
import type { AuthoredJob, JobStatus } from '../core/model.ts';
import { goPlatform } from '../go-platform.ts';
import type { ManagerDeps } from './deps.ts';
import { ApiError, requireUuid } from './errors.ts';
import { jobJson, taskSummaryJson } from './json.ts';
import { findJob } from './lookup.ts';
import { submittedJobSchema } from './schemas.ts';

interface SubmittedJob {
  readonly name: string;
  readonly type: string;
  readonly type_etag?: string;
  readonly priority: number;
  readonly settings?: Record<string, unknown>;
  readonly metadata?: Record<string, string>;
  readonly submitter_platform: string;
  readonly storage?: { readonly shaman_checkout_id?: string };
  readonly worker_tag?: string;
  readonly initial_status?: JobStatus;
}

/** Job types, submission and reading. */
export function jobRoutes(app: FastifyInstance, deps: ManagerDeps): void {
  const { farm, compiler } = deps;
  const schema = { body: submittedJobSchema };

  app.get('/api/v3/jobs/types', () => ({ job_types: compiler.types() }));

  app.get<{ Params: { name: string } }>('/api/v3/jobs/type/:name', ({ params }) => {
    const type = compiler.type(params.name);
    if (type === null) throw new ApiError(404, 'no such job type known');
    return type;
  });

  app.post<{ Body: SubmittedJob }>('/api/v3/jobs', { schema }, ({ body }) => {
    const job = accepted(compileJob(deps, body));
    if (job.workerTagId !== null && !farm.tags.has(job.workerTagId)) throw notStored();
    try {
      return jobJson(storeJob(farm, job, body.initial_status ?? 'queued'));
    } catch {
      // A task depends on one that the script did not add.
      throw notStored();
    }
  });

  app.post<{ Body: SubmittedJob }>('/api/v3/jobs/check', { schema }, ({ body }, reply) => {
    accepted(compileJob(deps, body));
    reply.code(204).send();
  });

  app.get('/api/v3/jobs', () => ({ jobs: [...farm.jobs.values()].map(jobJson) }));

  app.get<{ Params: { id: string } }>('/api/v3/jobs/:id', ({ params }) => jobJson(findJob(farm, params.id)));

  app.get<{ Params: { id: string } }>('/api/v3/jobs/:id/tasks', ({ params }) => {
    requireUuid(params.id, 'job ID not valid');
    const tasks = farm.jobs.get(params.id)?.tasks ?? [];
    return { tasks: tasks.map((task) => taskSummaryJson(farm, task)) };
  });
}

function compileJob({ compiler, config }: ManagerDeps, job: SubmittedJob): Compiled {
  const submitter = job.submitter_platform === 'manager' ? goPlatform() : job.submitter_platform;
  const { variables, sharedStoragePath } = config.current();
  const known = resolveVariables(variables, 'workers', submitter, sharedStoragePath);
  const settings = mapValues(job.settings ?? {}, (value) =>
    typeof value === 'string' ? recogniseTwoWay(value, known) : value,
  );
  return compiler.compile({
    name: job.name,
    type: job.type,
    priority: job.priority,
    settings,
    metadata: mapValues(job.metadata ?? {}, (value) => recogniseTwoWay(value, known)),
    workerTagId: notEmpty(job.worker_tag),
    shamanCheckoutId: notEmpty(job.storage?.shaman_checkout_id),
    typeEtag: notEmpty(job.type_etag),
  });
}

function accepted(compiled: Compiled): AuthoredJob {
  switch (compiled.kind) {
    case 'compiled':
      return compiled.job;
    case 'rejected':
      throw new ApiError(400, compiled.message);
    case 'staleEtag':
      throw new ApiError(412, 'rejecting job because its settings are outdated, refresh the job type');
  }
}

function notStored(): ApiError {
  return new ApiError(500, 'error persisting job in database');
}

function notEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

function mapValues<From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
