import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, isAbsent } from './file-errors.ts';

/** Temporary files begin with this, wherever they stand; listings of ours leave them out. */
export const TEMPORARY_PREFIX = '.tablao-part-';

/** Writes the whole file or nothing, whatever crashes; replaces what was there. */
export async function writeWhole(path: string, bytes: string | Uint8Array): Promise<void> {
  await throughTemporary(path, bytes, (temporary) => renameOver(temporary, path));
}

/** Like `writeWhole`, but never replaces: `false` = the file exists already. */
async function createWhole(path: string, bytes: string | Uint8Array): Promise<boolean> {
  return throughTemporary(path, bytes, (temporary) => linkNew(temporary, path));
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}

export async function createJson(path: string, value: unknown): Promise<boolean> {
  return createWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** `undefined` = no such file. What is no JSON throws: whole files are never torn, so somebody else wrote it. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Gives the file a second name that must be new: the one atomic "create if absent" that brings its content along. */
export async function linkNew(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Windows refuses to replace a file while somebody (a virus scanner, an editor) has it open; that passes. */
export async function renameOver(from: string, to: string): Promise<void> {
  for (const waitMs of [10, 40, 160, 0]) {
    try {
      return await rename(from, to);
    } catch (error) {
      const isBusy = ['EPERM', 'EACCES', 'EBUSY'].includes(errnoOf(error) ?? '');
      if (!isBusy || process.platform !== 'win32' || waitMs === 0) throw error;
      await pause(waitMs);
    }
  }
}

async function throughTemporary<T>(
  path: string,
  bytes: string | Uint8Array,
  publish: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${randomUUID()}`);
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(temporary, bytes);
    return await publish(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}
