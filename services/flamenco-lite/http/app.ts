import { type FastifyInstance, fastify } from 'fastify';
import type { ManagerDeps } from './deps.ts';
import { GateError, sendError } from './errors.ts';
import { jobChangeRoutes } from './job-changes.ts';
import { jobFileRoutes } from './job-files.ts';
import { jobRoutes } from './jobs.ts';
import { metaRoutes } from './meta.ts';
import { tagRoutes } from './tags.ts';
import { taskRoutes } from './tasks.ts';
import { workerRoutes } from './worker.ts';
import { workerManagementRoutes } from './worker-mgt.ts';

/** Large jobs have large settings; Flamenco itself sets no limit. */
const bodyLimit = 16 * 1024 * 1024;

/** The manager's HTTP server, not yet listening. */
export function createManagerApp(deps: ManagerDeps): FastifyInstance {
  const app = fastify({
    bodyLimit,
    // The client address in Flamenco is what X-Forwarded-For says, if it is there.
    trustProxy: true,
    routerOptions: { ignoreTrailingSlash: false },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    // A wrong type is an error, never converted; unknown fields are let be.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
  });
  parseBodies(app);
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send({ message: 'Not Found' });
  });
  metaRoutes(app, deps);
  jobRoutes(app, deps);
  jobChangeRoutes(app, deps);
  taskRoutes(app, deps);
  tagRoutes(app, deps);
  workerManagementRoutes(app, deps);
  workerRoutes(app, deps);
  jobFileRoutes(app, deps);
  return app;
}

function parseBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    // A body may be left out where none is needed, even when its type is named.
    if (body === '') return done(null, undefined);
    try {
      const parsed: unknown = JSON.parse(String(body));
      done(null, parsed);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      done(new GateError(400, `request body has an error: failed to decode request body: ${why}`));
    }
  });
  app.addContentTypeParser(['image/jpeg', 'image/png'], { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.addContentTypeParser('*', (request, _payload, done) => {
    const type = request.headers['content-type'] ?? '';
    done(new GateError(400, `request body has an error: header Content-Type has unexpected value "${type}"`));
  });
}
