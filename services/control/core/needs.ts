import type { Draft, Sight } from './draft.ts';
import {
  ageOf,
  expectedSeconds,
  leastLikely,
  loadingLeft,
  secondsAroundTask,
  secondsPerFrame,
} from './frame-times.ts';
import type { JobObserved, TaskObserved } from './model.ts';
import { outlookOf } from './outlook.ts';
import type { RunRecord } from './run.ts';
import { chunkSizesOf, openFrames, wantsCheck } from './submission.ts';
import { activeTasks, framesTasks, runnableTasks } from './tasks.ts';
import { framesOfTask } from './troubles.ts';

/** What is left of one run, or of several. Seconds with the loading and the waits between tasks. */
export interface Needs {
  readonly queued: number;
  /** Of the queued tasks together, by what is known, and surely. */
  readonly seconds: number;
  readonly least: number;
  /** Frames of the queued tasks together, and the seconds that these need beside them. */
  readonly frames: number;
  readonly around: number;
  readonly busy: ReadonlyMap<string, number>;
  readonly hasMoreBehind: boolean;
}

export const NO_NEEDS: Needs = {
  queued: 0,
  seconds: 0,
  least: 0,
  frames: 0,
  around: 0,
  busy: new Map(),
  hasMoreBehind: false,
};

/** Of several together. */
export function sumOfNeeds(all: readonly Needs[]): Needs {
  const sum = (of: (needs: Needs) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    queued: sum(({ queued }) => queued),
    seconds: sum(({ seconds }) => seconds),
    least: sum(({ least }) => least),
    frames: sum(({ frames }) => frames),
    around: sum(({ around }) => around),
    busy: new Map(all.flatMap(({ busy }) => [...busy])),
    hasMoreBehind: all.some(({ hasMoreBehind }) => hasMoreBehind),
  };
}

/** Only so many of the queued tasks, as they are on average. */
export function partOf(needs: Needs, queued: number): Needs {
  const part = queued / needs.queued;
  const { seconds, least, frames, around } = needs;
  return {
    ...{ ...needs, queued, seconds: part * seconds, least: part * least },
    ...{ frames: part * frames, around: part * around },
  };
}

/** What each of the queued tasks needs, on average. */
export function perTaskOf({ queued, seconds, least, frames, around }: Needs) {
  const perTask = (sum: number) => (queued === 0 ? 0 : sum / queued);
  return {
    ...{ queued, secondsPerTask: perTask(seconds), leastPerTask: perTask(least) },
    ...{ framesPerTask: perTask(frames), aroundPerTask: perTask(around) },
  };
}

/** What is left of one run. */
export interface OwnNeeds extends Needs {
  /** Seconds of each of the queued tasks, in the order in which they are handed out. */
  readonly tasks: readonly number[];
  /** Share of their frames of which nobody knows how long they take; only forecasts tell it. */
  readonly unknown: number;
}

/**
 * What is left of a run of a pool whose runs are `others`, itself among them. `null` = it could not be read. Of a job that was
 * lost only one frame counts, until it is known what it had delivered; with `isForecast` all that are not known to be there.
 */
