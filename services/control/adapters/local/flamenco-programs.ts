import { join } from 'node:path';
import { findProgram, pathFolders, type Surroundings } from './find-program.ts';
import { Unusable } from './unusable.ts';

/** How to run one half of Flamenco. */
export interface Program {
  /** `lite` is ours, for a machine without Flamenco. */
  readonly kind: 'flamenco' | 'lite';
  readonly command: string;
  readonly args: readonly string[];
}

export interface FlamencoPrograms {
  readonly manager: Program;
  readonly worker: Program;
}

interface Options extends Surroundings {
  /** `FLAMENCO_DIR`; looked at before the PATH. */
  readonly flamencoDir: string | null;
  readonly servicesDir: string;
}

/**
 * Flamenco's own programs where they are at hand; each half by itself works with the other's counterpart. Throws in words
 * for a person when `FLAMENCO_DIR` has neither.
 */
export async function findFlamenco(options: Options): Promise<FlamencoPrograms> {
  await refuseEmptyFolder(options);
  const [manager, worker] = await Promise.all([find('manager', options), find('worker', options)]);
  return { manager, worker };
}

async function refuseEmptyFolder({ flamencoDir, platform }: Options): Promise<void> {
  if (flamencoDir === null) return;
  for (const half of ['manager', 'worker'])
    if ((await findProgram(`flamenco-${half}`, [flamencoDir], platform)) !== null) return;
  throw new Unusable(
    `FLAMENCO_DIR: neither flamenco-manager nor flamenco-worker is in ${flamencoDir}. Correct the path, or unset FLAMENCO_DIR for flamenco-lite.`,
  );
}

async function find(half: 'manager' | 'worker', options: Options): Promise<Program> {
  const { flamencoDir, servicesDir, platform } = options;
  const folders = [...(flamencoDir === null ? [] : [flamencoDir]), ...pathFolders(options)];
  const command = await findProgram(`flamenco-${half}`, folders, platform);
  if (command !== null) return { kind: 'flamenco', command, args: [] };
  const script = join(servicesDir, 'flamenco-lite', `${half}.ts`);
  return { kind: 'lite', command: process.execPath, args: [script] };
}
