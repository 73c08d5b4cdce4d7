import { type FastifyInstance, fastify, LogController } from 'fastify';
import { traceFields } from '../logging.ts';
import type { AppDeps } from './deps.ts';
import { handleErrors } from './errors.ts';

/** The longest path that an object can have, percent-encoded. */
const MAX_PARAM_LENGTH = 3 * 1024;

/** Fastify without a route: how it logs, what every answer of it says, and what an error looks like. */
export function bareApp({ log, project }: Pick<AppDeps, 'log' | 'project'>): FastifyInstance {
  const app = fastify({
    loggerInstance: log,
    // One line a request would bury the one line a pass.
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    childLoggerFactory: (logger, bindings, options, request) =>
      logger.child({ ...bindings, ...traceFields(request.headers, project) }, options),
  });
  handleErrors(app);
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      // Whatever has buttons, Flamenco's pages too: under an invisible frame a click is ours and the wish another site's.
      'x-frame-options': 'DENY',
    });
  });
  return app;
}