export function needsOf(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  others: readonly RunRecord[],
  isForecast = false,
): OwnNeeds | null {
  const asKnown = expectedSeconds(run, sight.now, run.times.frames > 0 ? undefined : usualSeconds(others));
  const outlook = isForecast && run.times.frames > 0 ? outlookOf(sight, run, asKnown) : null;
  const each = outlook?.each ?? asKnown;
  const leastEach = run.times.frames > 0 ? each : Math.min(each, leastLikely(run, sight.now));
  const around = secondsAroundTask(run);
  const needsFor = (sizes: readonly number[]) => {
    const all = sizes.reduce((sum, size) => sum + size, 0);
    // Of a task that was begun before some frames may be there.
    const frames = Math.min(all, outlook?.frames ?? all);
    return {
      queued: sizes.length,
      seconds: frames * each + sizes.length * around,
      least: frames * leastEach + sizes.length * around,
      ...{ frames, around: sizes.length * around },
      tasks: sizes.map((size) => ((size * frames) / all) * each + around),
      unknown: outlook?.unknown ?? 1,
    };
  };
  const upcoming = upcomingTasks(sight, draft, run, isForecast);
  if (upcoming !== null) return { ...NO_NEEDS, ...needsFor(upcoming) };
  const seen = sight.observed.details.get(run.id);
  if (seen === undefined || seen.job === 'unknown' || seen.tasks === 'unknown') return null;
  const isStopping = run.stopping !== null;
  const runnable = isForecast ? framesTasks(seen.tasks) : runnableTasks(seen.tasks);
  const tasks = isStopping ? activeTasks(seen) : runnable;
  const busy = new Map<string, number>();
  let sizes: number[] = [];
  for (const task of tasks) {
    const left = Math.max(1, task.stepsTotal - task.stepsCompleted);
    if (task.status !== 'active' || task.workerId === null) sizes.push(left);
    else busy.set(task.workerId, outlook?.leftOf(task) ?? leftOfActive(run, task, left * each, sight.now));
  }
  if (run.stopping?.code === 'recut') {
    const inHand = new Set(activeTasks(seen).flatMap(framesOfTask));
    const frames = openFrames(run).filter((frame) => !inHand.has(frame)).length;
    sizes = [...chunkSizesOf(sight, run, frames, null)];
  }
  const open = seen.tasks.filter(({ status }) => status === 'queued' || status === 'active').length;
  return { ...needsFor(sizes), busy, hasMoreBehind: !isStopping && open > tasks.length };
}

/** A frame of another shot says more about one that has none yet than nothing does. `undefined` = nobody knows. */
function usualSeconds(runs: readonly RunRecord[]): number | undefined {
  const known = runs.filter(({ times }) => times.frames > 0);
  if (known.length === 0) return undefined;
  return known.reduce((sum, run) => sum + secondsPerFrame(run), 0) / known.length;
}

/** Frames of each task of a job that is about to be submitted, or of one that was lost; `null` = its job is there, or cannot be seen. */
function upcomingTasks(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  isForecast: boolean,
): readonly number[] | null {
  const seen = sight.observed.details.get(run.id);
  // That of an earlier round has ended: the next one is still to come.
  const isKnownJob =
    seen !== undefined && seen.job !== null && seen.job !== 'unknown' && !isOfEarlierRound(run, seen.job);
  const isLost = seen?.job === null && run.jobId !== null;
  if (isKnownJob || (run.jobId !== null && !isLost)) return null;
  const isHeld = run.stopping !== null && run.stopping.code !== 'recut';
  if (isHeld || run.settings === null) return [];
  // What a lost job had delivered is looked at first.
  if (isLost && !isForecast) return [1];
  // One worker is enough for the check, and a bad shot costs no more than that.
  const isCheckAhead = run.check === 'pending' || (run.check === 'none' && wantsCheck(sight, draft, run));
  if (isCheckAhead && !isForecast) return [1];
  return chunkSizesOf(sight, run, openFrames(run).length, run.settings.chunkSize.value);
}

function isOfEarlierRound({ round }: RunRecord, job: JobObserved): boolean {
  return job.round !== null && job.round < round;
}

/** A frame that takes longer than usual needs a tenth of what it has taken so far, at a guess; as long again, at even odds, while nothing is usual. */
function leftOfActive(run: RunRecord, task: TaskObserved, usual: number, now: number): number {
  const mark = run.standstill[task.id];
  const elapsed = mark === undefined ? 0 : (now - mark.since) / 1000;
  const taken = run.times.loads === 0 ? elapsed : (ageOf(run, task.id, now) ?? 0);
  const longer = taken * (run.times.frames === 0 ? 1 : 0.1);
  return loadingLeft(run, task.id, now) + Math.max(usual - taken, longer);
}

/** Some frame of one of these has taught how long frames take. */
export function isKnown(runs: readonly RunRecord[]): boolean {
  return runs.some(({ times }) => times.frames > 0);
}
