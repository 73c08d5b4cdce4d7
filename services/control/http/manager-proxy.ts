import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AppDeps } from './deps.ts';
import { Refusal } from './errors.ts';
import type { FlamencoProxy } from './flamenco-proxy.ts';
import { personOf } from './people.ts';

/** Flamenco's own web app, its API, its updates, and its logs and last pictures. */
const PREFIXES = ['/app', '/api/v3', '/socket.io', '/job-files'];
const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** A request that wants to go on as a web socket. */
interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
  readonly response: ServerResponse;
}

/** Passes what belongs to Flamenco Manager on to it while the farm is up, to whom the app lets in. */
export async function managerRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  let opened: Promise<FlamencoProxy> | null = null;
  // Half of what the service would load at its start, and most starts are for something else.
  const open = () => {
    opened ??= import('./flamenco-proxy.ts').then((library) => library.createFlamencoProxy(PREFIXES, deps));
    return opened;
  };
  const upgrades = upgradesOf(app);
  app.addHook('onRequest', async (request, reply) => {
    const { raw } = request;
    const way = await deps.manager.find();
    if (way === null) throw farmIsDown();
    logChange(request);
    const proxy = await open();
    const upgrade = upgrades.get(raw);
    reply.hijack();
    if (upgrade === undefined) return proxy.pass(raw, reply.raw, way);
    upgrade.response.detachSocket(upgrade.socket);
    proxy.upgrade(raw, upgrade.socket, upgrade.head, way);
  });
  for (const prefix of PREFIXES)
    for (const url of [prefix, `${prefix}/*`])
      app.route({ method: METHODS, url, handler: () => Promise.reject(new Error('passed on already')) });
  app.addHook('preClose', async () => {
    if (opened !== null) await (await opened).close();
  });
}

/** Flamenco does not know who asks; its own updates are no change. */
function logChange(request: FastifyRequest): void {
  const { method, url } = request;
  if (method === 'GET' || method === 'HEAD' || !url.startsWith('/api/')) return;
  const path = url.split('?', 1)[0];
  request.log.info({ by: personOf(request), method, path }, 'asked of flamenco manager');
}

/** Web sockets come past the router: they are sent through it all the same, so that everybody is asked who he is. */
function upgradesOf(app: FastifyInstance): WeakMap<IncomingMessage, Upgrade> {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>();
  app.server.on('upgrade', (request, stream, head) => {
    // Of a server that speaks HTTP over TCP.
    const socket = stream as Socket;
    socket.on('error', () => socket.destroy());
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    // Only of an answer that was given here: who is let in keeps his socket.
    response.on('finish', () => socket.destroy());
    upgrades.set(request, { socket, head, response });
    app.routing(request, response);
  });
  return upgrades;
}

function farmIsDown(): Refusal {
  return new Refusal(
    503,
    'farmIsDown',
    'Flamenco Manager is not there: the farm is down while there is nothing to render.',
    'Wake it from the page, or with POST /farm/wake, and come back in a moment.',
  );
}
