import { extname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PortError } from '../ports/errors.ts';
import type { AppDeps } from './deps.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where browsers send the bytes of uploads when this service does not take them. */
const CLOUD_STORAGE = 'https://storage.googleapis.com';

/** Only our own files run and are shown; nobody may put the page into a frame. */
function policy(takesUploads: boolean): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "media-src 'self'",
    `connect-src 'self'${takesUploads ? '' : ` ${CLOUD_STORAGE}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const squeeze = promisify(gzip);

/** `GET /`: what people see. */
export async function pageRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  const security = {
    'content-security-policy': policy(deps.uploadStore !== null),
    vary: 'accept-encoding',
  };
  const squeezed = new Map<string, Promise<Uint8Array>>();

  app.get('/', (request, reply) => send(request, reply, 'index.html'));
  app.get('/favicon.ico', (request, reply) => send(request, reply, 'icon.svg'));
  app.get<{ Params: { '*': string } }>('/page/*', (request, reply) =>
    send(request, reply, `page/${request.params['*']}`),
  );

  async function send(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
    const bytes = (await deps.page()).get(path);
    if (bytes === undefined) throw new PortError('notFound', `reading ${path}`);
    // The names under page/ change with their bytes.
    const cache = path.startsWith('page/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    reply.headers({ ...security, 'cache-control': cache });
    reply.type(TYPES[extname(path)] ?? 'application/octet-stream');
    if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(bytes);
    const small = squeezed.get(path) ?? squeeze(bytes);
    squeezed.set(path, small);
    return reply.header('content-encoding', 'gzip').send(await small);
  }
}
