import { chunkSizesFor } from './chunks.ts';
import type { Draft, Sight } from './draft.ts';
import { openRuns } from './draft.ts';
import { bestMore, type WorkLeft } from './forecast.ts';
import { expectedSeconds, loadSecondsOf, secondsPerFrame } from './frame-times.ts';
import type { PoolPolicy, TaskObserved } from './model.ts';
import { poolOf } from './pools.ts';
import { type RunRecord, wantsFarm } from './run.ts';
import { openFrames, wantsCheck } from './submission.ts';
import { activeTasks, runnableTasks } from './tasks.ts';

/** What is left to do for a pool, as far as it can run now. */
export interface Demand {
  /** Tasks that nobody has and that could be handed out now. */
  readonly queued: number;
  /** What each of them needs, the loading of the shot included. */
  readonly secondsPerTask: number;
  /** Tasks that are running: by worker, the seconds that they still need. */
  readonly busy: ReadonlyMap<string, number>;
  /** Some task waits for those that run (the frames for the check, the video for the frames). */
  readonly hasMoreBehind: boolean;
  /** Some frame has taught how long they take. */
  readonly isKnown: boolean;
}

/** What a pool has to do. `null` = some job could not be read: nobody is sent home on that. */
export function demandOf(sight: Sight, draft: Draft, pool: PoolPolicy): Demand | null {
  const runs = runsOf(sight, draft, pool);
  const usual = usualSeconds(runs);
  const busy = new Map<string, number>();
  let queued = 0;
  let seconds = 0;
  let hasMoreBehind = false;
  for (const run of runs) {
    const seen = sight.observed.details.get(run.id);
    const perFrame = run.times.frames > 0 ? undefined : usual;
    const each = expectedSeconds(run, sight.now, perFrame);
    const upcoming = upcomingTasks(sight, draft, run, each);
    if (upcoming !== null) {
      queued += upcoming.tasks;
      seconds += upcoming.seconds;
      continue;
    }
    if (seen === undefined || seen.job === 'unknown' || seen.tasks === 'unknown') return null;
    const isStopping = run.stopping !== null;
    const tasks = isStopping ? activeTasks(seen) : runnableTasks(seen.tasks);
    const load = loadSecondsOf(run);
    for (const task of tasks) {
      const left = Math.max(1, task.stepsTotal - task.stepsCompleted) * each;
      if (task.status === 'active' && task.workerId !== null)
        busy.set(task.workerId, leftOfActive(run, task, left, sight.now));
      else {
        queued += 1;
        seconds += left + load;
      }
    }
    const open = seen.tasks.filter(({ status }) => status === 'queued' || status === 'active').length;
    hasMoreBehind ||= !isStopping && open > tasks.length;
  }
  const isKnown = runs.some(({ times }) => times.frames > 0);
  return { queued, secondsPerTask: queued === 0 ? 0 : seconds / queued, busy, hasMoreBehind, isKnown };
}

function runsOf(sight: Sight, draft: Draft, pool: PoolPolicy): readonly RunRecord[] {
  return openRuns(draft).filter(
    (run) => wantsFarm(run.state) && poolOf(sight.policy, run).name === pool.name,
  );
}

/** A frame of another shot says more about one that has none yet than nothing does. `undefined` = nobody knows. */
function usualSeconds(runs: readonly RunRecord[]): number | undefined {
  const known = runs.filter(({ times }) => times.frames > 0);
  if (known.length === 0) return undefined;
  return known.reduce((sum, run) => sum + secondsPerFrame(run), 0) / known.length;
}

/** Tasks of a job that is about to be submitted, or of one that was lost; `null` = its job is there, or cannot be seen. */
function upcomingTasks(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  secondsEach: number,
): { readonly tasks: number; readonly seconds: number } | null {
  const seen = sight.observed.details.get(run.id);
  const isKnownJob = seen !== undefined && seen.job !== null && seen.job !== 'unknown';
  const isLost = seen?.job === null && run.jobId !== null;
  if (isKnownJob || (run.jobId !== null && !isLost)) return null;
  if (run.stopping !== null || run.settings === null) return { tasks: 0, seconds: 0 };
  // What a lost job had delivered is looked at first.
  if (isLost) return { tasks: 1, seconds: secondsEach };
  // One worker is enough for the check, and a bad shot costs no more than that.
  const isCheckAhead = run.check === 'pending' || (run.check === 'none' && wantsCheck(sight, draft, run));
  if (isCheckAhead) return { tasks: 1, seconds: secondsEach };
  const frames = openFrames(run).length;
  const sizes = chunkSizesFor(frames, secondsEach, run.settings.chunkSize.value);
  return { tasks: sizes.length, seconds: frames * secondsEach };
}

/** A frame that takes longer than usual needs a tenth of what it has taken so far, at a guess; half, while nothing is usual. */
function leftOfActive(run: RunRecord, task: TaskObserved, usual: number, now: number): number {
  const mark = run.standstill[task.id];
  const taken = mark === undefined ? 0 : (now - mark.since) / 1000;
  return Math.max(usual - taken, taken * (run.times.frames === 0 ? 0.5 : 0.1));
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

/** Seconds until the nearest deadline of a pool's runs; `Infinity` = none has one. */
export function secondsToDeadline(sight: Sight, draft: Draft, pool: PoolPolicy): number {
  const times = runsOf(sight, draft, pool)
    .filter(({ stopping }) => stopping === null)
    .map(({ finishBy }) => (finishBy === null ? Number.POSITIVE_INFINITY : (finishBy - sight.now) / 1000));
  return Math.min(Number.POSITIVE_INFINITY, ...times);
}

interface Worth {
  readonly fixedPricePerHour: number;
  readonly valueOfTimePerHour: number;
}

/** For those that come later each must bring a little more than it costs: the estimate wavers, and a boot is paid for good. */
const CAUTION = 1.3;

/**
 * How many more workers a pool is to have: as many as bring more time than they cost, by a forecast with those that are
 * there, and as many as a deadline asks for. Clamped to tasks and to the pool's maximum in this one place. While no frame has taught how long
 * they take, no more than cost as much in an hour as an hour of everything else is worth: what the others' boots cost
 * would be more than what is lost by waiting for the first frame.
 */
export function moreWorkers(
  work: WorkLeft,
  pool: PoolPolicy,
  { fixedPricePerHour, valueOfTimePerHour }: Worth,
  isKnown: boolean,
  bySeconds: number = Number.POSITIVE_INFINITY,
): number {
  const perHour = fixedPricePerHour + valueOfTimePerHour;
  const room = Math.max(0, pool.max - work.freeAt.length);
  const unknownMost =
    pool.pricePerHour === 0 ? pool.max : Math.max(1, Math.ceil(perHour / pool.pricePerHour));
  const most = isKnown ? room : Math.max(0, Math.min(room, unknownMost - work.freeAt.length));
  const perWorker = (pool.pricePerHour * (pool.bootSeconds + pool.tailSeconds)) / 3600;
  const prices = {
    perSecond: perHour / 3600,
    perWorker: work.freeAt.length === 0 ? perWorker : CAUTION * perWorker,
  };
  return bestMore(work, most, pool.bootSeconds, prices, bySeconds);
}
