import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FILES = ['package.json', 'package-lock.json', '.npmrc'];

interface Wanted {
  /** The folder with package.json and its lock file. */
  readonly from: string;
  readonly name: string;
  /** What has to be done besides, in the folder where they are installed. */
  readonly finish?: (folder: string) => void;
}

/**
 * Installs packages at exactly the versions and checksums of a lock file, once for each; later calls find them in the
 * system's folder for temporary files. Returns the folder: a place for files that import them, too.
 */
export function installLocked({ from, name, finish }: Wanted): string {
  const lock = readFileSync(join(from, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `tablao-${name}-${digest}`);
  if (existsSync(folder)) return folder;
  // Beside its final place first, and then renamed, so that a half-done installation is never taken for one.
  const half = mkdtempSync(`${folder}-`);
  for (const file of FILES) copyFileSync(join(from, file), join(half, file));
  // No install scripts: none of these packages has one that it needs.
  const done = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: half,
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`npm ci of the ${name} failed: ${done.stderr}${done.stdout}`);
  finish?.(half);
  try {
    renameSync(half, folder);
  } catch (error) {
    if (!existsSync(join(folder, 'package.json'))) throw error;
    // Another test was quicker.
    rmSync(half, { recursive: true, force: true });
  }
  return folder;
}
