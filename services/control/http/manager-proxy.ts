import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AppDeps, ManagerBehind } from './deps.ts';
import { Refusal } from './errors.ts';

/** Flamenco's own web app, its API, its updates, and its logs and last pictures. */
const PREFIXES = ['/app', '/api/v3', '/socket.io', '/job-files'];

/**
 * What is between the caller and us: who he is, and how he came here. And what an API server takes for orders: to act as
 * somebody else.
 */
const OURS =
  /^(authorization|cookie|origin|referer|forwarded|x-forwarded-.*|x-goog-.*|x-serverless-.*|x-tablao-.*|impersonate-.*|x-remote-.*)$/;

type Way = Awaited<ReturnType<ManagerBehind['find']>>;
/** What the proxy's library calls an answer. */
interface Upstream {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}
type Headers = Record<string, string | string[] | undefined>;

/** Passes what belongs to Flamenco Manager on to it while the farm is up. */
export async function managerRoutes(app: FastifyInstance, { manager }: AppDeps): Promise<void> {
  // Half of what the service would load at its start, and one of its two roles does without.
  const { default: httpProxy } = await import('@fastify/http-proxy');
  const ways = new WeakMap<FastifyRequest, NonNullable<Way>>();
  const wayOf = (request: unknown) => ways.get(request as FastifyRequest);
  // The proxy brings parsers that pass bodies on unread.
  app.removeAllContentTypeParsers();
  app.addHook('onRequest', async (request) => {
    const way = await manager.find();
    if (way === null) throw farmIsDown();
    ways.set(request, way);
  });
  for (const prefix of PREFIXES)
    await app.register(httpProxy, {
      prefix,
      rewritePrefix: `${manager.prefix}${prefix}`,
      upstream: '',
      websocket: true,
      disableRequestLogging: true,
      wsClientOptions: {
        rewriteRequestHeaders: (_headers: unknown, request: unknown) => ({ ...wayOf(request)?.headers }),
      },
      replyOptions: {
        getUpstream: (request) => wayOf(request)?.origin ?? '',
        // The client may try again; here nothing waits.
        retryDelay: () => null,
        rewriteRequestHeaders: (request, headers) => ({
          ...withoutOurs(headers),
          // A page that has to be changed on its way must be readable.
          ...(manager.prefix === '' ? {} : { 'accept-encoding': 'identity' }),
          ...wayOf(request)?.headers,
        }),
        rewriteHeaders: (headers) => answerHeaders(headers, manager.prefix),
        onResponse: (request, reply, answer) =>
          void passOn(
            request as FastifyRequest,
            reply as FastifyReply,
            answer as unknown as Upstream,
            manager.prefix,
          ),
        onError: (reply, { error }) => {
          reply.request.log.warn({ err: error }, 'flamenco manager did not answer');
          reply.send(managerIsSilent());
        },
      },
    });
}

function withoutOurs(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OURS.test(name)));
}

/** A redirect leads to where we are, not to where the manager is for us; its cookies would be ours. */
function answerHeaders(headers: Headers, prefix: string): Headers {
  const { location, 'set-cookie': _, ...others } = headers;
  if (typeof location !== 'string') return others;
  const at = prefix === '' ? -1 : location.indexOf(prefix);
  return { ...others, location: at < 0 ? location : location.slice(at + prefix.length) || '/' };
}

/**
 * A Kubernetes service proxy answers in the manager's place when no pod is ready, and puts its own path before every
 * absolute link of a page: both are put right here.
 */
async function passOn(
  request: FastifyRequest,
  reply: FastifyReply,
  { stream, headers = {}, statusCode = 200 }: Upstream,
  prefix: string,
): Promise<void> {
  try {
    const type = String(headers['content-type'] ?? '');
    const isPage = type.startsWith('text/html');
    const isPerhapsProxy = statusCode >= 400 && type.startsWith('application/json');
    if (prefix === '' || !(isPage || isPerhapsProxy)) {
      await reply.send(stream);
      return;
    }
    const text = await textOf(stream);
    reply.removeHeader('content-length');
    if (isPerhapsProxy && isFromProxy(text)) {
      request.log.warn(
        { answer: text.slice(0, 500) },
        'the cluster answered in the place of flamenco manager',
      );
      await reply.send(managerIsSilent());
    } else await reply.send(isPage ? text.replaceAll(prefix, '') : text);
  } catch (err) {
    request.log.warn({ err }, 'flamenco manager broke off');
    if (!reply.sent) await reply.send(managerIsSilent());
  }
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Flamenco's own errors have a code and a message, Kubernetes' are objects of a kind. */
function isFromProxy(text: string): boolean {
  try {
    return JSON.parse(text).kind === 'Status';
  } catch {
    return false;
  }
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
