import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isAbsent } from './file-errors.ts';

/**
 * Where an object of a bucket stands on disk, symbolic links resolved; `null` when nothing is there, or when the path
 * (or a link on its way) leads out of the bucket.
 */
export async function locate(dir: string, path: string): Promise<string | null> {
  if (!isInsidePath(path)) return null;
  return resolveInside(dir, join(dir, ...path.split('/')));
}

/** Follows links as far as they stay inside `dir`. */
export async function resolveInside(dir: string, file: string): Promise<string | null> {
  try {
    const [root, real] = await Promise.all([realpath(dir), realpath(file)]);
    return real === root || real.startsWith(root + sep) ? real : null;
  } catch (error) {
    if (isAbsent(error) || isLoop(error)) return null;
    throw error;
  }
}

/** Whether the path is the plain name of an object: no way up, nothing absolute, nothing that Windows reads as one. */
export function isInsidePath(path: string): boolean {
  if (path === '' || path.includes('\0')) return false;
  if (sep === '\\' && /[\\:]/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function isLoop(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ELOOP';
}
