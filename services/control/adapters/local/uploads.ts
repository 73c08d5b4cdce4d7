import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import { PortError } from '../../ports/errors.ts';
import type { Uploads } from '../../ports/uploads.ts';
import { isInsidePath, resolveInside } from './bucket-paths.ts';
import { errnoOf, fileWork, isAbsent } from './file-errors.ts';
import { appendTo, crcOf, sizeOf } from './upload-file.ts';
import { readJson, renameOver, writeJson } from './whole-files.ts';

interface Options {
  readonly scenesDir: string;
  /** Where uploads that are not whole yet are kept; on the same disk as the scenes, so that they can be moved over. */
  readonly uploadsDir: string;
  readonly clock: { now(): EpochMs };
}

/** Nobody comes back for an upload after so long (Cloud Storage's sessions last as long). */
const FORSAKEN_MS = 7 * 24 * 3_600_000;
/** So much stays free on the disk: frames have to go somewhere. */
const KEEP_FREE_BYTES = 256 * 1024 * 1024;

const metaSchema = z.object({
  path: z.string(),
  size: z.number(),
  /** Once it is whole and in its place. */
  object: z.object({ generation: z.string(), crc32c: z.string() }).nullable(),
});
type Meta = z.infer<typeof metaSchema>;

interface UploadSeen extends Meta {
  readonly received: number;
}

/**
 * Resumable uploads into the scenes folder: `<token>.part` holds the bytes so far (its size is how far it is, so that
 * a crash loses nothing), `<token>.json` what it will be. A whole one is moved to its place in one step.
 */
export function createLocalUploads(options: Options) {
  const scenesDir = resolve(options.scenesDir);
  const uploadsDir = resolve(options.uploadsDir);
  const writing = new Map<string, { readonly end: () => void; readonly ended: Promise<unknown> }>();
  const partOf = (token: string): string => join(uploadsDir, `${token}.part`);
  const metaOf = (token: string): string => join(uploadsDir, `${token}.json`);

  async function readMeta(token: string): Promise<Meta> {
    const found = isToken(token) ? metaSchema.safeParse(await readJson(metaOf(token))) : null;
    if (found?.success !== true) throw new PortError('notFound', 'looking for an upload');
    return found.data;
  }

  async function look(token: string): Promise<UploadSeen> {
    const meta = await readMeta(token);
    return { ...meta, received: meta.object === null ? await sizeOf(partOf(token)) : meta.size };
  }

  /** One writer a token: a client that lost its connection comes again before we have noticed. */
  async function alone<T>(token: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let other = writing.get(token); other !== undefined; other = writing.get(token)) {
      other.end();
      await other.ended;
    }
    const abort = new AbortController();
    const working = work(abort.signal);
    const ended = working.then(noop, noop).then(() => writing.delete(token));
    writing.set(token, { end: () => abort.abort(), ended });
    return working;
  }

  async function append(
    token: string,
    offset: number,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<UploadSeen> {
    const seen = await look(token);
    if (seen.object !== null || (offset !== seen.received && offset !== 0)) return seen;
    const received = await appendTo(partOf(token), { offset, limit: seen.size, body, signal });
    return received === seen.size ? finish(token, seen) : { ...seen, received };
  }

  async function finish(token: string, { path, size }: Meta): Promise<UploadSeen> {
    const crc32c = await crcOf(partOf(token));
    const target = join(scenesDir, ...path.split('/'));
    await makeFolder(scenesDir, dirname(target));
    await moveOver(partOf(token), target);
    const { mtimeNs } = await stat(target, { bigint: true });
    const object = { generation: `${size}-${mtimeNs}`, crc32c };
    await writeJson(metaOf(token), { path, size, object } satisfies Meta);
    return { path, size, object, received: size };
  }

  return {
    /** `origin` is where this service is reached. `PortError('noCapacity')` when the disk has no room for it. */
    begin: (path: string, size: number, origin: string) =>
      fileWork(`beginning the upload of ${path}`, async () => {
        if (!isInsidePath(path)) throw new PortError('invalid', `beginning the upload of ${path}`);
        await mkdir(uploadsDir, { recursive: true });
        await removeForsaken(uploadsDir, options.clock.now());
        const { bavail, bsize } = await statfs(uploadsDir);
        if (size > bavail * bsize - KEEP_FREE_BYTES)
          throw new PortError('noCapacity', `beginning the upload of ${path} (${size} bytes)`);
        const token = randomBytes(24).toString('base64url');
        await writeJson(metaOf(token), { path, size, object: null } satisfies Meta);
        return { url: `${origin}/uploads/${token}` };
      }),

    look: (token: string) => fileWork('looking at an upload', () => look(token)),

    write: (token: string, offset: number, body: AsyncIterable<Uint8Array>) =>
      fileWork('receiving an upload', () => alone(token, (signal) => append(token, offset, body, signal))),

    cancel: (token: string) =>
      fileWork('cancelling an upload', () =>
        alone(token, async () => {
          await readMeta(token);
          await rm(partOf(token), { force: true });
          await rm(metaOf(token), { force: true });
        }),
      ),
  } satisfies Uploads & Record<string, unknown>;
}

function isToken(token: string): boolean {
  return /^[\w-]{32}$/.test(token);
}

/** Links on the way may lead to other places in the bucket, not out of it; so each folder is looked at before the next. */
async function makeFolder(scenesDir: string, folder: string): Promise<void> {
  if (folder !== scenesDir) await makeFolder(scenesDir, dirname(folder));
  await mkdir(folder, { recursive: folder === scenesDir }).catch(async (cause: unknown) => {
    if (errnoOf(cause) === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    const isInTheWay = ['ENOTDIR', 'EEXIST'].includes(errnoOf(cause) ?? '');
    throw isInTheWay ? new PortError('conflict', 'making a folder where a file is', { cause }) : cause;
  });
  if ((await resolveInside(scenesDir, folder)) === null)
    throw new PortError('denied', 'uploading into a folder that leads out of the bucket');
}

async function moveOver(from: string, to: string): Promise<void> {
  try {
    await renameOver(from, to);
  } catch (cause) {
    const isFolder = ['EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(errnoOf(cause) ?? '');
    throw isFolder ? new PortError('conflict', 'uploading a file where a folder is', { cause }) : cause;
  }
}

async function removeForsaken(uploadsDir: string, now: EpochMs): Promise<void> {
  for (const name of await readdir(uploadsDir)) {
    const path = join(uploadsDir, name);
    const found = await stat(path).catch((error: unknown) => {
      if (isAbsent(error)) return null;
      throw error;
    });
    if (found !== null && now - Math.max(found.mtimeMs, await partTime(path)) > FORSAKEN_MS)
      await rm(path, { force: true });
  }
}

/** The description of an upload is as young as its bytes. */
async function partTime(path: string): Promise<EpochMs> {
  if (!path.endsWith('.json')) return 0;
  return stat(path.replace(/\.json$/, '.part')).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

function noop(): void {}
