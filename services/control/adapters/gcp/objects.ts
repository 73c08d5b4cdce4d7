import { addAbortSignal } from 'node:stream';
import type { Bucket, File } from '@google-cloud/storage';
import { crc32c } from '@node-rs/crc32';
import { z } from 'zod';
import type { ObjectSeen } from '../../ports/buckets.ts';
import { isPortError, PortError } from '../../ports/errors.ts';
import { cloudWork } from './errors.ts';

/** What a listing or a look-up brings of each object. */
const FIELDS = 'name,generation,size,timeCreated,crc32c,metadata';
/** The key of an object's own metadata that names who sent it. */
export const SENT_BY = 'tablao-sent-by';
const MAX_NAME_BYTES = 1024;
const OUTSIDE_OF_OBJECT = 416;

/** The object's bytes and what it was when they were sent. */
interface ObjectRead {
  readonly bytes: Uint8Array;
  readonly generation: string;
}

interface Range {
  readonly offset: number;
  readonly length: number;
}

interface Writing {
  readonly contentType: string;
  /** The generation that is replaced; `'0'` = only where there is none; left out = whatever is there. */
  readonly ifGeneration?: string;
  /** Custom metadata. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Whether Cloud Storage can have an object of this name that is a file to us. A name that is `..` would also lead to
 * another resource: clients put names into the path of a URL.
 */
export function isObjectName(name: string): boolean {
  if (name === '' || name === '.' || name === '..') return false;
  if (name.startsWith('/') || name.endsWith('/') || /[\r\n\0]/.test(name)) return false;
  return Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/**
 * All files that fit, page by page; a page that fails fails all, so that nothing is taken for absent. Stops with the page
 * on which there are more than `limit`.
 */
export async function listObjects(
  bucket: Bucket,
  query: { readonly prefix?: string; readonly delimiter?: string; readonly matchGlob?: string },
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly ObjectSeen[]> {
  const doing = `listing gs://${bucket.name}/${query.prefix ?? ''}`;
  const objects: ObjectSeen[] = [];
  let pageToken: string | undefined;
  do {
    const page = { ...query, ...(pageToken === undefined ? {} : { pageToken }) };
    const [files, next] = await cloudWork(doing, () =>
      bucket.getFiles({ ...page, autoPaginate: false, fields: `items(${FIELDS}),nextPageToken` }),
    );
    // gcsfuse and others make an object `folder/` for a folder.
    objects.push(...files.map((file) => objectSeen(file, doing)).filter(({ path }) => isObjectName(path)));
    pageToken = (next as { pageToken?: string } | null)?.pageToken;
  } while (pageToken !== undefined && objects.length <= limit);
  return objects;
}

/** `null` = known to be absent. */
export async function lookAtObject(file: File): Promise<ObjectSeen | null> {
  const doing = `looking at ${file.cloudStorageURI.href}`;
  try {
    const [metadata] = await cloudWork(doing, () => file.getMetadata({ fields: FIELDS } as object));
    return objectSeen(metadata, doing);
  } catch (error) {
    if (isPortError(error, 'notFound')) return null;
    throw error;
  }
}

/**
 * The bytes as they are stored (not unpacked, where `Content-Encoding` says gzip). `range` may go past the end of the
 * object; whole objects are checked against their CRC-32C. A file with a generation reads exactly that one.
 */
export function readObject(file: File, range: Range | null): Promise<ObjectRead> {
  return cloudWork(`reading ${file.name}`, async (signal) => {
    const part = range === null ? {} : { start: range.offset, end: range.offset + range.length - 1 };
    // Of a large whole object Node warns of 11 listeners: the client's layers (node-fetch, teeny-request, its own) put as many on
    // each response's body, also where we read nothing ourselves (`file.download()`), and they go with it. It is no leak.
    const stream = file.createReadStream({ ...part, decompress: false, validation: range === null });
    let generation = '';
    stream.on('response', ({ headers }: { headers: Readonly<Record<string, string>> }) => {
      generation = headers['x-goog-generation'] ?? '';
    });
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of addAbortSignal(signal, stream)) chunks.push(chunk);
    } catch (error) {
      if (range === null || !isOutside(error)) throw error;
      return { bytes: new Uint8Array(), generation };
    }
    return { bytes: Buffer.concat(chunks), generation };
  });
}

/** Writes the whole object in one request and returns its generation. `PortError('conflict')` when the condition fails. */
export async function writeObject(
  file: File,
  bytes: Uint8Array,
  { contentType, ifGeneration, labels }: Writing,
): Promise<string> {
  const doing = `writing ${file.name}`;
  await cloudWork(doing, () =>
    file.save(Buffer.from(bytes), {
      resumable: false,
      // The server compares before it takes it in. The client's own check would come after and delete the object.
      validation: false,
      metadata: { contentType, crc32c: checksum(bytes), ...(labels && { metadata: { ...labels } }) },
      ...(ifGeneration === undefined ? {} : { preconditionOpts: { ifGenerationMatch: ifGeneration } }),
    }),
  );
  const { generation } = file.metadata;
  if (generation === undefined) throw new PortError('transient', `${doing}: the answer has no generation`);
  return String(generation);
}

/** Absent already is success. `PortError('conflict')` when it is another generation than `ifGeneration`. */
export async function deleteObject(file: File, ifGeneration?: string): Promise<void> {
  const condition = ifGeneration === undefined ? {} : { ifGenerationMatch: ifGeneration };
  await cloudWork(`deleting ${file.name}`, () => file.delete(condition)).catch((error: unknown) => {
    if (!isPortError(error, 'notFound')) throw error;
  });
}

const metadataSchema = z
  .object({
    name: z.string(),
    generation: z.coerce.string(),
    size: z.coerce.number(),
    // Not `updated`, which also moves when only the metadata changes.
    timeCreated: z.iso.datetime(),
    crc32c: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .transform(
    ({ name, generation, size, timeCreated, crc32c: sum, metadata }): ObjectSeen => ({
      path: name,
      generation,
      size,
      updatedAt: Date.parse(timeCreated),
      crc32c: sum ?? null,
      ...(metadata?.[SENT_BY] !== undefined && { sentBy: metadata[SENT_BY] }),
    }),
  );

function objectSeen(metadata: unknown, doing: string): ObjectSeen {
  const { data, error } = metadataSchema.safeParse(metadata);
  if (data !== undefined) return data;
  throw new PortError('transient', `${doing}: an answer that cannot be understood`, { cause: error });
}

function checksum(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32c(Buffer.from(bytes)));
  return sum.toString('base64');
}

function isOutside(error: unknown): boolean {
  return error instanceof Error && 'code' in error && Number(error.code) === OUTSIDE_OF_OBJECT;
}
