import type { Draft, Sight } from './draft.ts';
import { openRuns } from './draft.ts';
import { expectedSeconds } from './frame-times.ts';
import type { PoolPolicy } from './model.ts';
import { poolOf } from './pools.ts';
import { type RunRecord, wantsFarm } from './run.ts';
import { openFrames } from './submission.ts';
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
    seconds += Math.max(upcoming, frames) * expectedSeconds(run, sight.now);
  }
  return { runnable, secondsPerTask: runnable === 0 ? 0 : seconds / runnable };
}

/** What must be rendered until this run is done: its own frames and those that go before them. */
export function workAhead(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
): { readonly seconds: number; readonly frames: number } {
  const priorityOf = (one: RunRecord) => one.settings?.priority.value ?? 0;
  const pool = poolOf(sight.policy, run);
  let seconds = 0;
  let frames = 0;
  for (const other of openRuns(draft)) {
    const isBehind = priorityOf(other) < priorityOf(run) || other.stopping !== null;
    if (!wantsFarm(other.state) || isBehind || poolOf(sight.policy, other) !== pool) continue;
    const open = openFrames(other).length;
    frames += open;
    seconds += open * expectedSeconds(other, sight.now);
  }
  return { seconds, frames };
}

/**
 * Workers that the nearest deadline of a pool asks for, booted in time; more than there can be when it is out of reach.
 * 0 = no run has one.
 */
export function neededByDeadline(sight: Sight, draft: Draft, pool: PoolPolicy, demand: Demand): number {
  let needed = 0;
  for (const run of openRuns(draft)) {
    if (run.finishBy === null || !wantsFarm(run.state)) continue;
    if (poolOf(sight.policy, run).name !== pool.name || run.stopping !== null) continue;
    const seconds = (run.finishBy - sight.now) / 1000 - pool.bootSeconds;
    const waves = Math.floor(seconds / Math.max(0.001, demand.secondsPerTask));
    const work = Math.ceil(workAhead(sight, draft, run).seconds / Math.max(0.001, seconds));
    needed = Math.max(
      needed,
      waves < 1 ? demand.runnable : Math.max(work, Math.ceil(demand.runnable / waves)),
    );
  }
  return needed;
}

/** Whether one ordered now would find work: what those at work will have done by then needs no more. */
export function isWorthBooting(demand: Demand, pool: PoolPolicy, atWork: number): boolean {
  return atWork === 0 || (demand.runnable * demand.secondsPerTask) / atWork > pool.bootSeconds;
}

/**
 * The pool size where one more worker would cost more than the time it saves is worth:
 * `W = sqrt((F + v)·N·s / (p·(b + e)))` (design: how many workers), clamped to tasks and maximum in this one place and
 * rounded to whole waves. Prices in dollars an hour, times in seconds. `atLeast`: what a deadline asks for.
 */
export function wantedWorkers(
  demand: Demand,
  pool: PoolPolicy,
  fixedPerHour: number,
  valuePerHour: number,
  atLeast = 0,
): number {
  const most = Math.min(demand.runnable, pool.max);
  if (most <= 0) return 0;
  const perWorker = pool.pricePerHour * (pool.bootSeconds + pool.tailSeconds);
  const work = (fixedPerHour + valuePerHour) * demand.runnable * demand.secondsPerTask;
  const ideal = perWorker <= 0 ? most : Math.sqrt(work / perWorker);
  const size = Math.max(1, Math.min(most, Math.max(Math.round(ideal), atLeast)));
  const waves = Math.ceil(demand.runnable / size);
  return Math.min(most, Math.ceil(demand.runnable / waves));
}
