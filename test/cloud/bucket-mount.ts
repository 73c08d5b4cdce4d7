import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Why buckets cannot be mounted on this machine; `false` = they can. */
export const mountsAbsent =
  existsSync('/dev/fuse') && isThere('rclone') && isThere('fusermount3')
    ? false
    : 'mounting a bucket needs /dev/fuse, rclone and fuse3 (apt-get install rclone fuse3)';

/**
 * The bucket as a folder, by rclone over FUSE: what Cloud Storage FUSE does in the cluster. As there, metadata is not
 * cached, and a file is in the bucket once it is closed.
 */
export async function mountBucket(
  t: { after(fn: () => unknown): void },
  { storageUrl, bucket, dir, isReadOnly }: MountOptions,
): Promise<string> {
  const folder = join(dir, bucket);
  mkdirSync(folder, { recursive: true });
  const cache = [
    '--dir-cache-time',
    '0s',
    '--attr-timeout',
    '0s',
    '--cache-dir',
    join(dir, `${bucket}.cache`),
  ];
  // Nothing is written later: as with Cloud Storage FUSE, closing a file waits until it is in the bucket.
  const writes = isReadOnly ? ['--read-only'] : ['--vfs-cache-mode', 'off'];
  const child = spawn('rclone', ['mount', `g:${bucket}`, folder, ...cache, ...writes, '--retries', '1'], {
    env: {
      ...{ PATH: process.env.PATH, HOME: dir, RCLONE_CONFIG: '/dev/null' },
      ...{ RCLONE_CONFIG_G_TYPE: 'google cloud storage', RCLONE_CONFIG_G_ANONYMOUS: 'true' },
      ...{ RCLONE_CONFIG_G_ENDPOINT: `${storageUrl}/storage/v1/`, RCLONE_CONFIG_G_NO_CHECK_BUCKET: 'true' },
      RCLONE_CONFIG_G_BUCKET_POLICY_ONLY: 'true',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => (said += data));
  t.after(() => unmount(child, folder));
  while (!isMounted(folder)) {
    if (child.exitCode !== null) throw new Error(`rclone mount: ${said}`);
    await delay(50);
  }
  return folder;
}

interface MountOptions {
  readonly storageUrl: string;
  readonly bucket: string;
  readonly dir: string;
  readonly isReadOnly: boolean;
}

async function unmount(child: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  // Whatever still has a file open there: it is taken out of the tree at once.
  spawnSync('fusermount3', ['-uz', folder]);
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await Promise.race([ended, delay(5000, undefined, { ref: false })]);
  child.kill('SIGKILL');
}

function isMounted(folder: string): boolean {
  return readFileSync('/proc/mounts', 'utf8').includes(` ${folder} fuse`);
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}
