import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const BLENDER = process.env.BLENDER || 'blender';
/** Blender's own Python must not meet another one's settings. */
const ENV = { PATH: process.env.PATH, HOME: process.env.HOME };

/** Why tests with Blender are left out, or false. */
export function noBlender(): string | false {
  const asked = spawnSync(BLENDER, ['--background', '--version'], { env: ENV });
  return asked.status === 0 ? false : `needs Blender: ${BLENDER} is not there (set BLENDER to its path)`;
}

/** A new folder with the film of make_project.py: see there. */
export function makeProject(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tablao-project-')));
  const script = join(import.meta.dirname, 'make_project.py');
  const args = ['--background', '--factory-startup', '--python-exit-code', '1', '--python', script];
  const made = spawnSync(BLENDER, [...args, '--', folder], { env: ENV, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`the project could not be made:\n${made.stdout}\n${made.stderr}`);
  return folder;
}

/** All files below, as paths in a bucket. */
export function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
