import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAbsent } from './file-errors.ts';
import { linkNew, TEMPORARY_PREFIX } from './whole-files.ts';

/** One version of one record. An empty text is a deletion. */
export interface Version {
  readonly number: number;
  /** With the number it makes a generation that no later version has, even after the folder was tidied away. */
  readonly stamp: string;
  readonly text: string;
  readonly path: string;
}

/**
 * - `published`: it is the version after the one that was named.
 * - `taken`: somebody else's is.
 * - `overtaken`: newer ones are there already, and which of the two it was can't be told any more.
 */
export type Published =
  | { readonly state: 'published'; readonly generation: string }
  | { readonly state: 'taken' }
  | { readonly state: 'overtaken' };

/** Older temporary files belong to nobody who still lives; a writer that slept so long starts again. */
const TEMPORARY_MAX_AGE_MS = 600_000;

/**
 * The versions of a record are files named by number in a folder of its own, and the highest number is the record.
 * Version n+1 is published by giving a complete file that name with link(2), which fails when the name exists. So there
 * is no lock that a killed process could leave behind, and nobody ever has to finish another's work: a rename over the
 * record's file, the usual way, would need both, because "only if it is still what I read" is no part of a rename.
 *
 * A name can be free again because newer versions are there and old ones were removed. Hence the look back after the
 * link: the highest version never goes away, so whoever is the highest after the link was published by it.
 */
export async function newestVersion(folder: string): Promise<Version | null> {
  for (;;) {
    const number = await highestNumber(folder);
    const version = number === null ? null : await readVersion(folder, number);
    // A listing may miss files that come and go while it runs; one that is true before and after is true.
    if ((await highestNumber(folder)) !== number) continue;
    if (number === null || version !== null) return version;
  }
}

export async function publishVersion(
  folder: string,
  after: Version | null,
  text: string,
): Promise<Published> {
  const number = (after?.number ?? 0) + 1;
  const temporary = join(folder, `${TEMPORARY_PREFIX}${randomUUID()}`);
  try {
    const stamp = await writeStamped(temporary, text);
    if (!(await linkNew(temporary, join(folder, String(number))))) return { state: 'taken' };
    const state = await lookBack(folder, number, after);
    if (state !== 'published') return { state };
    await tidyVersions(folder, number);
    return { state, generation: generationOf({ number, stamp }) };
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Takes the folder of a deleted record away. A writer who comes at the same moment makes a new one. */
export async function removeVersions(folder: string, deletion: Version): Promise<void> {
  await rm(deletion.path, { force: true });
  await rmdir(folder).catch(() => undefined);
}

export function generationOf(version: Pick<Version, 'number' | 'stamp'>): string {
  return `${version.number}-${version.stamp}`;
}

async function lookBack(folder: string, number: number, after: Version | null): Promise<Published['state']> {
  for (;;) {
    const names = await namesIn(folder);
    const newest = highestOf(names);
    if (newest !== null && newest > number) return 'overtaken';
    if (after === null || names.includes(String(after.number))) return 'published';
    // The version before goes only after a newer one has come. None is here: either it came during the listing, or
    // the whole folder was tidied away and begun anew since `after` was read, and this number belongs to no one.
    if ((await highestNumber(folder)) !== number) continue;
    await rm(join(folder, String(number)), { force: true });
    return 'taken';
  }
}

/**
 * Removes what the writer's own version has replaced, and what dead writers left. Nothing above its own number: whoever
 * published the next version still looks for this one.
 */
async function tidyVersions(folder: string, ownNumber: number): Promise<void> {
  for (const name of await namesIn(folder)) {
    const isOld = isNumber(name) && Number(name) < ownNumber;
    if (isOld || (await isForsaken(join(folder, name), name))) await rm(join(folder, name), { force: true });
  }
}

async function readVersion(folder: string, number: number): Promise<Version | null> {
  const path = join(folder, String(number));
  try {
    await using file = await open(path, 'r');
    const stamp = await stampOf(file);
    return { number, stamp, text: await file.readFile('utf8'), path };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

async function writeStamped(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await using file = await open(path, 'wx');
  await file.writeFile(text);
  // Else, when the power fails, its name may be on the disk and its text not yet: an empty one is a deletion.
  await file.datasync();
  return await stampOf(file);
}

async function stampOf(file: FileHandle): Promise<string> {
  const { mtimeNs } = await file.stat({ bigint: true });
  return mtimeNs.toString(36);
}

async function isForsaken(path: string, name: string): Promise<boolean> {
  if (!name.startsWith(TEMPORARY_PREFIX)) return false;
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > TEMPORARY_MAX_AGE_MS;
}

async function highestNumber(folder: string): Promise<number | null> {
  return highestOf(await namesIn(folder));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function highestOf(names: readonly string[]): number | null {
  const numbers = names.filter(isNumber).map(Number);
  return numbers.length === 0 ? null : Math.max(...numbers);
}

function isNumber(name: string): boolean {
  return /^[1-9]\d*$/.test(name);
}
