import { framesOf } from './frames.ts';
import type { RunRecord } from './run.ts';

/** The frames that are shown first: the first, the middle and the last. */
export function scoutsOf(frames: readonly number[]): readonly number[] {
  const middle = Math.floor((frames.length - 1) / 2);
  return [...new Set([frames[0], frames[middle], frames.at(-1)])].filter((frame) => frame !== undefined);
}

/** Held after its scouts: with so few frames nothing would be left to wait for. */
export function isWorthScouting(frames: readonly number[]): boolean {
  return scoutsOf(frames).length < frames.length;
}

/** Until a person has said go only the scouts are rendered. */
export function allowedFrames(run: RunRecord): readonly number[] {
  const frames = framesOf(run.frames ?? '');
  return run.scouts === 'wanted' || run.scouts === 'shown' ? scoutsOf(frames) : frames;
}
