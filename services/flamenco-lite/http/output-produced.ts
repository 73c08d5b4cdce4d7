import type { FastifyInstance, FastifyRequest } from 'fastify';
import { seen } from '../core/workers.ts';
import { maxImageBytes } from '../storage/last-rendered.ts';
import { workerOf } from './auth.ts';
import type { ManagerDeps } from './deps.ts';
import { ApiError, GateError } from './errors.ts';

/** A worker sends the picture of its last frame. 202: it will be stored. */
export function outputRoute(app: FastifyInstance, { farm, lastRendered }: ManagerDeps): void {
  app.post<{ Params: { id: string } }>(
    '/api/v3/worker/task/:id/output-produced',
    {
      bodyLimit: maxImageBytes,
      preParsing: (request, _reply, payload, done) => {
        seen(farm, workerOf(request));
        checkSize(request);
        done(null, payload);
      },
    },
    ({ params, body }, reply) => {
      if (!Buffer.isBuffer(body))
        throw new GateError(400, 'request body has an error: value is required but missing');
      const task = farm.tasks.get(params.id);
      // A bare text, not the usual object: so is Flamenco's answer.
      if (task === undefined)
        return reply.code(404).type('application/json').send(JSON.stringify('Task does not exist'));
      const isTaken = lastRendered.add(task.jobId, body, () => {
        farm.lastRenderedJobId = task.jobId;
      });
      if (!isTaken) throw new ApiError(429, 'image processing queue is full');
      return reply.code(202).send();
    },
  );
}

function checkSize(request: FastifyRequest): void {
  const bytes = Number(request.headers['content-length'] ?? 0);
  if (bytes > maxImageBytes) throw new ApiError(413, `image too large; should be max ${maxImageBytes} bytes`);
}
