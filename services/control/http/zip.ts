import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { crc32c } from '@node-rs/crc32';
import { makeZip, predictLength } from 'client-zip';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ObjectSeen, Renders } from '../ports/buckets.ts';
import { PortError } from '../ports/errors.ts';
import { refuseOtherSites } from './callers.ts';
import type { AppDeps } from './deps.ts';
import { Refusal } from './errors.ts';
import type { LongLived } from './long-lived.ts';
import { MAX_ANNOUNCED_BYTES, piecesOf } from './render-pieces.ts';
import { runId } from './status.ts';
import { createZipFinder, type ZipFiles } from './zip-files.ts';

interface Options {
  readonly deps: AppDeps;
  readonly longLived: LongLived;
}

/** A download in a browser begins anew when it breaks off: for more there is a program that goes on. */
const MAX_BYTES = 2_000_000_000;
/** One less than its 16 bits hold, which means "see elsewhere" (zip64, which the library has for lengths only). */
const MAX_FILES = 65_534;

/** What `GET /status/runs/<id>/zip` tells of a zip before it is fetched. */
export interface ZipSeen {
  readonly files: number;
  readonly frames: { readonly proved: number; readonly wanted: number };
  /** Of the zip, exactly. */
  readonly bytes: number;
  /** What Google asks for the traffic, outside of its data centres; 0 on one machine. */
  readonly dollars: number;
  readonly isTooLarge: boolean;
}

/**
 * `GET /runs/<id>/frames.zip`: the proved frames of the version that the run belongs to, as they are (pictures are squeezed
 * already), up to 2 GB. Nothing is read faster than it is taken. A zip has its list of contents at its end, so one that
 * breaks off, for whatever reason, opens nowhere; and a length that is not kept, or chunks without an end, tell the browser.
 */
export async function zipRoutes(app: FastifyInstance, { deps, longLived }: Options): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const find = createZipFinder(deps);
  const schema = { params: z.object({ id: runId }) };

  routes.get('/status/runs/:id/zip', { schema }, async (request): Promise<ZipSeen> => {
    const zip = await find(request.params.id);
    const bytes = lengthOf(zip);
    return {
      files: zip.objects.length,
      frames: { proved: zip.proved.size, wanted: zip.wanted },
      bytes,
      dollars: (bytes / 1024 ** 3) * (deps.egressPricePerGiB ?? 0),
      isTooLarge: isTooLarge(zip, bytes),
    };
  });

  routes.get('/runs/:id/frames.zip', { exposeHeadRoute: false, schema }, async (request, reply) => {
    refuseOtherSites(request);
    const zip = await find(request.params.id);
    const bytes = lengthOf(zip);
    if (zip.objects.length === 0) throw nothingProved();
    if (isTooLarge(zip, bytes)) throw tooLarge(zip, bytes);
    // Both are the same thing of the platform, which has two names for its type.
    const stream = Readable.fromWeb(makeZip(entriesOf(deps.renders, zip)) as ReadableStream);
    const untrack = longLived.track({ end: () => stream.destroy() });
    stream.on('close', untrack);
    if (bytes <= MAX_ANNOUNCED_BYTES) reply.header('content-length', bytes);
    return reply
      .headers({ 'content-disposition': attachment(`${zip.name}.zip`), 'cache-control': 'no-store' })
      .type('application/zip')
      .send(stream);
  });
}

function* metadataOf({ objects, folder, name }: ZipFiles) {
  for (const object of objects)
    yield {
      // Unpacked, it is one folder.
      name: `${name}/${object.path.slice(folder.length)}`,
      size: object.size,
      lastModified: new Date(object.updatedAt),
      object,
    };
}

function lengthOf(zip: ZipFiles): number {
  return Number(predictLength(metadataOf(zip)));
}

function isTooLarge({ objects }: ZipFiles, bytes: number): boolean {
  return bytes > MAX_BYTES || objects.length > MAX_FILES;
}

async function* entriesOf(renders: Renders, zip: ZipFiles) {
  for (const { object, ...metadata } of metadataOf(zip))
    yield { ...metadata, input: wholeObject(renders, object) };
}

/** Its bytes, which must be those that it had when the zip was begun. */
async function* wholeObject(renders: Renders, object: ObjectSeen): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const piece of piecesOf(renders, object.path, 0, object.size)) {
    sum = crc32c(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength), sum);
    yield piece;
  }
  if (!(await isStill(renders, object, sum)))
    throw new PortError('transient', `reading ${object.path}, which was written anew meanwhile`);
}

async function isStill(renders: Renders, object: ObjectSeen, sum: number): Promise<boolean> {
  if (object.crc32c !== null) return Buffer.from(object.crc32c, 'base64').readUInt32BE() === sum;
  // A folder keeps no checksums.
  const now = (await renders.list(object.path)).find(({ path }) => path === object.path);
  return now?.generation === object.generation;
}

/** Names of shots are people's: what a header cannot hold goes in percent signs (RFC 6266). */
function attachment(name: string): string {
  const plain = name.replace(/[^\w.-]/g, '_');
  const exact = encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

function nothingProved(): Refusal {
  return new Refusal(409, 'nothingProved', 'No frame is proved yet.', 'Come back when some are done.');
}

function tooLarge({ objects }: ZipFiles, bytes: number): Refusal {
  return new Refusal(
    413,
    'tooLarge',
    `These are ${objects.length} files of ${(bytes / 1e9).toFixed(1)} GB; a zip holds ${MAX_FILES} of 2 GB at most.`,
    'Fetch them with tablao pull: it goes on where it stopped, and checks every byte.',
  );
}
