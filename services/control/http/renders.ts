import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PortError } from '../ports/errors.ts';
import { readRange } from './byte-range.ts';
import type { AppDeps } from './deps.ts';
import { pathProblem } from './object-paths.ts';
import { MAX_ANNOUNCED_BYTES, PIECE_BYTES, piecesOf } from './render-pieces.ts';

/** What browsers may show. Nothing that can run: everything else is bytes to download. */
const TYPES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.exr': 'image/x-exr',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

/** `GET /renders/<path>`: thumbnails, frames and previews out of the renders bucket, with ranges. */
export async function renderRoutes(app: FastifyInstance, { renders }: AppDeps): Promise<void> {
  app.get<{ Params: { '*': string } }>('/renders/*', async (request, reply) => {
    const path = request.params['*'];
    if (pathProblem(path) !== null) throw new PortError('notFound', 'reading a render');
    reply.headers({
      'content-type': TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream',
      'content-security-policy': "default-src 'none'; sandbox",
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
    });
    const first = request.headers.range === undefined ? await renders.read(path, 0, PIECE_BYTES) : null;
    if (first !== null && first.length < PIECE_BYTES) return sendSmall(request, reply, first);
    return sendLarge(request, reply, path);
  });

  async function sendLarge(
    request: FastifyRequest,
    reply: FastifyReply,
    path: string,
  ): Promise<FastifyReply> {
    const object = (await renders.list(path)).find((one) => one.path === path);
    if (object === undefined) throw new PortError('notFound', `reading ${path}`);
    const etag = `"${digest(Buffer.from(`${object.generation}/${object.size}`))}"`;
    reply.header('etag', etag);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    const ifRange = request.headers['if-range'];
    const isSame = ifRange === undefined || ifRange === etag;
    const range = readRange(isSame ? request.headers.range : undefined, object.size);
    if (range.kind === 'outside')
      return reply.code(416).header('content-range', `bytes */${object.size}`).send();
    if (range.kind === 'whole') return sendBytes(reply.code(200), path, 0, object.size);
    reply.header('content-range', `bytes ${range.start}-${range.end - 1}/${object.size}`);
    return sendBytes(reply.code(206), path, range.start, range.end);
  }

  function sendBytes(reply: FastifyReply, path: string, start: number, end: number): FastifyReply {
    const bytes = end - start;
    if (bytes <= MAX_ANNOUNCED_BYTES) reply.header('content-length', bytes);
    return reply.send(Readable.from(piecesOf(renders, path, start, end)));
  }
}

function sendSmall(request: FastifyRequest, reply: FastifyReply, bytes: Uint8Array): FastifyReply {
  const etag = `"${digest(bytes)}"`;
  reply.header('etag', etag);
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
}
