import { type FastifyInstance, fastify, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { traceFields } from '../logging.ts';
import { guardCallers } from './callers.ts';
import { commandRoutes } from './commands.ts';
import type { AppDeps } from './deps.ts';
import { handleErrors } from './errors.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { createLongLived } from './long-lived.ts';
import { managerRoutes } from './manager-proxy.ts';
import { pageRoutes } from './page.ts';
import { renderRoutes } from './renders.ts';
import { statusRoutes } from './status.ts';
import { createStatusReader } from './status-reader.ts';
import { streamRoutes } from './status-stream.ts';
import { tickRoutes } from './tick.ts';
import { receiveRoutes, uploadRoutes } from './uploads.ts';

/** The longest path that an object can have, percent-encoded. */
const MAX_PARAM_LENGTH = 3 * 1024;

/** The service's routes. Listens to nothing yet; `close()` ends streams and uploads that are under way. */
export function buildApp(deps: AppDeps): FastifyInstance {
  const app = fastify({
    loggerInstance: deps.log,
    // One line a request would bury the one line a pass.
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    childLoggerFactory: (logger, bindings, options, request) =>
      logger.child({ ...bindings, ...traceFields(request.headers, deps.project) }, options),
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  acceptEmptyJson(app);
  handleErrors(app);
  guardCallers(app, deps.knownHosts);
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  const longLived = createLongLived(app);
  const readStatus = createStatusReader(deps);
  app.register(eventRoutes, deps);
  app.register(tickRoutes, deps);
  app.register(statusRoutes, { deps, readStatus });
  app.register(streamRoutes, { readStatus, longLived });
  app.register(commandRoutes, deps);
  app.register(uploadRoutes, deps);
  if (deps.uploadStore !== null) app.register(receiveRoutes, { deps, store: deps.uploadStore, longLived });
  app.register(renderRoutes, deps);
  app.register(healthRoutes, { deps, readStatus });
  app.register(managerRoutes, deps);
  app.register(pageRoutes, deps);
  return app;
}

/** A button has nothing to say: an empty body counts as `{}`. */
function acceptEmptyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, {});
    else void parse(request, body.toString(), done);
  });
}
