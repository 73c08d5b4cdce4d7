import type { FastifyInstance } from 'fastify';
import type { TaskStatus, WorkerStatus } from '../core/model.ts';
import { mayRun } from '../core/schedule.ts';
import { updateTask } from '../core/task-updates.ts';
import { registerWorker, seen, signOff, signOn, stateChanged } from '../core/workers.ts';
import { authenticateWorker, hashSecret, workerOf } from './auth.ts';
import type { ManagerDeps } from './deps.ts';
import { ApiError, requireUuid } from './errors.ts';
import { outputRoute } from './output-produced.ts';
import { scheduleRoute } from './schedule-task.ts';
import { registrationSchema, signOnSchema, stateChangedSchema, taskUpdateSchema } from './schemas.ts';

interface RegistrationBody {
  Body: { name: string; secret: string; platform: string; supported_task_types: string[] };
}

interface SignOnBody {
  Body: { name: string; supported_task_types: string[]; software_version: string; can_restart?: boolean };
}

interface UpdateBody {
  Params: { id: string };
  Body: { taskStatus?: TaskStatus; activity?: string; log?: string; steps_completed?: number };
}

/** What workers call (flamenco.md §1.6). All but the registration want the worker's credentials. */
export function workerRoutes(app: FastifyInstance, deps: ManagerDeps): void {
  const { farm } = deps;

  app.post<RegistrationBody>(
    '/api/v3/worker/register-worker',
    { schema: { body: registrationSchema } },
    ({ body, ip }) => {
      const worker = registerWorker(farm, {
        name: body.name,
        secretHash: hashSecret(body.secret),
        platform: body.platform,
        address: ip,
        taskTypes: body.supported_task_types,
      });
      return {
        uuid: worker.id,
        name: worker.name,
        address: worker.address,
        status: worker.status,
        platform: worker.platform,
        software: worker.software,
        supported_task_types: worker.taskTypes,
      };
    },
  );

  app.register((behindAuth, _options, done) => {
    // Before anything else: Flamenco refuses credentials before it looks at a body.
    behindAuth.addHook('onRequest', (request, _reply, next) => {
      authenticateWorker(farm, request);
      next();
    });
    stateRoutes(behindAuth, deps);
    scheduleRoute(behindAuth, deps);
    taskUpdateRoutes(behindAuth, deps);
    outputRoute(behindAuth, deps);
    done();
  });
}

function stateRoutes(app: FastifyInstance, { farm }: ManagerDeps): void {
  app.post<SignOnBody>('/api/v3/worker/sign-on', { schema: { body: signOnSchema } }, (request) => {
    const { body, ip } = request;
    const status = signOn(farm, workerOf(request), {
      name: body.name,
      address: ip,
      taskTypes: body.supported_task_types,
      software: body.software_version,
      canRestart: body.can_restart ?? false,
    });
    return { status_requested: status };
  });

  app.post('/api/v3/worker/sign-off', (request, reply) => {
    signOff(farm, workerOf(request));
    reply.code(204).send();
  });

  app.get('/api/v3/worker/state', (request, reply) => {
    const worker = workerOf(request);
    seen(farm, worker);
    if (worker.statusRequested === '') return reply.code(204).send();
    return reply.send({ status_requested: worker.statusRequested });
  });

  app.post<{ Body: { status: WorkerStatus } }>(
    '/api/v3/worker/state-changed',
    { schema: { body: stateChangedSchema } },
    (request, reply) => {
      stateChanged(farm, workerOf(request), request.body.status);
      reply.code(204).send();
    },
  );
}

function taskUpdateRoutes(app: FastifyInstance, { farm, files }: ManagerDeps): void {
  app.get<{ Params: { id: string } }>('/api/v3/worker/task/:id/may-i-run', (request) => {
    requireUuid(request.params.id, 'task ID not valid');
    return mayRun(farm, workerOf(request), request.params.id);
  });

  app.post<UpdateBody>(
    '/api/v3/worker/task/:id',
    { schema: { body: taskUpdateSchema } },
    (request, reply) => {
      const { id } = request.params;
      const { taskStatus, activity, log, steps_completed } = request.body;
      const worker = workerOf(request);
      requireUuid(id, 'task ID not valid');
      const task = farm.tasks.get(id);
      if (task === undefined) throw new ApiError(404, `task ${id} not found`);
      if (task.workerId === null) {
        throw new ApiError(409, `task ${id} is not assigned to any worker, so also not to you`);
      }
      if (task.workerId !== worker.id) throw new ApiError(409, `task ${id} is not assigned to you`);
      if (taskStatus === 'soft-failed') {
        throw new ApiError(400, `task status ${taskStatus} not allowed to be sent by Worker`);
      }
      // The log first: it holds the cause of what the manager may add about the new status.
      if (log !== undefined) files.appendLog(task.jobId, task.id, log);
      updateTask(farm, worker, task, { taskStatus, activity, stepsCompleted: steps_completed });
      reply.code(204).send();
    },
  );
}
