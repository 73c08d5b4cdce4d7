import type { Farm } from './farm.ts';

export type FarmStatus = 'active' | 'idle' | 'waiting' | 'asleep' | 'inoperative';

/** What Flamenco's `/status` says. Without a worker that could work, jobs are not even looked at. */
export function farmStatus(farm: Farm): FarmStatus {
  const workers = [...farm.workers.values()].filter((worker) => worker.deletedAt === null);
  if (workers.every((worker) => worker.status === 'offline' || worker.status === 'error'))
    return 'inoperative';
  const jobs = [...farm.jobs.values()];
  const isAnyAwake = workers.some((worker) => worker.status === 'awake');
  const isAnyActive = jobs.some((job) => job.status === 'active');
  if (isAnyActive && isAnyAwake) return 'active';
  if (isAnyActive || jobs.some((job) => job.status === 'queued')) return 'waiting';
  return !isAnyAwake && workers.some((worker) => worker.status === 'asleep') ? 'asleep' : 'idle';
}
