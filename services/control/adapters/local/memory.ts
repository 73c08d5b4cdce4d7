import { availableParallelism, totalmem } from 'node:os';

const GIB = 1024 ** 3;
/** What a worker and the Blender that it runs need for a usual shot. */
const USUAL_GIB = 4;

/** How many workers this machine can hold at most: by memory that is free now, and by cores. At least one. */
export function memoryForWorkers({ gibPerWorker = USUAL_GIB } = {}): number {
  const byMemory = Math.floor(availableBytes() / (gibPerWorker * GIB));
  return Math.max(1, Math.min(byMemory, availableParallelism()));
}

/** macOS counts as free only what has never been used since; caches would give back about half of all. */
function availableBytes(): number {
  const available = process.availableMemory();
  return process.platform === 'darwin' ? Math.max(available, totalmem() / 2) : available;
}
