import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why the tables are left out on this machine, or false. Blender's Python changes from version to version. */
export function noBlender(): string | false {
  const asked = spawnSync('blender', ['--version'], { encoding: 'utf8' });
  if (asked.status === 0 && asked.stdout.startsWith('Blender 3.4')) return false;
  return "needs Blender 3.4, Debian 12's: the scripts that make the scenes are written for it";
}

/** Makes all projects of a script of this folder in `folder`. Returns what each is, by name, from its docstring. */
export function makeProjects(
  script: string,
  folder: string,
  blender = 'blender',
): Readonly<Record<string, string>> {
  mkdirSync(folder, { recursive: true });
  const plate = ['-f', 'lavfi', '-i', 'testsrc=size=48x28:rate=24:duration=0.5', '-c:v', 'libx264'];
  execFileSync('ffmpeg', ['-v', 'error', ...plate, '-pix_fmt', 'yuv420p', join(folder, 'plate.mp4')]);
  const path = join(import.meta.dirname, script);
  const options = ['-b', '--factory-startup', '-noaudio', '--python-exit-code', '1', '--python', path];
  execFileSync(blender, [...options, '--', folder], { stdio: 'pipe' });
  return JSON.parse(readFileSync(join(folder, 'made.json'), 'utf8'));
}

/** The rows that ROWS names (with "," between), or all. */
export function chosenRows<T extends { readonly name: string }>(rows: readonly T[]): readonly T[] {
  const wanted = process.env.ROWS?.split(',');
  return wanted === undefined ? rows : rows.filter(({ name }) => wanted.includes(name));
}
