import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { PortError } from '../../ports/errors.ts';
import type { Records } from '../../ports/records.ts';
import { fileWork, isAbsent } from './file-errors.ts';
import { generationOf, newestVersion, publishVersion, removeVersions, type Version } from './versions.ts';
import { renameOver, TEMPORARY_PREFIX } from './whole-files.ts';

interface Options {
  /** The state folder (`.tablao`). Each record can be read there under its name with `cat`. */
  readonly dir: string;
}

/** Where the versions stand: the truth. What has the record's plain name is a second name of the newest. */
const VERSIONS_FOLDER = '.versions';
/** A deleted record's last version stays for longer than a writer could sleep between reading and writing. */
const DELETION_KEPT_MS = 3_600_000;
/** Others who write at the same moment are done long before so many tries. */
const MAX_TRIES = 100;
/** Ends in `.json`, so that no record's folder of versions is another's version. */
const NAME = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*\/)*[A-Za-z0-9_][A-Za-z0-9._-]*\.json$/;

/**
 * Records as files of one machine, shared by any number of processes of which any may be killed at any instant:
 * versions.ts says how. A write that others overtook at once is `transient`: done or not, read again. Editing or
 * deleting a plain file by hand changes nothing; it is there for people to read. The disk must know hard links.
 */
export function createLocalRecords({ dir }: Options): Records {
  const versionsDir = join(dir, VERSIONS_FOLDER);
  const folderOf = (name: string) => join(versionsDir, checked(name));

  /** The new generation; `null` = somebody else wrote first. */
  async function write(name: string, after: Version | null, text: string): Promise<string | null> {
    const folder = folderOf(name);
    const published = await publishVersion(folder, after, text);
    if (published.state === 'overtaken')
      throw new PortError('transient', `writing ${name}: overtaken by newer writes`);
    if (published.state === 'taken') return null;
    await showPlain(folder, join(dir, name)).catch(() => undefined);
    return published.generation;
  }

  /** Writes after whatever is there; a text of `null` = nothing to do. */
  async function writeAnyhow(name: string, textAfter: (newest: Version | null) => string | null) {
    const folder = folderOf(name);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const newest = await newestVersion(folder);
      const text = textAfter(newest);
      if (text === null) return;
      const { state } = await publishVersion(folder, newest, text);
      // Overtaken is as good as done: it may have stood there for a moment before the newer ones.
      if (state !== 'taken') return showPlain(folder, join(dir, name)).catch(() => undefined);
    }
    throw new PortError('transient', `writing ${name}: others write it all the time`);
  }

  return {
    read: (name) =>
      fileWork(`reading ${name}`, async () => {
        const newest = await newestVersion(folderOf(name));
        if (isGone(newest)) return null;
        return { value: parse(name, newest.text), generation: generationOf(newest) };
      }),

    create: (name, value) =>
      fileWork(`creating ${name}`, async () => {
        const newest = await newestVersion(folderOf(name));
        const generation = isGone(newest) ? await write(name, newest, textOf(value)) : null;
        if (generation === null) throw new PortError('conflict', `creating ${name}`);
        return generation;
      }),

    replace: (name, value, ifGeneration) =>
      fileWork(`replacing ${name}`, async () => {
        const newest = await newestVersion(folderOf(name));
        const isSame = !isGone(newest) && generationOf(newest) === ifGeneration;
        const generation = isSame ? await write(name, newest, textOf(value)) : null;
        if (generation === null) throw new PortError('conflict', `replacing ${name}`);
        return generation;
      }),

    overwrite: (name, value) => fileWork(`overwriting ${name}`, () => writeAnyhow(name, () => textOf(value))),

    delete: (name) =>
      fileWork(`deleting ${name}`, () =>
        writeAnyhow(name, (newest) => (isGone(newest) ? null : DELETION_TEXT)),
      ),

    list: (prefix) =>
      fileWork(`listing ${prefix}`, async () => {
        const folder = join(versionsDir, dirname(`${prefix}x`));
        const folders = await recordFolders(folder);
        const named = folders.map((each) => ({ folder: each, name: nameOf(versionsDir, each) }));
        const wanted = named.filter(({ name }) => name.startsWith(prefix));
        const living = await Promise.all(
          wanted.map(async (each) => ((await isLiving(each.folder)) ? each.name : [])),
        );
        return living.flat().sort();
      }),
  };
}

/** No JSON value has an empty text. */
const DELETION_TEXT = '';

function isGone(version: Version | null): version is null | (Version & { readonly text: '' }) {
  return version === null || version.text === DELETION_TEXT;
}

async function isLiving(folder: string): Promise<boolean> {
  const newest = await newestVersion(folder);
  if (!isGone(newest)) return true;
  if (newest !== null) await forgetOldDeletion(folder, newest);
  return false;
}

async function forgetOldDeletion(folder: string, deletion: Version): Promise<void> {
  const found = await stat(deletion.path).catch(() => null);
  if (found === null || Date.now() - found.mtimeMs < DELETION_KEPT_MS) return;
  await removeVersions(folder, deletion);
}

/** Brings the plain file to the newest version. Whoever writes last comes here last, or sees here that another did. */
async function showPlain(folder: string, plain: string): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const newest = await newestVersion(folder);
    if (isGone(newest)) await rm(plain, { force: true });
    else if (!(await linkOver(newest.path, plain))) continue;
    if ((await newestVersion(folder))?.number === newest?.number) return;
  }
}

async function linkOver(path: string, plain: string): Promise<boolean> {
  const temporary = join(dirname(plain), `${TEMPORARY_PREFIX}${randomUUID()}`);
  await mkdir(dirname(plain), { recursive: true });
  try {
    await link(path, temporary);
    await renameOver(temporary, plain);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  } finally {
    // Renaming over another name of the same file does nothing, by POSIX.
    await rm(temporary, { force: true });
  }
}

async function recordFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const below = await Promise.all(folders.filter((each) => !each.endsWith('.json')).map(recordFolders));
  return [...folders.filter((each) => each.endsWith('.json')), ...below.flat()];
}

function nameOf(versionsDir: string, folder: string): string {
  return relative(versionsDir, folder).split(sep).join('/');
}

function checked(name: string): string {
  if (NAME.test(name)) return name;
  throw new PortError('invalid', `a record named ${JSON.stringify(name)}`);
}

function textOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PortError('invalid', `reading ${name}`, { cause });
  }
}
