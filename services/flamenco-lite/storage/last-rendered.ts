import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobFiles } from './job-files.ts';

/** Flamenco: internal/manager/last_rendered/last_rendered.go. */
export const maxImageBytes = 25 * 1024 * 1024;
const queueSize = 3;
export const imageNames = ['last-rendered.jpg', 'last-rendered-small.jpg', 'last-rendered-tiny.jpg'] as const;

export interface LastRendered {
  /** Stores the image and then calls `stored`; `false` when too many are waiting. */
  readonly add: (jobId: string, image: Buffer, stored: () => void) => boolean;
  readonly has: (jobId: string) => boolean;
}

/** Keeps the newest image of each job. It is not made smaller: all three names hold what the worker sent. */
export function createLastRendered(files: JobFiles): LastRendered {
  let waiting = 0;
  return {
    add: (jobId, image, stored) => {
      if (waiting >= queueSize) return false;
      waiting++;
      // A picture that cannot be written is no reason to fail anything: the next one may be.
      save(files.folder(jobId), image)
        .then(stored, () => {})
        .finally(() => waiting--);
      return true;
    },
    has: (jobId) => existsSync(join(files.folder(jobId), imageNames[2])),
  };
}

async function save(folder: string, image: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of imageNames) await writeFile(join(folder, name), image);
}
