import type { Draft, Sight } from './draft.ts';
import { openRuns } from './draft.ts';
import { secondsPerFrame } from './frame-times.ts';
import type { PoolPolicy } from './model.ts';
import { poolOf } from './pools.ts';
import { wantsFarm } from './run.ts';
import { activeTasks, runnableTasks } from './tasks.ts';

/** What is left to do, as far as it can run now. */
export interface Demand {
  /** Tasks that are running or could be handed out now. */
  readonly runnable: number;
  readonly secondsPerTask: number;
}

/** What a pool has to do. `null` = some job could not be read: nobody is sent home on that. */
export function demandOf(sight: Sight, draft: Draft, pool: PoolPolicy): Demand | null {
  let runnable = 0;
  let seconds = 0;
  for (const run of openRuns(draft)) {
    if (!wantsFarm(run.state) || poolOf(sight.policy, run) !== pool) continue;
    const seen = sight.observed.details.get(run.id);
    if (seen === undefined || seen.job === 'unknown' || seen.tasks === 'unknown') return null;
    const isStopping = run.stopping !== null;
    const tasks = isStopping ? activeTasks(seen) : runnableTasks(seen.tasks);
    const upcoming = tasks.length === 0 && seen.job === null && !isStopping ? 1 : tasks.length;
    const frames = tasks.reduce((sum, task) => sum + Math.max(1, task.stepsTotal - task.stepsCompleted), 0);
    runnable += upcoming;
    seconds += Math.max(upcoming, frames) * secondsPerFrame(run);
  }
  return { runnable, secondsPerTask: runnable === 0 ? 0 : seconds / runnable };
}

/**
 * The pool size where one more worker would cost more than the time it saves is worth:
 * `W = sqrt((F + v)·N·s / (p·(b + e)))` (design: how many workers), clamped to tasks and maximum in this one place and
 * rounded to whole waves. Prices in dollars an hour, times in seconds.
 */
export function wantedWorkers(
  demand: Demand,
  pool: PoolPolicy,
  fixedPerHour: number,
  valuePerHour: number,
): number {
  const most = Math.min(demand.runnable, pool.max);
  if (most <= 0) return 0;
  const perWorker = pool.pricePerHour * (pool.bootSeconds + pool.tailSeconds);
  const work = (fixedPerHour + valuePerHour) * demand.runnable * demand.secondsPerTask;
  const ideal = perWorker <= 0 ? most : Math.sqrt(work / perWorker);
  const size = Math.max(1, Math.min(most, Math.round(ideal)));
  const waves = Math.ceil(demand.runnable / size);
  return Math.min(most, Math.ceil(demand.runnable / waves));
}
