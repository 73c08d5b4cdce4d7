import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** The page as browsers get it, by path: `index.html`, `icon.svg`, and under `page/` files whose names change with their bytes. */
export type PageFiles = ReadonlyMap<string, Uint8Array>;

/** Makes or reads the page when it is first asked for, and once only; what failed is tried again at the next request. */
export function once(make: () => Promise<PageFiles>): () => Promise<PageFiles> {
  let made: Promise<PageFiles> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}

/** A page that was built before, into a folder of its own. */
export async function readPage(dir: string): Promise<PageFiles> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(join(dir, sep).length);
    files.set(name.split(sep).join('/'), await readFile(path));
  }
  return files;
}
