import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Surroundings } from './find-program.ts';

/** Where Blender's own installers and people put it. */
export function blenderPlaces({ env, platform }: Surroundings): readonly string[] {
  if (platform === 'darwin') {
    const home = env.HOME === undefined ? [] : [`${env.HOME}/Applications/Blender*.app`];
    return expand(['/Applications/Blender*.app', ...home], 'Contents/MacOS/Blender');
  }
  if (platform === 'win32') {
    const programs = env.ProgramFiles ?? 'C:\\Program Files';
    return expand([join(programs, 'Blender Foundation', 'Blender *')], 'blender.exe');
  }
  const home = env.HOME === undefined ? [] : [`${env.HOME}/blender*`, `${env.HOME}/Applications/blender*`];
  return [
    ...expand(['/opt/blender*', '/usr/local/blender*', ...home], 'blender'),
    '/usr/bin/blender',
    '/usr/local/bin/blender',
    '/snap/bin/blender',
  ];
}

function expand(folders: readonly string[], program: string): readonly string[] {
  // A backslash would be an escape to the glob, on Windows too.
  return folders.flatMap((folder) => globSync(folder.replaceAll('\\', '/'))).map((dir) => join(dir, program));
}
