import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  const held = await heldBy(folder);
  if (held === version) return;
  if (held !== '')
    throw new OtherVersionError(
      `${folder} holds ${held} (its ${MARK} says so). ${version} is not put among its frames: ${WAY_OUT}`,
    );
  for (const target of targets)
    if (await stat(target).catch(() => null))
      throw new OtherVersionError(`${target} is there already, and not of ${version}: ${WAY_OUT}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, MARK), `${version}\n`);
  } catch (cause) {
    throw new DiskError(folder, cause);
  }
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
