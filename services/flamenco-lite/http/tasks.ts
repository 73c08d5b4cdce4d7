import type { FastifyInstance } from 'fastify';
import type { TaskStatus } from '../core/model.ts';
import { changeTaskStatus } from '../core/status.ts';
import type { ManagerDeps } from './deps.ts';
import { requireUuid } from './errors.ts';
import { taskJson } from './json.ts';
import { findTask } from './lookup.ts';
import { taskStatusChangeSchema } from './schemas.ts';

interface ById {
  Params: { id: string };
}

/** Tasks and their logs, for people and programs that manage them. */
export function taskRoutes(app: FastifyInstance, { farm, files }: ManagerDeps): void {
  app.get<ById>('/api/v3/tasks/:id', ({ params }) => {
    requireUuid(params.id, 'job ID not valid');
    return taskJson(farm, findTask(farm, params.id));
  });

  app.get<ById>('/api/v3/tasks/:id/log', ({ params }, reply) => {
    requireUuid(params.id, 'bad task ID');
    const task = findTask(farm, params.id);
    const size = files.logSize(task.jobId, task.id);
    if (size === 0) return reply.code(204).send();
    const url = files.url(files.logPath(task.jobId, task.id));
    return reply.send({ task_id: task.id, job_id: task.jobId, url, size });
  });

  app.get<ById>('/api/v3/tasks/:id/logtail', ({ params }, reply) => {
    requireUuid(params.id, 'bad task ID');
    const task = findTask(farm, params.id);
    const tail = files.logTail(task.jobId, task.id);
    if (tail === '') return reply.code(204).send();
    return reply.type('text/plain; charset=UTF-8').send(tail);
  });

  app.post<ById & { Body: { status: TaskStatus; reason: string } }>(
    '/api/v3/tasks/:id/setstatus',
    { schema: { body: taskStatusChangeSchema } },
    ({ params, body }, reply) => {
      const task = findTask(farm, params.id);
      task.activity = body.reason;
      changeTaskStatus(farm, task, body.status);
      // Only people clear the failures: a task that the manager queues again keeps them.
      if (body.status === 'queued') task.failedBy.clear();
      reply.code(204).send();
    },
  );
}
