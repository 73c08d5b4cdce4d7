import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ObjectSeen, Renders } from '../../ports/buckets.ts';
import { PortError } from '../../ports/errors.ts';
import { isInsidePath, locate, resolveInside } from './bucket-paths.ts';
import { fileWork, isAbsent } from './file-errors.ts';
import { readRange } from './read-range.ts';
import { walkFiles } from './walk-files.ts';
import { TEMPORARY_PREFIX, writeWhole } from './whole-files.ts';

/** The renders bucket as a folder. `crc32c` stays `null`: a frame is proved by decoding it, not by its checksum. */
export function createLocalRenders(options: { readonly dir: string }): Renders {
  const dir = resolve(options.dir);
  return {
    list: (prefix) =>
      fileWork(`listing renders under ${prefix}`, async () => {
        const under = prefix.slice(0, prefix.lastIndexOf('/') + 1);
        if (under !== '' && !isInsidePath(under.slice(0, -1))) return [];
        const objects: ObjectSeen[] = [];
        for await (const { path, file } of walkFiles({ dir, under, prefix, isWanted: isNotTemporary })) {
          const object = await inspect(path, file);
          if (object !== null) objects.push(object);
        }
        return objects;
      }),

    read: (path, offset, length) =>
      fileWork(`reading ${path}`, async () => {
        const file = await locate(dir, path);
        if (file === null) throw new PortError('notFound', `reading ${path}`);
        await using handle = await open(file, 'r');
        return await readRange(handle, offset, length);
      }),

    write: (path, bytes) =>
      fileWork(`writing ${path}`, async () => {
        if (!isInsidePath(path)) throw new PortError('invalid', `writing ${path}`);
        const folder = dirname(join(dir, ...path.split('/')));
        await makeFolderInside(dir, folder);
        await writeWhole(join(dir, ...path.split('/')), bytes);
      }),
  };
}

/** Makes the folder unless a link on the way to it leads out of the bucket. */
async function makeFolderInside(dir: string, folder: string): Promise<void> {
  if (folder === dir) {
    await mkdir(dir, { recursive: true });
    return;
  }
  await makeFolderInside(dir, dirname(folder));
  await mkdir(folder, { recursive: true });
  if ((await resolveInside(dir, folder)) === null)
    throw new PortError('invalid', `writing in ${folder}, which leads out of the bucket`);
}

async function inspect(path: string, file: string): Promise<ObjectSeen | null> {
  try {
    const { size, mtimeNs, mtimeMs } = await stat(file, { bigint: true });
    return {
      path,
      generation: `${size}-${mtimeNs}`,
      size: Number(size),
      updatedAt: Number(mtimeMs),
      crc32c: null,
    };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

function isNotTemporary(name: string): boolean {
  return !name.startsWith(TEMPORARY_PREFIX);
}
