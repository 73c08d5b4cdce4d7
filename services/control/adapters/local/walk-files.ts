import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInside } from './bucket-paths.ts';
import { isAbsent } from './file-errors.ts';

interface Options {
  /** The bucket's folder: nothing outside it is shown, whatever links say. */
  readonly dir: string;
  /** Where to begin inside the bucket, `''` or ending in `/`. */
  readonly under: string;
  /** Only paths that begin so, `under` included; other folders are not looked into. Left out = all. */
  readonly prefix?: string;
  readonly isWanted: (name: string) => boolean;
  /** False: only the files of the folder itself. */
  readonly isDeep?: boolean;
  /** A file name that is no UTF-8 cannot be an object's name: it is left out, and told here. */
  readonly onOddName?: ((path: string) => void) | undefined;
}

/** The paths of all files of a bucket, each with the place on disk that it leads to. Folders may come and go meanwhile. */
export async function* walkFiles(options: Options): AsyncGenerator<{ path: string; file: string }> {
  const { dir, under } = options;
  const start = await resolveInside(dir, join(dir, ...under.split('/')));
  if (start !== null) yield* walkFolder(options, start, under, [start]);
}

async function* walkFolder(
  options: Options,
  folder: string,
  under: string,
  /** The real folders on the way here: a link back to one of them would never end. */
  way: readonly string[],
): AsyncGenerator<{ path: string; file: string }> {
  const { prefix = '' } = options;
  for (const entry of await entriesOf(folder)) {
    if (!isUtf8(entry.name)) {
      options.onOddName?.(`${under}${entry.name.toString('latin1')}`);
      continue;
    }
    const name = entry.name.toString('utf8');
    const path = `${under}${name}`;
    if (!options.isWanted(name) || !path.startsWith(prefix)) continue;
    const found = await kindOf(options.dir, join(folder, name), entry);
    if (found?.kind === 'file') yield { path, file: found.real };
    if (found?.kind === 'folder' && options.isDeep !== false && !way.includes(found.real))
      yield* walkFolder(options, found.real, `${path}/`, [...way, found.real]);
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent<Buffer>[]> {
  try {
    return await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function kindOf(
  dir: string,
  file: string,
  entry: Dirent<Buffer>,
): Promise<{ readonly kind: 'file' | 'folder'; readonly real: string } | null> {
  if (entry.isFile()) return { kind: 'file', real: file };
  if (entry.isDirectory()) return { kind: 'folder', real: file };
  if (!entry.isSymbolicLink()) return null;
  const real = await resolveInside(dir, file);
  const found = real === null ? null : await stat(real).catch(() => null);
  if (real === null || found === null) return null;
  if (found.isDirectory()) return { kind: 'folder', real: await realpath(real) };
  return found.isFile() ? { kind: 'file', real } : null;
}
