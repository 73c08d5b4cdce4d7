import type { FrameRecord } from './proof.ts';
import type { FrameTimes, PartTimes, RunRecord, Standstill } from './run.ts';
import { atDeviations, beyond, type Spread } from './spread.ts';
import type { EpochMs } from './time.ts';

/** Seconds a frame is taken to need before any was rendered: rather long, so that of a few slow frames none waits for a late worker. */
const PRIOR_SECONDS = 120;
/** No frame is surely longer than this before any was rendered. */
export const LEAST_SECONDS = 5;
/** Before any has ended, one that has taken so long needs half as much again, at a guess: nothing says that it is nearly done. */
const AT_LEAST_TO_LIKELY = 1.5;
/** Flamenco's worker waits 2 s when a task is done and 3 s before it asks for the next (3.9, fixed there). */
export const BETWEEN_TASKS_SECONDS = 5;
/** Loading, before any was seen: Blender's start and a shot of middling size. */
const PRIOR_LOAD_SECONDS = 5;

/** Few shots load for longer. */
const LONG_LOAD_SECONDS = 300;

/** A run is looked at in so many parts. */
export const PARTS = 24;

export const NONE: PartTimes = { frames: 0, sumSeconds: 0 };

/** Which part of a run's frames the one at this place (from 0) belongs to. */
export function partAt(place: number, frames: number): number {
  return Math.min(PARTS - 1, Math.floor((PARTS * place) / Math.max(1, frames)));
}

/** With one more frame of this part. */
function withSample(parts: FrameTimes['parts'], part: number, seconds: number): readonly PartTimes[] {
  return Array.from({ length: PARTS }, (_, index) => {
    const before = parts?.[index] ?? NONE;
    return index === part ? plus(before, { frames: 1, sumSeconds: seconds }) : before;
  });
}

export function plus(a: PartTimes, b: PartTimes): PartTimes {
  return { frames: a.frames + b.frames, sumSeconds: a.sumSeconds + b.sumSeconds };
}

/** Adds what a finished frame's record says; `part` = where in its run it stands. */
export function learn(times: FrameTimes, record: FrameRecord, part: number): FrameTimes {
  if (record.seconds === null) return times;
  const load = record.loadSeconds ?? 0;
  return {
    frames: times.frames + 1,
    sumSeconds: times.sumSeconds + record.seconds,
    sumSquaredSeconds: times.sumSquaredSeconds + record.seconds ** 2,
    loads: times.loads + (load > 0 ? 1 : 0),
    sumLoadSeconds: times.sumLoadSeconds + load,
    maxMemoryMiB: Math.max(times.maxMemoryMiB, record.peakMemoryMiB ?? 0),
    parts: withSample(times.parts, part, record.seconds),
  };
}

/** Adds what a frame that still runs says of loading. */
export function learnLoading(times: FrameTimes, seconds: number): FrameTimes {
  return { ...times, loads: times.loads + 1, sumLoadSeconds: times.sumLoadSeconds + seconds };
}

/** By its own frames, or else by those of an earlier run. */
export function secondsPerFrame({ times, like }: Taught): number {
  return times.frames === 0 ? (like?.seconds ?? PRIOR_SECONDS) : times.sumSeconds / times.frames;
}

type Taught = Pick<RunRecord, 'times'> & Partial<Pick<RunRecord, 'like'>>;
export type Known = Taught & Pick<RunRecord, 'standstill'>;

/** Seconds that a frame is taken to need by all that is known now. `usual`: for a shot of which no frame was rendered, in an earlier run neither. */
export function expectedSeconds(run: Known, now: EpochMs, usual: number = PRIOR_SECONDS): number {
  if (run.times.frames > 0) return expectedTimes(run, now).mean;
  const prior = run.like?.seconds ?? usual;
  const late = runningFor(run, now).filter((age) => age > prior);
  const sum = late.reduce((total, age) => total + AT_LEAST_TO_LIKELY * age, prior);
  return sum / (1 + late.length);
}

/**
 * Mean and coefficient of variation of a run's frames, of which some have ended. The first to end are the fastest, so those that run count
 * as well: each with what it will have taken on average, given that it has taken so long (expectation and maximization, Dempster et al.
 * 1977, by the moments of a log-normal spread). A usual spread counts as a few frames would.
 */
