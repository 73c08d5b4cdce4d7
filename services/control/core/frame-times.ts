import type { FrameRecord } from './proof.ts';
import type { FrameTimes, RunRecord } from './run.ts';
import type { EpochMs } from './time.ts';

/** Seconds a frame is taken to need before any was rendered: rather long, so that of a few slow frames none waits for a late worker. */
const PRIOR_SECONDS = 120;
/** No frame is surely longer than this before any was rendered. */
export const LEAST_SECONDS = 5;
/** Before any has ended, one that has taken so long needs half as much again, at a guess: nothing says that it is nearly done. */
const AT_LEAST_TO_LIKELY = 1.5;
/** Flamenco's worker waits 2 s when a task is done and 3 s before it asks for the next (3.9, fixed there). */
const BETWEEN_TASKS_SECONDS = 5;
/** Loading, before any was seen: Blender's start and a shot of middling size. */
const PRIOR_LOAD_SECONDS = 5;

/** Few shots load for longer. */
const LONG_LOAD_SECONDS = 300;

/** Adds what a finished frame's record says. */
export function learn(times: FrameTimes, record: FrameRecord): FrameTimes {
  if (record.seconds === null) return times;
  const load = record.loadSeconds ?? 0;
  return {
    frames: times.frames + 1,
    sumSeconds: times.sumSeconds + record.seconds,
    sumSquaredSeconds: times.sumSquaredSeconds + record.seconds ** 2,
    loads: times.loads + (load > 0 ? 1 : 0),
    sumLoadSeconds: times.sumLoadSeconds + load,
    maxMemoryMiB: Math.max(times.maxMemoryMiB, record.peakMemoryMiB ?? 0),
  };
}

/** Adds what a frame that still runs says of loading. */
export function learnLoading(times: FrameTimes, seconds: number): FrameTimes {
  return { ...times, loads: times.loads + 1, sumLoadSeconds: times.sumLoadSeconds + seconds };
}

export function secondsPerFrame(run: Pick<RunRecord, 'times'>): number {
  return run.times.frames === 0 ? PRIOR_SECONDS : run.times.sumSeconds / run.times.frames;
}

type Known = Pick<RunRecord, 'times' | 'standstill'>;

/**
 * Seconds that a frame is taken to need by all that is known now. The first to end are the fastest, so those that run count
 * as well: each with what it will have taken on average, given that it has taken so long (expectation and maximization over a
 * normal spread, Dempster et al. 1977). `prior`: for a shot without any frame.
 */
export function expectedSeconds(run: Known, now: EpochMs, prior: number = PRIOR_SECONDS): number {
  const { frames, sumSeconds } = run.times;
  const ages = runningFor(run, now);
  if (frames === 0) {
    const late = ages.filter((age) => age > prior);
    const sum = late.reduce((total, age) => total + AT_LEAST_TO_LIKELY * age, prior);
    return sum / (1 + late.length);
  }
  const spread = frames < FEW ? USUAL_SPREAD : Math.max(LEAST_SPREAD, spreadOf(run.times));
  let mean = sumSeconds / frames;
  for (let round = 0; round < ROUNDS; round += 1) {
    const likely = ages.reduce((sum, age) => sum + likelySeconds(age, mean, spread * mean), sumSeconds);
    mean = likely / (frames + ages.length);
  }
  return mean;
}

const FEW = 5;
const USUAL_SPREAD = 0.25;
const LEAST_SPREAD = 0.05;
const ROUNDS = 8;

/** The mean of a normal spread beyond an age. The normal's tail by a logistic curve (Page 1977): 0.1 % is near enough. */
function likelySeconds(age: number, mean: number, deviation: number): number {
  const z = (age - mean) / Math.max(1e-9, deviation);
  if (z > 4) return age + deviation / z;
  const density = Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI);
  return mean + deviation * density * (1 + Math.exp(1.5976 * z + 0.07056 * z ** 3));
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
  const isUnknown = run.times.loads === 0 && run.times.frames === 0;
  const load = run.times.loads > 0 ? loadSecondsOf(run) : isUnknown ? LONG_LOAD_SECONDS : 0;
  return Object.values(run.standstill).map(({ since, steps }) =>
    Math.max(0, (now - since) / 1000 - (steps === 0 ? load : 0)),
  );
}

/** Seconds until a task's first frame begins, by those that were seen. */
function loadSecondsOf({ times }: Pick<RunRecord, 'times'>): number {
  return times.loads === 0 ? PRIOR_LOAD_SECONDS : times.sumLoadSeconds / times.loads;
}

/** What a task costs beside its frames: the wait for it, and loading the shot. Seconds. */
export function secondsAroundTask(run: Pick<RunRecord, 'times'>): number {
  return BETWEEN_TASKS_SECONDS + loadSecondsOf(run);
}

/** Coefficient of variation of the frame times; a wide guess before there are three. */
export function spreadOf(times: FrameTimes): number {
  if (times.frames < 3) return 0.5;
  const mean = times.sumSeconds / times.frames;
  const variance = Math.max(0, times.sumSquaredSeconds / times.frames - mean ** 2);
  return mean === 0 ? 0 : Math.sqrt(variance) / mean;
}
