import type { FastifyInstance } from 'fastify';
import type { WorkerStatus } from '../core/model.ts';
import { setTags } from '../core/tags.ts';
import { deleteWorker, requestStatus } from '../core/workers.ts';
import type { ManagerDeps } from './deps.ts';
import { ApiError } from './errors.ts';
import { workerJson, workerSummaryJson } from './json.ts';
import { findWorker } from './lookup.ts';
import { workerStatusChangeSchema, workerTagsSchema } from './schemas.ts';

interface ById {
  Params: { id: string };
}

/** Workers, for people and programs that manage them. */
export function workerManagementRoutes(app: FastifyInstance, { farm }: ManagerDeps): void {
  app.get('/api/v3/worker-mgt/workers', () => ({
    workers: [...farm.workers.values()].filter((worker) => worker.deletedAt === null).map(workerSummaryJson),
  }));

  app.get<ById>('/api/v3/worker-mgt/workers/:id', ({ params }) =>
    workerJson(farm, findWorker(farm, params.id)),
  );

  app.delete<ById>('/api/v3/worker-mgt/workers/:id', ({ params }, reply) => {
    deleteWorker(farm, findWorker(farm, params.id));
    reply.code(204).send();
  });

  app.post<ById & { Body: { status: WorkerStatus; is_lazy: boolean } }>(
    '/api/v3/worker-mgt/workers/:id/setstatus',
    { schema: { body: workerStatusChangeSchema } },
    ({ params, body }, reply) => {
      const worker = findWorker(farm, params.id);
      if (body.status === 'restart' && !worker.canRestart) {
        throw new ApiError(412, `worker "${worker.id}" does not know how to restart`);
      }
      requestStatus(farm, worker, body.status, body.is_lazy);
      reply.code(204).send();
    },
  );

  app.post<ById & { Body: { tag_ids: string[] } }>(
    '/api/v3/worker-mgt/workers/:id/settags',
    { schema: { body: workerTagsSchema } },
    ({ params, body }, reply) => {
      setTags(farm, findWorker(farm, params.id), body.tag_ids);
      reply.code(204).send();
    },
  );

  // Sleep schedules are left out; no worker has one.
  app.get<ById>('/api/v3/worker-mgt/workers/:id/sleep-schedule', ({ params }, reply) => {
    findWorker(farm, params.id);
    reply.code(204).send();
  });
}