export function expectedTimes(run: Known, now: EpochMs): Spread {
  const { frames, sumSeconds, sumSquaredSeconds } = run.times;
  const ages = runningFor(run, now);
  let mean = sumSeconds / frames;
  let spread = USUAL_SPREAD;
  for (let round = 0; round < ROUNDS; round += 1) {
    let [sum, squares] = [sumSeconds, sumSquaredSeconds];
    for (const age of ages) {
      const likely = beyond(age, { mean, spread });
      sum += likely.mean;
      squares += likely.square;
    }
    const count = frames + ages.length;
    mean = sum / count;
    // Records may say that a frame took no time.
    const variance = mean <= 0 ? 0 : Math.max(0, squares / count - mean ** 2) / mean ** 2;
    spread = Math.sqrt((count * variance + FEW * USUAL_SPREAD ** 2) / (count + FEW));
  }
  return { mean, spread };
}

/** So few frames do not say how much they differ; most differ by this much. */
export const FEW = 5;
export const USUAL_SPREAD = 0.25;
const ROUNDS = 8;

/** Hardly a frame of many thousands is farther out than so many deviations; those that have ended look more alike than all are. */
const RARE = 4.5;

/** How many times the mean hardly a frame takes, for times that are spread log-normally as those are that have ended. */
export function rareFactor(times: FrameTimes): number {
  return atDeviations(RARE, { mean: 1, spread: spreadOf(times) });
}

/** A new version may be quicker than the earlier one, by so much at most as a rule. */
const LIKE_AT_LEAST = 0.5;

/** Seconds that a frame of a shot without any is not expected to fall below, if an earlier run was like it. */
export function leastLikely(run: Known, now: EpochMs): number {
  return Math.max(leastSeconds(run, now), LIKE_AT_LEAST * (run.like?.seconds ?? 0));
}

/** Seconds that a frame of a shot without any needs at the very least: as long as one has been running. */
export function leastSeconds(run: Known, now: EpochMs): number {
  return Math.max(LEAST_SECONDS, ...runningFor(run, now));
}

/** Seconds that went into frames that still run, none of them counted as longer than `each`. */
export function secondsUnderWay(run: Known, each: number, now: EpochMs): number {
  return runningFor(run, now).reduce((sum, age) => sum + Math.min(age, each), 0);
}

/**
 * How long each running frame has been rendered, without the loading before a task's first one. Before any record says that loading
 * is over it may be loading still: some time passes until it counts.
 */
function runningFor(run: Known, now: EpochMs): readonly number[] {
  return Object.values(run.standstill).map((mark) => ageAt(run, mark, now));
}

function ageAt(run: Known, { since, steps }: Standstill, now: EpochMs): number {
  const isUnknown = run.times.loads === 0 && run.times.frames === 0;
  const load = run.times.loads > 0 ? loadSecondsOf(run) : isUnknown ? LONG_LOAD_SECONDS : 0;
  return Math.max(0, (now - since) / 1000 - (steps === 0 ? load : 0));
}

/** How long the present frame of this task has been rendered; `null` = it has not been seen to run. */
export function ageOf(run: Known, taskId: string, now: EpochMs): number | null {
  const mark = run.standstill[taskId];
  return mark === undefined ? null : ageAt(run, mark, now);
}

/** Seconds until this task has loaded, where it is known how long that takes. */
export function loadingLeft(run: Known, taskId: string, now: EpochMs): number {
  const mark = run.standstill[taskId];
  if (mark === undefined || mark.steps > 0 || run.times.loads === 0) return 0;
  return Math.max(0, loadSecondsOf(run) - (now - mark.since) / 1000);
}

/** Seconds until a task's first frame begins, by those that were seen. */
function loadSecondsOf({ times, like }: Taught): number {
  return times.loads === 0 ? (like?.loadSeconds ?? PRIOR_LOAD_SECONDS) : times.sumLoadSeconds / times.loads;
}

/** What a task costs beside its frames: the wait for it, and loading the shot. Seconds. */
export function secondsAroundTask(run: Taught): number {
  return BETWEEN_TASKS_SECONDS + loadSecondsOf(run);
}

/** Coefficient of variation of the frame times; a wide guess before there are three. */
export function spreadOf(times: FrameTimes): number {
  if (times.frames < 3) return 0.5;
  const mean = times.sumSeconds / times.frames;
  const variance = Math.max(0, times.sumSquaredSeconds / times.frames - mean ** 2);
  return mean === 0 ? 0 : Math.sqrt(variance) / mean;
}
