import { formatFrames } from './frames.ts';

/** Tasks per worker of a full pool: enough that a slow chunk at the end does not leave the others idle. */
const TASKS_PER_WORKER = 4;
/** A task longer than this keeps a drain waiting. */
const LONGEST_TASK_SECONDS = 600;

/** How many frames a task has: `given` by a person, else enough tasks for the pool and none of them long. */
export function chunkSizeFor(
  frames: number,
  secondsPerFrame: number,
  poolMax: number,
  given: number | null,
): number {
  if (given !== null) return given;
  const spread = Math.ceil(frames / (Math.max(1, poolMax) * TASKS_PER_WORKER));
  const longest = Math.floor(LONGEST_TASK_SECONDS / Math.max(0.1, secondsPerFrame));
  return Math.max(1, Math.min(spread, longest));
}

/** Frames in order, cut into expressions of `size` frames: `["1-4", "5-8", "9"]`. */
export function cutIntoChunks(frames: readonly number[], size: number): readonly string[] {
  const chunks: string[] = [];
  for (let from = 0; from < frames.length; from += size) {
    chunks.push(formatFrames(frames.slice(from, from + size)));
  }
  return chunks;
}

/** The frames of a render task, from its name; `null` for any other task. */
export function chunkOfTask(name: string): string | null {
  return name.startsWith('render-') ? name.slice('render-'.length) : null;
}

export const CHECK_TASK = 'check';
export const VIDEO_TASK = 'preview-video';
