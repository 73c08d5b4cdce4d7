import type { Farm } from './farm.ts';
import { workerLabel } from './farm.ts';
import type { EpochMs, TaskRow } from './model.ts';
import { changeTaskStatus } from './status.ts';
import { timeOutWorker } from './workers.ts';

export interface TimeoutLimits {
  readonly taskTimeoutMs: number;
  readonly workerTimeoutMs: number;
  /** Before the first check. */
  readonly graceMs: number;
  readonly periodMs: number;
}

export interface TimeoutChecker {
  /** When the next check is due; `null` = never. */
  readonly nextAt: () => EpochMs | null;
  /** Checks if a check is due at the farm's present time; returns whether it did. */
  readonly tick: () => boolean;
}

/** Looks each period for tasks and workers that were not heard of. A task timeout of 0 turns both checks off. */
export function createTimeoutChecker(farm: Farm, limits: TimeoutLimits): TimeoutChecker {
  let nextAt = limits.taskTimeoutMs === 0 ? null : farm.now() + limits.graceMs;
  return {
    nextAt: () => nextAt,
    tick: () => {
      if (nextAt === null || farm.now() < nextAt) return false;
      nextAt = farm.now() + limits.periodMs;
      // Tasks first, as in Flamenco: after a long outage this fails a dead worker's task before it could be queued.
      timeOutTasks(farm, farm.now() - limits.taskTimeoutMs);
      timeOutWorkers(farm, farm.now() - limits.workerTimeoutMs);
      return true;
    },
  };
}

function timeOutTasks(farm: Farm, untouchedSince: EpochMs): void {
  for (const task of [...farm.tasks.values()]) {
    if (task.status !== 'active' || task.lastTouchedAt === null || task.lastTouchedAt > untouchedSince)
      continue;
    timeOutTask(farm, task, task.lastTouchedAt);
  }
}

function timeOutTask(farm: Farm, task: TaskRow, lastTouchedAt: EpochMs): void {
  changeTaskStatus(farm, task, 'failed');
  const worker = task.workerId === null ? undefined : farm.workers.get(task.workerId);
  const who = worker === undefined ? '-unassigned-' : workerLabel(worker);
  const since = new Date(lastTouchedAt).toISOString();
  farm.logTask(task, `Task timed out. It was assigned to worker ${who}, but untouched since ${since}`);
}

function timeOutWorkers(farm: Farm, unseenSince: EpochMs): void {
  for (const worker of farm.workers.values()) {
    if (worker.deletedAt !== null || worker.status === 'error' || worker.status === 'offline') continue;
    if (worker.lastSeenAt !== null && worker.lastSeenAt <= unseenSince) timeOutWorker(farm, worker);
  }
}
