import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crcOf } from '../../control/adapters/local/upload-file.ts';
import { createPatience } from '../service/patience.ts';
import { refusalOf, type ServiceClient, ServiceError } from '../service/service-client.ts';
import { createStall } from '../service/stall.ts';

/** One object of the renders bucket: what `POST /renders/look` says. */
export interface RemoteFile {
  readonly path: string;
  readonly size: number;
  readonly generation: string;
  readonly crc32c: string;
  /** RFC 3339 in UTC. */
  readonly updatedAt: string;
}

/** What came cannot be kept here. */
export class DiskError extends Error {
  override readonly name = 'DiskError';

  constructor(target: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${target} cannot be written: ${why}.`, { cause });
  }
}

/** Bytes that came with a wrong checksum are fetched anew, not for ever. */
const WRONG_AT_MOST = 3;

/** Whether the file is here with exactly these bytes. */
export async function isHere(target: string, { size, crc32c }: RemoteFile): Promise<boolean> {
  const found = await stat(target).catch(() => null);
  return found?.isFile() === true && found.size === size && (await crcOf(target)) === crc32c;
}

/**
 * Fetches an object into a file, which appears only when it is whole and its checksum is right. What came of the same
 * generation before is kept beside it and gone on with. Throws `ServiceError` or `DiskError`.
 */
export async function fetchFile(
  client: ServiceClient,
  remote: RemoteFile,
  target: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const part = partOf(target, remote);
  await onDisk(target, makePart(part));
  const patience = createPatience();
  for (let wrong = 0; ; ) {
    try {
      const before = await sizeOf(part);
      if (before < remote.size) await fetchRest(client, remote, part, before, onBytes);
      if ((await sizeOf(part)) > before) patience.reset();
      if ((await sizeOf(part)) < remote.size) throw new ServiceError('The connection was lost.', null);
      if ((await crcOf(part)) === remote.crc32c) break;
      await truncate(part);
      wrong += 1;
      if (wrong === WRONG_AT_MOST)
        throw new ServiceError(`${remote.path} came with other bytes than it has (${wrong} times).`, 409);
    } catch (error) {
      if (!(error instanceof ServiceError) || !error.isPassing || !(await patience.wait())) throw error;
    }
  }
  await onDisk(target, rename(part, target));
}

/** Of what has another generation by now nothing more is to come. */
export async function dropPart(remote: RemoteFile, target: string): Promise<void> {
  await rm(partOf(target, remote), { force: true });
}

async function makePart(part: string): Promise<void> {
  await mkdir(dirname(part), { recursive: true });
  await (await open(part, 'a')).close();
}

async function onDisk<T>(target: string, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new DiskError(target, cause);
  });
}

async function fetchRest(
  client: ServiceClient,
  { path, size }: RemoteFile,
  part: string,
  from: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const stall = createStall();
  try {
    const url = `/renders/${path.split('/').map(encodeURIComponent).join('/')}`;
    const response = await client.open(url, { range: `bytes=${from}-${size - 1}` }, stall.signal);
    if (response.status !== 206) throw await unexpected(response);
    await using file = await onDisk(part, open(part, 'r+'));
    let at = from;
    for await (const piece of response.body ?? []) {
      stall.touch();
      await onDisk(part, file.write(piece, 0, piece.length, at));
      at += piece.length;
      onBytes(piece.length);
    }
  } catch (cause) {
    if (cause instanceof ServiceError || cause instanceof DiskError) throw cause;
    throw new ServiceError('The connection was lost.', null, { cause });
  } finally {
    stall.end();
  }
}

/** A whole answer where a part was asked for would be put in the wrong place. */
async function unexpected(response: Response): Promise<ServiceError> {
  if (!response.ok) return refusalOf(response);
  await response.body?.cancel();
  return new ServiceError(
    `The service answered ${response.status} where a part of a file was asked for.`,
    502,
  );
}

/** Bytes of another generation must never be gone on with, so it is in the name. */
function partOf(target: string, { path, generation, crc32c }: RemoteFile): string {
  const mark = createHash('sha256').update(`${path} ${generation} ${crc32c}`).digest('hex').slice(0, 16);
  return join(dirname(target), `.tablao-${mark}.part`);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}
