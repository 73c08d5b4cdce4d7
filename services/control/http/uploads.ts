import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { wantJson } from './callers.ts';
import { recordUpload } from './command-records.ts';
import { readUploadPut, type UploadPut } from './content-range.ts';
import type { AppDeps, UploadSeen, UploadStore } from './deps.ts';
import { Refusal } from './errors.ts';
import type { LongLived } from './long-lived.ts';
import { uploadPathProblem } from './object-paths.ts';
import { personOf } from './people.ts';

/** The largest object of Cloud Storage. */
const MAX_BYTES = 5 * 1024 ** 4;

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;

const beginBody = z.strictObject({ path: z.string(), size: z.int().min(0).max(MAX_BYTES) });

/** `POST /uploads {path, size}` → `{url}`: where the bytes are then PUT, in one or several goes. */
export async function uploadRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  wantJson(app);
  app
    .withTypeProvider<ZodTypeProvider>()
    .post('/uploads', { schema: { body: beginBody } }, async (request, reply) => {
      const { path, size } = request.body;
      const problem = uploadPathProblem(path);
      if (problem !== null)
        throw new Refusal(
          400,
          'badPath',
          `"${path.slice(0, 200)}" cannot be uploaded: ${problem}.`,
          'Rename it.',
        );
      const by = personOf(request);
      const begun = await deps.uploads.begin(path, size, originOf(request), by);
      request.log.info({ by, path, size }, 'upload begun');
      return reply.code(201).send(begun);
    });
}

/**
 * Where the browser is that will send the bytes: only there may it read the answers. Our own page, as it says itself
 * (guardCallers has compared it with the host); or a page on the person's machine that a proxy of ours shows, which says so.
 * Programs say nothing and need nothing.
 */
function originOf(request: FastifyRequest): string {
  const shown = request.headers['x-tablao-origin'];
  if (typeof shown === 'string' && LOOPBACK.test(shown)) return shown;
  return request.headers.origin ?? `${request.protocol}://${request.host}`;
}

interface ReceiveOptions {
  readonly deps: AppDeps;
  readonly store: UploadStore;
  readonly longLived: LongLived;
}

interface UploadRequest {
  Params: { token: string };
}

/**
 * `PUT /uploads/<token>`: takes the bytes with the protocol of Cloud Storage's resumable uploads, so that a client need
 * not know where it uploads to. 308 with `Range: bytes=0-N` = so much is here, go on; 200 = whole and in its place.
 */
export async function receiveRoutes(
  app: FastifyInstance,
  { deps, store, longLived }: ReceiveOptions,
): Promise<void> {
  // Bodies of any type and size are passed on as they come.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  app.put<UploadRequest>('/uploads/:token', async (request, reply) => {
    const put = readUploadPut(request.headers['content-range'], request.headers['content-length']);
    const { token } = request.params;
    const before = await store.look(token);
    if (put.kind === 'bad' || (put.total !== null && put.total !== before.size)) throw badRange(before);
    const after = await goOn(request, before, put);
    // Also when it was whole before: perhaps it could not be written down that time.
    if (after.object !== null) await recordUpload(deps, after.path, after.object.generation);
    return answer(request, reply, after);
  });

  app.delete<UploadRequest>('/uploads/:token', async (request, reply) => {
    await store.cancel(request.params.token);
    return reply.code(204).send();
  });

  async function goOn(
    request: FastifyRequest<UploadRequest>,
    before: UploadSeen,
    put: Exclude<UploadPut, { readonly kind: 'bad' }>,
  ): Promise<UploadSeen> {
    const { token } = request.params;
    if (before.object !== null) return before;
    if (put.kind === 'bytes') return receive(request, token, put.offset);
    // All its bytes came and it could not be put in its place: nobody has any more bytes to send, so it is tried now.
    return before.received === before.size ? store.write(token, before.received, nothing()) : before;
  }

  async function receive(request: FastifyRequest, token: string, offset: number): Promise<UploadSeen> {
    const untrack = longLived.track({ end: () => request.raw.destroy() });
    try {
      return await store.write(token, offset, bodyOf(request));
    } finally {
      untrack();
    }
  }
}

function answer(request: FastifyRequest, reply: FastifyReply, seen: UploadSeen): FastifyReply {
  // A body that nobody read would be taken for the next request of this connection.
  if (!request.raw.readableEnded) request.raw.resume();
  if (seen.object !== null)
    return reply.code(200).send({
      kind: 'storage#object',
      name: seen.path,
      size: String(seen.size),
      generation: seen.object.generation,
      ...(seen.object.crc32c === null ? {} : { crc32c: seen.object.crc32c }),
    });
  if (seen.received > 0) reply.header('range', `bytes=0-${seen.received - 1}`);
  return reply.code(308).header('content-length', 0).send();
}

/** An empty body has no parser and so no stream. */
function bodyOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return (request.body as AsyncIterable<Uint8Array> | null | undefined) ?? nothing();
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function badRange({ size, received }: UploadSeen): Refusal {
  return new Refusal(
    400,
    'badRange',
    `The Content-Range does not fit this upload of ${size} bytes, of which ${received} are here.`,
    `Go on with: Content-Range: bytes ${received}-${Math.max(received, size - 1)}/${size}.`,
  );
}
