import httpProxy from '@fastify/http-proxy';
import type { FastifyInstance } from 'fastify';
import type { AppDeps } from './deps.ts';
import { Refusal } from './errors.ts';

/** Flamenco's own web app, its API, its updates, and its logs and last pictures. */
const PREFIXES = ['/app', '/api/v3', '/socket.io', '/job-files'];

/** Passes what belongs to Flamenco Manager on to it while the farm is up. */
export async function managerRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  // The proxy brings parsers that pass bodies on unread.
  app.removeAllContentTypeParsers();
  app.addHook('onRequest', async () => {
    if (deps.managerUrl() === null) throw farmIsDown();
  });
  for (const prefix of PREFIXES)
    await app.register(httpProxy, {
      prefix,
      rewritePrefix: prefix,
      upstream: '',
      websocket: true,
      disableRequestLogging: true,
      replyOptions: {
        getUpstream: () => deps.managerUrl() ?? '',
        // The client may try again; here nothing waits.
        retryDelay: () => null,
        onError: (reply, { error }) => {
          reply.request.log.warn({ err: error }, 'flamenco manager did not answer');
          reply.send(managerIsSilent());
        },
      },
    });
}

function farmIsDown(): Refusal {
  return new Refusal(
    503,
    'farmIsDown',
    'Flamenco Manager is not there: the farm is down while there is nothing to render.',
    'Wake it from the page, or with POST /farm/wake, and come back in a moment.',
  );
}

function managerIsSilent(): Refusal {
  return new Refusal(
    503,
    'managerIsSilent',
    'Flamenco Manager does not answer.',
    'It may be starting or going down: look at the page and try again.',
  );
}
