import { formatFrames } from './frames.ts';

/** The first task has this share of the frames, each further one this share of what is left: many workers end together. */
const SHARE = 1 / 40;
/** A task longer than this keeps a drain waiting. */
const LONGEST_TASK_SECONDS = 600;

/**
 * How many frames each task has: `given` by a person, else more for the first tasks and one for the last ones. Each task loads the
 * shot anew, so there should be few; the last ones should be short, so that nobody renders on for long when the others are
 * done. With sizes that fall this needs neither the time of a frame nor the number of workers, which nobody knows yet.
 */
export function chunkSizesFor(
  frames: number,
  secondsPerFrame: number,
  given: number | null,
): readonly number[] {
  const longest = Math.max(1, Math.floor(LONGEST_TASK_SECONDS / Math.max(0.1, secondsPerFrame)));
  const sizes: number[] = [];
  for (let left = frames; left > 0; ) {
    const size = Math.min(left, given ?? Math.min(longest, Math.ceil(left * SHARE)));
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

/** Frames in order, cut into expressions of these sizes: `["1-4", "5-8", "9"]`. */
export function cutIntoChunks(frames: readonly number[], sizes: readonly number[]): readonly string[] {
  let from = 0;
  return sizes.map((size) => {
    from += size;
    return formatFrames(frames.slice(from - size, from));
  });
}

/** The frames of a render task, from its name; `null` for any other task. */
export function chunkOfTask(name: string): string | null {
  return name.startsWith('render-') ? name.slice('render-'.length) : null;
}

export const CHECK_TASK = 'check';
export const VIDEO_TASK = 'preview-video';
