import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DiskError } from './fetch-file.ts';

const MARK = '.tablao-version';

/** The folder holds something else, which is not to be mixed with what is to come. */
export class OtherVersionError extends Error {
  override readonly name = 'OtherVersionError';
}

/**
 * Says in a folder which version of which shot it holds (`film/sh010/v002`), so that no other one is ever put among its
 * frames. Throws `OtherVersionError` where it says another one, or says nothing and one of `targets` is there already;
 * `DiskError` where that cannot be read or nothing can be written.
 */
export async function claimFolder(
  folder: string,
  version: string,
  targets: readonly string[],
): Promise<void> {
  if (await isHeldBy(folder, version)) return;
  for (const target of targets)
    if (await stat(target).catch(() => null))
      throw new OtherVersionError(`${target} is there already, and not of ${version}: ${WAY_OUT}`);
  await mkdir(folder, { recursive: true }).catch(cannotBeWritten(folder));
  // Of two that begin at once in a new folder one makes the mark, and the other one reads it.
  for (let looks = 0; looks < LOOKS; looks += 1) {
    if (await writeMark(folder, version, 'wx')) return;
    if (await isHeldBy(folder, version)) return;
    await delay(LOOK_AGAIN_MS);
  }
  await writeMark(folder, version, 'w');
}

/** A mark that stays empty for so long is not just being written. */
const LOOKS = 10;
const LOOK_AGAIN_MS = 20;

/** `false` = there is one already. */
async function writeMark(folder: string, version: string, flag: 'w' | 'wx'): Promise<boolean> {
  try {
    await writeFile(join(folder, MARK), `${version}\n`, { flag });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    return cannotBeWritten(folder)(cause);
  }
}

function cannotBeWritten(folder: string) {
  return (cause: unknown): never => {
    throw new DiskError(folder, cause);
  };
}

/** `false` = nothing says whose it is. Throws when another one's is. */
async function isHeldBy(folder: string, version: string): Promise<boolean> {
  const held = await heldBy(folder);
  if (held === version || held === '') return held !== '';
  throw new OtherVersionError(
    `${folder} holds ${held} (its ${MARK} says so). ${version} is not put among its frames: ${WAY_OUT}`,
  );
}

const WAY_OUT = 'choose another folder with --to.';

/** Empty where nothing says it: a mark that a crash left empty says nothing either. */
async function heldBy(folder: string): Promise<string> {
  const mark = join(folder, MARK);
  return readFile(mark, 'utf8').then(
    (text) => text.trim(),
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return '';
      throw new DiskError(mark, cause);
    },
  );
}
