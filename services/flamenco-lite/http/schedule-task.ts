import type { FastifyInstance } from 'fastify';
import { expandVariables, resolveVariables } from '../config/variables.ts';
import type { Command, JobRow, TaskRow, WorkerRow } from '../core/model.ts';
import { schedule } from '../core/schedule.ts';
import { workerOf } from './auth.ts';
import type { ManagerDeps } from './deps.ts';
import { ApiError } from './errors.ts';
import { commandJson } from './json.ts';

/** A worker asks for a task: 200 with one, 204 for none, 423 to change state first, 409 when it is not awake. */
export function scheduleRoute(app: FastifyInstance, deps: ManagerDeps): void {
  app.post('/api/v3/worker/task', (request, reply) => {
    const worker = workerOf(request);
    const scheduled = schedule(deps.farm, worker);
    switch (scheduled.kind) {
      case 'task':
        return reply.send(assignedTaskJson(deps, worker, scheduled.task, scheduled.job));
      case 'nothing':
        return reply.code(204).send();
      case 'changeStatus':
        return reply.code(423).send({ status_requested: scheduled.status });
      case 'notAwake':
        throw new ApiError(
          409,
          `worker is in state "${worker.status}", requires state "awake" to execute tasks`,
        );
    }
  });
}

function assignedTaskJson(deps: ManagerDeps, worker: WorkerRow, task: TaskRow, job: JobRow) {
  return {
    uuid: task.id,
    job: job.id,
    name: task.name,
    status: task.status,
    priority: task.priority,
    job_priority: job.priority,
    job_type: job.type,
    task_type: task.type,
    commands: task.commands.map((command) => commandFor(deps, worker, command)),
    steps_completed: task.stepsCompleted,
    steps_total: task.stepsTotal,
  };
}

/** A command with the variables of the worker's platform put in; the stored one stays as it is. */
function commandFor({ config }: ManagerDeps, worker: WorkerRow, command: Command) {
  const { variables, sharedStoragePath } = config.current();
  const known = resolveVariables(variables, 'workers', worker.platform, sharedStoragePath);
  const entries = Object.entries(command.parameters).map(([key, value]) => [
    key,
    expandVariables(value, known),
  ]);
  return { ...commandJson(command), parameters: Object.fromEntries(entries) };
}
