import { crcOf } from '../../control/adapters/local/upload-file.ts';
import { isBlend } from '../../control/core/catalog.ts';
import { forEachAtOnce } from '../service/at-once.ts';
import { createPatience, untilItPasses } from '../service/patience.ts';
import { type ServiceClient, ServiceError } from '../service/service-client.ts';
import { type FileToSend, SubmitError } from './plan.ts';
import { putFile, SessionGone } from './put-file.ts';
import type { Sessions, UploadKey } from './sessions.ts';

/** One file as the manifest of `<shot>.render.json` names it. */
export interface ManifestEntry {
  readonly path: string;
  readonly size: number;
  readonly crc32c: string;
}

/** How far it is. Bytes and files that the bucket had already count as done. */
export interface SendProgress {
  readonly filesDone: number;
  readonly files: number;
  readonly bytesDone: number;
  readonly bytes: number;
}

interface Options {
  readonly client: ServiceClient;
  readonly sessions: Sessions;
  readonly onProgress: (progress: SendProgress) => void;
}

export interface Sent {
  readonly manifest: readonly ManifestEntry[];
  /** How many files the bucket had already. */
  readonly known: number;
}

/** What `POST /scenes/look` says of each path that is there; `crc32c` `null` = it is being computed. */
interface LookAnswer {
  readonly files: readonly { readonly path: string; readonly size: number; readonly crc32c: string | null }[];
}

const LOOK_AT_ONCE = 200;
const STREAMS = 4;

/**
 * Sends what the scenes bucket does not have yet, several files at once, each resumed where an earlier try left it.
 * Throws `SubmitError` when a file changes meanwhile, `ServiceError` when the service or the network is gone for long.
 */
export async function sendFiles(files: readonly FileToSend[], options: Options): Promise<Sent> {
  const { client, sessions, onProgress } = options;
  const manifest: ManifestEntry[] = [];
  for (const { path, size, source } of files) manifest.push({ path, size, crc32c: await checksumOf(source) });
  const isThere = await thereAlready(client, manifest);
  const keys = new Map(manifest.map((entry) => [entry.path, { service: client.url, ...entry }]));
  // Where an earlier go was ended right after its last byte.
  for (const [path, key] of keys) if (isThere.has(path)) await sessions.forget(key);
  const sentBytes = new Map(files.map(({ path, size }) => [path, isThere.has(path) ? size : 0]));
  const done = new Set(isThere);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const tell = () =>
    onProgress({
      filesDone: done.size,
      files: files.length,
      bytesDone: [...sentBytes.values()].reduce((sum, one) => sum + one, 0),
      bytes,
    });
  tell();
  const send = async (file: FileToSend): Promise<void> => {
    const key = keys.get(file.path);
    if (key === undefined) return;
    await sendFile(client, sessions, file, key, (sent) => {
      sentBytes.set(file.path, sent);
      tell();
    });
    done.add(file.path);
    tell();
  };
  const rest = files.filter(({ path }) => !isThere.has(path));
  // Without a manifest of before, a new .blend is rendered as soon as its folder is quiet: not with the textures of before.
  await forEachAtOnce(
    rest.filter(({ path }) => !isBlend(path)),
    STREAMS,
    send,
  );
  await forEachAtOnce(
    rest.filter(({ path }) => isBlend(path)),
    STREAMS,
    send,
  );
  return { manifest, known: isThere.size };
}

/** Sends one file, in a new session when the one before is gone. */
async function sendFile(
  client: ServiceClient,
  sessions: Sessions,
  { source, path, size }: FileToSend,
  key: UploadKey,
  onBytes: (sent: number) => void,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const known = await sessions.find(key);
    const url = known ?? (await begin(client, path, size));
    if (known === null) await sessions.remember(key, url);
    try {
      await putFile({ url, file: source, size, isNew: known === null, onBytes });
      break;
    } catch (error) {
      if (!(error instanceof SessionGone)) throw error;
      await sessions.forget(key);
      if (attempt === 2) throw new ServiceError(`${path} cannot be uploaded: ${error.message}.`, 410);
    }
  }
  await sessions.forget(key);
  // What went out is what was read at that time: a file that was saved meanwhile is no longer what the manifest says.
  if ((await checksumOf(source)) !== key.crc32c)
    throw new SubmitError(`${source} was changed while it was sent. Run the same command again.`);
}

async function begin(client: ServiceClient, path: string, size: number): Promise<string> {
  const { url } = await untilItPasses(() =>
    client.post<{ readonly url: string }>('/uploads', { path, size }),
  );
  return url;
}

/** Paths whose bytes the bucket has already. What is not certain is sent once more. */
async function thereAlready(
  client: ServiceClient,
  manifest: readonly ManifestEntry[],
): Promise<ReadonlySet<string>> {
  const same = new Set<string>();
  for (let from = 0; from < manifest.length; from += LOOK_AT_ONCE) {
    const some = manifest.slice(from, from + LOOK_AT_ONCE);
    const wanted = new Map(some.map((entry) => [entry.path, entry]));
    for (const seen of await look(client, [...wanted.keys()])) {
      const entry = wanted.get(seen.path);
      if (entry?.size === seen.size && entry.crc32c === seen.crc32c) same.add(seen.path);
    }
  }
  return same;
}

/** Checksums that are being computed are waited for a little: sending gigabytes again takes longer. */
async function look(client: ServiceClient, paths: readonly string[]): Promise<LookAnswer['files']> {
  const patience = createPatience();
  for (;;) {
    const { files } = await untilItPasses(() => client.post<LookAnswer>('/scenes/look', { paths }));
    if (files.every(({ crc32c }) => crc32c !== null) || !(await patience.wait())) return files;
  }
}

async function checksumOf(source: string): Promise<string> {
  return crcOf(source).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SubmitError(`${source} cannot be read: ${why}`, { cause });
  });
}
