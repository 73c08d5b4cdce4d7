import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochMs } from '../../core/time.ts';
import { TEMPORARY_PREFIX } from './whole-files.ts';

/** The time by the disk's own clock, which a network disk does not share with this machine. */
export type StorageNow = () => Promise<EpochMs>;

/** How long one reading is carried on by this machine's monotonic clock: a listing asks for each file. */
const READING_HOLDS_MS = 2000;

export function createStorageClock({ dir }: { readonly dir: string }): StorageNow {
  let reading: { readonly at: EpochMs; readonly monotonicMs: number } | null = null;
  return async () => {
    const monotonicMs = performance.now();
    if (reading !== null && monotonicMs - reading.monotonicMs < READING_HOLDS_MS)
      return reading.at + monotonicMs - reading.monotonicMs;
    reading = { at: await touch(dir), monotonicMs };
    return reading.at;
  };
}

async function touch(dir: string): Promise<EpochMs> {
  const path = join(dir, `${TEMPORARY_PREFIX}clock-${randomUUID()}`);
  await mkdir(dir, { recursive: true });
  try {
    await writeFile(path, '');
    return (await stat(path)).mtimeMs;
  } finally {
    await rm(path, { force: true });
  }
}
