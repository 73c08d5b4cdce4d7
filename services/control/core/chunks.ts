import { formatFrames } from './frames.ts';
import type { FrameTimes } from './run.ts';

/** No task has more than this share of all frames, nor of what is left: many workers end together. */
const SHARE_OF_ALL = 1 / 40;
const SHARE_OF_REST = 1 / 20;
/** With few workers at most, larger ones: each still gets several. */
const TASKS_A_WORKER = 2;
/** In a hurry all of the pool may be wanted: each gets so many, and nobody waits for the last frames of one long task. */
const HURRIED_TASKS_A_WORKER = 3;
/** A task longer than this keeps a drain waiting. */
const LONGEST_TASK_SECONDS = 600;
/** Before any frame was rendered. */
const LONGEST_UNKNOWN = 20;
/** No more than this share of a task is loading, once that is known. */
const LOADING_SHARE = 0.2;
/** Even the last tasks have a frame for so many that there are: of many frames each is short, as a rule. */
const FRAMES_A_LEAST = 125;
const MOST_LEAST = 8;

/**
 * How many frames each task has: `given` by a person, else more for the first tasks and few for the last ones. Each task loads the
 * shot anew, so there should be few; the last ones should be short, so that nobody renders on for long when the others are
 * done. With sizes that fall this needs neither the time of a frame nor the number of workers, which nobody knows yet.
 * `mostWorkers` = the pool's maximum; `isHurried` = a deadline is near; `leastForLoading` = no task is smaller, the last ones neither.
 */
export function chunkSizesFor(
  frames: number,
  { frames: known, sumSeconds }: Pick<FrameTimes, 'frames' | 'sumSeconds'>,
  mostWorkers: number,
  given: number | null,
  isHurried = false,
  leastForLoading = 1,
): readonly number[] {
  const seconds = known === 0 ? LONGEST_TASK_SECONDS / LONGEST_UNKNOWN : Math.max(0.1, sumSeconds / known);
  const few = 1 / (TASKS_A_WORKER * mostWorkers);
  const hurried = isHurried ? hurriedSize(frames, mostWorkers) : frames;
  const shareOfAll = Math.max(SHARE_OF_ALL, few);
  const longest = Math.max(
    1,
    Math.min(Math.floor(LONGEST_TASK_SECONDS / seconds), Math.ceil(frames * shareOfAll), hurried),
  );
  const least = Math.max(
    isHurried ? 1 : leastForLoading,
    Math.min(longest, MOST_LEAST, Math.floor(frames / FRAMES_A_LEAST)),
  );
  const share = Math.max(SHARE_OF_REST, few);
  const sizes: number[] = [];
  for (let left = frames; left > 0; ) {
    const size = Math.min(left, given ?? Math.max(least, Math.min(longest, Math.ceil(left * share))));
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

/** Frames of a task where nobody should have much in hand. */
export function hurriedSize(frames: number, workers: number): number {
  return Math.max(1, Math.floor(frames / (HURRIED_TASKS_A_WORKER * workers)));
}

/** Seconds: of a frame, and what a task costs beside its frames. */
interface TaskTimes {
  readonly each: number;
  readonly around: number;
}

/**
 * How many frames a task is to have at least, so that little of it is loading: as many tasks for each of the `workers`, one at least, as come
 * nearest to that. In a last wave that is half empty the others would stand idle.
 */
export function leastForLoading(frames: number, { each, around }: TaskTimes, workers: number): number {
  const forShare = Math.ceil((around * (1 - LOADING_SHARE)) / (LOADING_SHARE * each));
  if (forShare <= 1) return 1;
  const waves = Math.max(1, Math.round(frames / forShare / workers));
  return Math.ceil(frames / (waves * workers));
}

/**
 * Frames cut into expressions of these sizes, each of frames that follow one another, in the order in which they are handed out: spread over the
 * shot (`["1-4", "13-15", "8-10", …]`). So the first ones to end are like those that are left, whatever grows slower towards an end, and what
 * is wrong with a picture somewhere is seen before most are paid for.
 */
export function cutIntoChunks(frames: readonly number[], sizes: readonly number[]): readonly string[] {
  const places = spreadOver(sizes.length);
  const sizeAt: number[] = [];
  for (const [turn, place] of places.entries()) sizeAt[place] = sizes[turn] ?? 0;
  let from = 0;
  const inPlace = sizeAt.map((size) => {
    from += size;
    return formatFrames(frames.slice(from - size, from));
  });
  return places.flatMap((place) => inPlace[place] ?? []);
}

/** All places from 0, in an order of which every beginning is spread evenly: 0, 4, 2, 6, 1, … (van der Corput 1935, in bits). */
function spreadOver(count: number): readonly number[] {
  let places = [0];
  for (let step = 1; step < count; step *= 2)
    places = [...places.map((at) => 2 * at), ...places.map((at) => 2 * at + 1)];
  return places.filter((place) => place < count);
}

/** The frames of a render task, from its name; `null` for any other task. */
export function chunkOfTask(name: string): string | null {
  return name.startsWith('render-') ? name.slice('render-'.length) : null;
}

export const CHECK_TASK = 'check';
export const VIDEO_TASK = 'preview-video';
