import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';

/** An object as Cloud Storage keeps it. */
export interface StoredObject {
  readonly bucket: string;
  readonly name: string;
  readonly generation: string;
  readonly metageneration: number;
  readonly bytes: Buffer;
  /** When these bytes were written. */
  readonly createdAt: number;
  /** When bytes or metadata were written. */
  readonly updatedAt: number;
  readonly settings: ObjectSettings;
}

/** What an uploader may say about an object, in the API's names. */
export interface ObjectSettings {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly cacheControl?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Buckets {
  readonly names: () => readonly string[];
  readonly has: (bucket: string) => boolean;
  readonly create: (bucket: string) => void;
  readonly removeBucket: (bucket: string) => void;
  readonly list: (bucket: string) => readonly StoredObject[];
  readonly find: (bucket: string, name: string) => StoredObject | null;
  readonly put: (bucket: string, name: string, bytes: Buffer, settings?: ObjectSettings) => StoredObject;
  readonly patch: (object: StoredObject, settings: ObjectSettings) => StoredObject;
  readonly remove: (bucket: string, name: string) => void;
}

/** Buckets in memory. Generations grow with the clock and are never given twice, as Google's do. */
export function createBuckets(clock: { now(): number }): Buckets {
  const buckets = new Map<string, Map<string, StoredObject>>();
  let lastGeneration = 0n;
  const nextGeneration = () => {
    const now = BigInt(Math.floor(clock.now())) * 1000n;
    lastGeneration = now > lastGeneration ? now : lastGeneration + 1n;
    return String(lastGeneration);
  };
  const objectsOf = (bucket: string) => buckets.get(bucket) ?? new Map<string, StoredObject>();
  return {
    names: () => [...buckets.keys()].sort(),
    has: (bucket) => buckets.has(bucket),
    create: (bucket) => void buckets.set(bucket, new Map()),
    removeBucket: (bucket) => void buckets.delete(bucket),
    list: (bucket) => [...objectsOf(bucket).values()].sort((a, b) => compareUtf8(a.name, b.name)),
    find: (bucket, name) => objectsOf(bucket).get(name) ?? null,
    put: (bucket, name, bytes, settings = {}) => {
      const now = clock.now();
      const object = {
        ...{ bucket, name, bytes, settings, generation: nextGeneration() },
        ...{ metageneration: 1, createdAt: now, updatedAt: now },
      };
      buckets.get(bucket)?.set(name, object);
      return object;
    },
    patch: (object, settings) => {
      const patched = {
        ...object,
        settings: { ...object.settings, ...settings },
        metageneration: object.metageneration + 1,
        updatedAt: clock.now(),
      };
      buckets.get(object.bucket)?.set(object.name, patched);
      return patched;
    },
    remove: (bucket, name) => void buckets.get(bucket)?.delete(name),
  };
}

export function checksums(bytes: Buffer): { readonly crc32c: string; readonly md5Hash: string } {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32c(bytes));
  return {
    crc32c: sum.toString('base64'),
    md5Hash: createHash('md5').update(bytes).digest('base64'),
  };
}

/** The object as the API describes it. */
export function resourceOf(object: StoredObject, host: string): Readonly<Record<string, unknown>> {
  const { bucket, name, generation, metageneration, bytes, settings } = object;
  const path = `/b/${bucket}/o/${encodeURIComponent(name)}`;
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: `http://${host}/storage/v1${path}`,
    mediaLink: `http://${host}/download/storage/v1${path}?generation=${generation}&alt=media`,
    bucket,
    name,
    generation,
    metageneration: String(metageneration),
    contentType: settings.contentType ?? 'application/octet-stream',
    ...settings,
    storageClass: 'STANDARD',
    size: String(bytes.length),
    ...checksums(bytes),
    etag: etagOf(object),
    timeCreated: new Date(object.createdAt).toISOString(),
    updated: new Date(object.updatedAt).toISOString(),
    timeStorageClassUpdated: new Date(object.createdAt).toISOString(),
  };
}

export function etagOf({ generation, metageneration }: StoredObject): string {
  return Buffer.from(`${generation}/${metageneration}`).toString('base64');
}

/**
 * Whether the conditions of a request hold for what is there now. `0` means absent. The answer that tells why not:
 * 412, or 304 for a read that wanted something else than what is there.
 */
export function unmetCondition(query: URLSearchParams, object: StoredObject | null): 412 | 304 | null {
  const generation = object?.generation ?? '0';
  const metageneration = String(object?.metageneration ?? 0);
  const wanted = (name: string) => query.get(name);
  const isUnequal = (name: string, value: string) => wanted(name) !== null && wanted(name) !== value;
  if (isUnequal('ifGenerationMatch', generation) || isUnequal('ifMetagenerationMatch', metageneration))
    return 412;
  if (wanted('ifGenerationNotMatch') === generation || wanted('ifMetagenerationNotMatch') === metageneration)
    return 304;
  return null;
}

function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
