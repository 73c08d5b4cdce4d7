import { VIDEO_TASK } from './chunks.ts';
import type { Draft, Sight } from './draft.ts';
import { bestMore, secondsUntilDone } from './forecast.ts';
import { expectedSeconds, secondsAroundTask } from './frame-times.ts';
import type { PoolPolicy, RunObserved, TaskObserved } from './model.ts';
import { needsOf } from './needs.ts';
import { pricesOf } from './pool-size.ts';
import { poolOf, runsOfPool } from './pools.ts';
import { isLiveJob } from './progress.ts';
import type { RunRecord } from './run.ts';
import { poolAtHand, whoIsThere } from './staff.ts';
import { chunkSizesOf } from './submission.ts';
import { framesOfTask } from './troubles.ts';

/** From the end of the last running task until an idle worker has one of the next job: looks, the submission, its poll. Seconds. */
const BETWEEN_JOBS_SECONDS = 40;
/** What is gained must be so large a share of what is still to be paid: both are forecasts. */
const CLEARLY = 0.05;

/**
 * Whether it is worth to end a run's first job early and go on with larger tasks: they were cut when nobody knew how long the shot
 * loads. Flamenco's tasks cannot be changed, and a run never has two jobs, so those that run are waited for: whoever is done
 * before the last one stands idle. Both ways are weighed by the forecast, dollars for workers and the worth of the time; before any
 * frame has ended by what running ones are likely to take, so that little is begun in vain. Later jobs are cut by what
 * is known. One with a deadline has no time for it; where other runs want the same workers it is left as it is.
 */
export function isWorthRecutting(sight: Sight, draft: Draft, run: RunRecord): boolean {
  const seen = sight.observed.details.get(run.id);
  if (run.round !== 1 || run.finishBy !== null || run.settings?.chunkSize.value !== null) return false;
  // Scouts are tasks of one frame in any case.
  if (run.scouts === 'wanted' || run.times.loads === 0) return false;
  if (!isAtWork(run, seen) || !isAlone(sight, draft, run)) return false;
  const { workers, managerWorkers } = sight.observed;
  const needs = needsOf(sight, draft, run, [run]);
  if (needs === null || needs.busy.size === 0 || workers === 'unknown' || managerWorkers === 'unknown')
    return false;
  const pool = poolAtHand(sight, draft, poolOf(sight.policy, run), [run]);
  const team = whoIsThere(sight, pool, workers, needs.busy).map((member) => member.freeAt);
  const waiting = tasksWaiting(seen);
  const frames = waiting.reduce((sum, task) => sum + framesOfTask(task).length, 0);
  const tasks = chunkSizesOf(sight, run, frames, null).length;
  if (tasks === 0 || tasks >= waiting.length) return false;
  const begins = Math.max(...needs.busy.values()) + BETWEEN_JOBS_SECONDS;
  const secondsIn = (count: number) =>
    frames * expectedSeconds(run, sight.now) + count * secondsAroundTask(run);
  const asItIs = costOf(sight, pool, {
    ...{ tasks: waiting.length, seconds: secondsIn(waiting.length), freeAt: team, idle: 0 },
  });
  const seconds = secondsIn(tasks);
  const freeAt = team.map((at) => Math.max(at, begins));
  const idle = freeAt.reduce((sum, at, index) => sum + at - (team[index] ?? at), 0);
  return costOf(sight, pool, { tasks, seconds, freeAt, idle }) < (1 - CLEARLY) * asItIs;
}

interface Way {
  readonly tasks: number;
  /** Of all tasks together, and those that workers stand idle. */
  readonly seconds: number;
  readonly idle: number;
  readonly freeAt: readonly number[];
}

/** Dollars for the workers and for the time until all is done, with the best number of further workers. */
function costOf({ policy }: Sight, pool: PoolPolicy, { tasks, seconds, idle, freeAt }: Way): number {
  const { bootSeconds, pricePerHour, max } = pool;
  const work = { queued: tasks, secondsPerTask: seconds / tasks, freeAt };
  const prices = pricesOf(pool, policy);
  const more = bestMore(work, Math.max(0, max - freeAt.length), bootSeconds, prices);
  const until = secondsUntilDone(work, more, bootSeconds);
  return prices.perSecond * until + prices.perWorker * more + (pricePerHour * (seconds + idle)) / 3600;
}

/** No other run has work for the same pool. */
function isAlone(sight: Sight, draft: Draft, run: RunRecord): boolean {
  const pool = poolOf(sight.policy, run);
  return runsOfPool(sight, draft, pool).every((other) => other.id === run.id);
}

/** Flamenco hands its tasks out, or does not because we want to cut them anew: what a person has paused stays as it is. */
function isAtWork({ stopping }: RunRecord, seen: RunObserved | undefined): seen is RunObserved {
  if (seen === undefined || seen.job === null || seen.job === 'unknown' || !isLiveJob(seen.job)) return false;
  return stopping?.code === 'recut' || seen.job.status === 'active' || seen.job.status === 'queued';
}

function tasksWaiting({ tasks }: RunObserved): readonly TaskObserved[] {
  if (tasks === 'unknown') return [];
  return tasks.filter(
    ({ name, status }) => name !== VIDEO_TASK && (status === 'queued' || status === 'paused'),
  );
}
