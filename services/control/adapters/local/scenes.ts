import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { EpochMs } from '../../core/time.ts';
import type { ObjectSeen, Scenes } from '../../ports/buckets.ts';
import { PortError } from '../../ports/errors.ts';
import { isInsidePath, locate } from './bucket-paths.ts';
import { createChecksums } from './checksums.ts';
import { fileWork, isAbsent } from './file-errors.ts';
import { readRange } from './read-range.ts';
import { isSceneFileName } from './scene-names.ts';
import type { StorageNow } from './storage-clock.ts';
import { walkFiles } from './walk-files.ts';

interface Options {
  readonly dir: string;
  readonly storageNow: StorageNow;
  /** Told of each file that is left out because its name is no UTF-8. */
  readonly onOddName?: (path: string) => void;
}

/** A file that has not changed for so long is whole: programs that copy or save write on without such a pause. */
export const HOLD_STILL_MS = 2000;

interface Found {
  readonly generation: string;
  readonly size: number;
  readonly updatedAt: EpochMs;
}

/** The scenes bucket as a folder. */
export function createLocalScenes({ dir, storageNow, onOddName }: Options): Scenes {
  const stillness = createStillness();
  const checksums = createChecksums({ generationOf: async (path) => (await find(path))?.generation ?? null });

  async function find(path: string): Promise<(Found & { readonly file: string }) | null> {
    const parts = path.split('/');
    if (!parts.every(isSceneFileName)) return null;
    const file = await locate(dir, path);
    const found = file === null ? null : await inspect(path, file);
    return file === null || found === null ? null : { ...found, file };
  }

  async function inspect(path: string, file: string): Promise<Found | null> {
    const stats = await statIfThere(file);
    if (stats === null || !stats.isFile()) return null;
    const found = describe(stats, await storageNow());
    return stillness.isWhole(path, found, await storageNow()) ? found : null;
  }

  function seen(path: string, { generation, size, updatedAt }: Found): ObjectSeen {
    return { path, generation, size, updatedAt, crc32c: checksums.known(path, generation) };
  }

  return {
    list: () =>
      fileWork('listing scenes', async () => {
        const objects: ObjectSeen[] = [];
        for await (const { path, file } of walkFiles({
          dir,
          under: '',
          isWanted: isSceneFileName,
          onOddName,
        })) {
          const found = await inspect(path, file);
          if (found !== null) objects.push(seen(path, found));
        }
        return objects;
      }),

    look: (path) =>
      fileWork(`looking at ${path}`, async () => {
        const found = await find(path);
        if (found === null) return null;
        const object = seen(path, found);
        if (object.crc32c === null) checksums.want(path, found.file, found.generation);
        return object;
      }),

    listUnder: (prefix, { isDeep, limit }) =>
      fileWork(`listing ${prefix}`, async () => {
        const under = prefix.slice(0, prefix.lastIndexOf('/') + 1);
        const objects: ObjectSeen[] = [];
        if (under !== '' && !isFolderPath(under)) return { objects, isWhole: true };
        const isWanted = isSceneFileName;
        for await (const { path, file } of walkFiles({ dir, under, prefix, isWanted, isDeep, onOddName })) {
          if (objects.length >= limit) return { objects, isWhole: false };
          const found = await inspect(path, file);
          if (found !== null) objects.push(seen(path, found));
        }
        return { objects, isWhole: true };
      }),

    read: (path, generation, offset, length) =>
      fileWork(`reading ${path}`, async () => {
        const gone = new PortError('notFound', `reading ${path} of generation ${generation}`);
        const file = await locate(dir, path);
        if (file === null) throw gone;
        await using handle = await open(file, 'r').catch((error: unknown) => {
          throw isAbsent(error) ? gone : error;
        });
        const isSame = async () => generationOf(await handle.stat({ bigint: true })) === generation;
        if (!(await isSame())) throw gone;
        const bytes = await readRange(handle, offset, length);
        if (!(await isSame())) throw gone;
        return bytes;
      }),
  };
}

function isFolderPath(under: string): boolean {
  const path = under.slice(0, -1);
  return isInsidePath(path) && path.split('/').every(isSceneFileName);
}

/**
 * Tells whole files from those still being written. Usually the file's own times say it. Where they lie in the future
 * (the clock was set back) it is whole once we have seen it unchanged for as long.
 */
function createStillness() {
  const firstSeen = new Map<string, { readonly generation: string; readonly monotonicMs: number }>();
  return {
    isWhole(path: string, { generation, updatedAt }: Found, now: EpochMs): boolean {
      if (updatedAt <= now - HOLD_STILL_MS) {
        firstSeen.delete(path);
        return true;
      }
      if (updatedAt <= now) return false;
      const monotonicMs = performance.now();
      const first = firstSeen.get(path);
      if (first?.generation === generation) return monotonicMs - first.monotonicMs >= HOLD_STILL_MS;
      firstSeen.set(path, { generation, monotonicMs });
      return false;
    },
  };
}

function describe(stats: BigIntStats, now: EpochMs): Found {
  // An archive or a camera with a wrong clock brings times of next year along; when it came here, ctime knows.
  const written = Number(stats.mtimeMs) > now ? stats.ctimeMs : maxOf(stats.mtimeMs, stats.ctimeMs);
  return { generation: generationOf(stats), size: Number(stats.size), updatedAt: Number(written) };
}

/** Not the inode or ctime: a chmod, a hard link or a remounted disk would make all inputs of a run "new". */
function generationOf({ size, mtimeNs }: BigIntStats): string {
  return `${size}-${mtimeNs}`;
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

async function statIfThere(file: string): Promise<BigIntStats | null> {
  try {
    return await stat(file, { bigint: true });
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
