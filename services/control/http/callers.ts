import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from './errors.ts';
import { HEALTH } from './health.ts';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Keeps other web sites out, which a browser on this machine would carry here:
 * - a name of theirs that points to this address (DNS rebinding): the host must be one of ours. Its port does not
 *   matter: a name of ours can't be theirs, and a forwarded port (ssh -L) has another number;
 * - a request from their page (cross-site): what changes something, or opens a socket, must come from our own.
 * Programs send neither `Origin` nor `Sec-Fetch-Site` and are let in.
 */
export function guardCallers(app: FastifyInstance, knownHosts: readonly string[]): void {
  const known = new Set(knownHosts);
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.url === HEALTH) return;
    const host = request.headers.host ?? '';
    if (!known.has(nameOf(host))) throw unknownHost(host, knownHosts);
    if (isRead(request)) return;
    const { origin } = request.headers;
    if (origin !== undefined && !isSameOrigin(origin, host)) throw otherSite(origin);
    refuseOtherSites(request);
  });
}

/**
 * Routes that change something take JSON only: a form on another site can send anything else without asking first.
 * Call it in the plugin whose routes need it.
 */
export function wantJson(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (SAFE_METHODS.has(request.method)) return;
    const type = request.headers['content-type'] ?? '';
    if (/^application\/json\s*(;|$)/i.test(type)) return;
    throw new Refusal(
      415,
      'wantsJson',
      `This route takes JSON only, not ${type === '' ? 'a body without a type' : `"${type.slice(0, 60)}"`}.`,
      'Send the header content-type: application/json and a JSON body ({} if there is nothing to say).',
    );
  });
}

/**
 * For callers who are known by a cookie, which a browser sends along whoever makes it ask. All browsers say of which page a
 * request is when it changes something or opens a socket: that this is a page of ours `guardCallers` has seen to, so only
 * silence is left to be refused. (The cookie's `SameSite=Lax` keeps it from such requests of other sites beside that.)
 */
export function wantOwnPage(request: FastifyRequest): void {
  if (isRead(request)) return;
  if (request.headers.origin === undefined && request.headers['sec-fetch-site'] !== 'same-origin')
    throw otherSite('of which the browser says nothing');
}

/**
 * For what changes something, or costs money although it only reads: another site's link or picture must not set it off, nor
 * a neighbour's (`same-site`: all services of a region, all ports of this machine). `none` = a person typed the address.
 */
export function refuseOtherSites({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw otherSite(String(site));
}

/** Opening a web socket is a GET, but one that cross-site pages may send. */
function isRead(request: FastifyRequest): boolean {
  return SAFE_METHODS.has(request.method) && request.headers.upgrade === undefined;
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
  return (
    /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '').toLowerCase() === host.toLowerCase()
  );
}

function unknownHost(host: string, knownHosts: readonly string[]): Refusal {
  return new Refusal(
    421,
    'unknownHost',
    `This service is not called "${host.slice(0, 100)}".`,
    `Use one of these names: ${knownHosts.join(', ')}.`,
  );
}

function otherSite(from: string): Refusal {
  return new Refusal(
    403,
    'otherSite',
    `Requests from other sites (${from.slice(0, 100)}) may not change anything here, or cost anything.`,
    'Use the page of this service, or a program that sends no Origin header.',
  );
}
