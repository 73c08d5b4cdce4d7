import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import httpProxy from '@fastify/http-proxy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bareApp } from './bare-app.ts';
import type { AppDeps, ManagerBehind } from './deps.ts';
import { Refusal } from './errors.ts';

/**
 * What is between the caller and us: who he is, and how he came here. And what an API server takes for orders: to act as
 * somebody else.
 */
const OURS =
  /^(authorization|cookie|origin|referer|forwarded|x-forwarded-.*|x-goog-.*|x-serverless-.*|x-tablao-.*|impersonate-.*|x-remote-.*)$/;

/** Where the manager is, and with which headers it is reached. */
type Way = NonNullable<Awaited<ReturnType<ManagerBehind['find']>>>;

/** What the proxy's library calls an answer. */
interface Upstream {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}
type Headers = Record<string, string | string[] | undefined>;

/** Takes over requests that somebody else has let in. */
export interface FlamencoProxy {
  pass(request: IncomingMessage, response: ServerResponse, way: Way): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, way: Way): void;
  close(): Promise<void>;
}

/**
 * Passes requests for these prefixes on to Flamenco Manager: an app of its own that listens to nothing, because the library
 * is loaded with the first of them and an app that has started takes no further routes.
 */
export async function createFlamencoProxy(
  prefixes: readonly string[],
  { log, project, manager }: Pick<AppDeps, 'log' | 'project' | 'manager'>,
): Promise<FlamencoProxy> {
  const ways = new WeakMap<IncomingMessage, Way>();
  const wayOf = (request: unknown) => ways.get((request as FastifyRequest).raw);
  const app = bareApp({ log, project });
  // The proxy brings parsers that pass bodies on unread.
  app.removeAllContentTypeParsers();
  for (const prefix of prefixes)
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
  await app.ready();
  return {
    pass: (request, response, way) => {
      ways.set(request, way);
      app.routing(request, response);
    },
    upgrade: (request, socket, head, way) => {
      ways.set(request, way);
      app.server.emit('upgrade', request, socket, head);
    },
    close: () => app.close(),
  };
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

function managerIsSilent(): Refusal {
  return new Refusal(
    503,
    'managerIsSilent',
    'Flamenco Manager does not answer.',
    'It may be starting or going down: look at the page and try again.',
  );
}
