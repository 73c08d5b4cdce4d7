import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/** The first executable of this name in the folders; `null` = none. */
export async function findProgram(
  name: string,
  folders: readonly string[],
  platform: NodeJS.Platform,
): Promise<string | null> {
  const file = platform === 'win32' ? `${name}.exe` : name;
  for (const folder of folders) if (await isExecutable(join(folder, file))) return join(folder, file);
  return null;
}

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

export function pathFolders({ env, platform }: Surroundings): readonly string[] {
  // Windows spells it `Path`, and only the real process.env forgets about case.
  const path = env.PATH ?? (platform === 'win32' ? env.Path : undefined) ?? '';
  return path.split(delimiter).filter((folder) => folder !== '');
}
