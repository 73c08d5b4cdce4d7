import type { FrameRecord } from './proof.ts';
import type { FrameTimes, RunRecord, Standstill } from './run.ts';
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

/** A run is looked at in so many parts. */
export const PARTS = 24;

/** Which part of a run's frames the one at this place (from 0) belongs to. */
export function partAt(place: number, frames: number): number {
  return Math.min(PARTS - 1, Math.floor((PARTS * place) / Math.max(1, frames)));
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

function withSample(
  parts: FrameTimes['parts'],
  part: number,
  seconds: number,
): NonNullable<FrameTimes['parts']> {
  return Array.from({ length: PARTS }, (_, index) => {
    const { frames, sumSeconds } = parts?.[index] ?? { frames: 0, sumSeconds: 0 };
    return index === part ? { frames: frames + 1, sumSeconds: sumSeconds + seconds } : { frames, sumSeconds };
  });
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
type Known = Taught & Pick<RunRecord, 'standstill'>;

/**
 * Seconds that a frame is taken to need by all that is known now. The first to end are the fastest, so those that run count
 * as well: each with what it will have taken on average, given that it has taken so long (expectation and maximization over a
 * normal spread, Dempster et al. 1977). `usual`: for a shot of which no frame was rendered, in an
 * earlier run neither.
 */
export function expectedSeconds(run: Known, now: EpochMs, usual: number = PRIOR_SECONDS): number {
  const { frames, sumSeconds } = run.times;
  const ages = runningFor(run, now);
  if (frames === 0) {
    const prior = run.like?.seconds ?? usual;
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

/**
 * What is left of a frame that has been rendered for so long: its mean beyond that age less the age, for times that are spread
 * log-normally. Where they differ much one that is old already is likely one of the slowest, and half done.
 */
export function secondsLeft(age: number, mean: number, spread: number): number {
  const variance = Math.log(1 + Math.max(LEAST_SPREAD, spread) ** 2);
  const deviation = Math.sqrt(variance);
  const z = (Math.log(Math.max(1e-3, age) / mean) + variance / 2) / deviation;
  // Far out the quotient of two tails is lost in rounding: there it is nearly the age over the tail's slope.
  if (z > 4) return (age * deviation) / (z - deviation);
  return (mean * tail(z - deviation)) / tail(z) - age;
}

/** The share of a normal spread beyond so many deviations, by a logistic curve (Page 1977): 0.1 % is near enough. */
function tail(z: number): number {
  return 1 / (1 + Math.exp(1.5976 * z + 0.07056 * z ** 3));
}

/** The mean of a normal spread beyond an age. */
function likelySeconds(age: number, mean: number, deviation: number): number {
  const z = (age - mean) / Math.max(1e-9, deviation);
  if (z > 4) return age + deviation / z;
  const density = Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI);
  return mean + (deviation * density) / tail(z);
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

/** A frame that is being rendered. */
export interface Running {
  readonly taskId: string;
  readonly part: number;
}

/** So many frames are the newest ones, at least, and this share of all that are known. */
const NEWEST = 4;
const NEWEST_SHARE = 0.1;

/**
 * How much slower the frames to come are than all that are known together (1 = as they are), and what share of the run's parts nothing is known of yet. Frames come
 * almost in order: a trend that the last ones show, running ones by what they will have taken at least, tells of the rest. What may be
 * chance is left out (shrunk as James and Stein did).
 */
export function trendAhead(
  run: Known,
  running: readonly Running[],
  now: EpochMs,
): { readonly factor: number; readonly unseen: number } {
  const { frames, sumSeconds, parts = [] } = run.times;
  if (frames === 0 || sumSeconds <= 0) return { factor: 1, unseen: 1 };
  const mean = sumSeconds / frames;
  const spread = Math.max(LEAST_SPREAD, spreadOf(run.times));
  const known = Array.from({ length: PARTS }, (_, part) => parts[part] ?? { frames: 0, sumSeconds: 0 });
  for (const { taskId, part } of running) {
    const age = ageOf(run, taskId, now);
    const before = known[part];
    // One that is younger than most says nothing yet.
    if (age === null || before === undefined || age < mean) continue;
    const seconds = likelySeconds(age, mean, spread * mean);
    known[part] = { frames: before.frames + 1, sumSeconds: before.sumSeconds + seconds };
  }
  const newest = { frames: 0, sumSeconds: 0 };
  const enough = Math.max(NEWEST, NEWEST_SHARE * frames);
  let first = PARTS;
  while (first > 0 && newest.frames < enough) {
    first -= 1;
    newest.frames += known[first]?.frames ?? 0;
    newest.sumSeconds += known[first]?.sumSeconds ?? 0;
  }
  const unseen = 1 - (first + 1) / PARTS;
  const ratio = newest.frames === 0 ? 1 : newest.sumSeconds / newest.frames / mean;
  const chance = (spread ** 2 * 2) / Math.max(1, newest.frames);
  const sure = ratio === 1 ? 0 : Math.max(0, 1 - chance / (ratio - 1) ** 2);
  return { factor: 1 + sure * (ratio - 1), unseen };
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
