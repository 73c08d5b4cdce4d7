import { spreadOf } from './frame-times.ts';
import type { FrameTimes, Likeness, Picture, RunRecord } from './run.ts';

/** What the frames of a shot took in one of its runs. Seconds. */
export interface LearnedTimes {
  readonly version: number;
  readonly seconds: number;
  /** Coefficient of variation. */
  readonly spread: number;
  /** `null` = no record said it. */
  readonly loadSeconds: number | null;
  readonly picture: Picture | null;
}

/** So few frames, perhaps the fastest of them, do not replace what more have taught. */
const FEW = 3;
/** A picture of so many times the work, or so much less, is not like it any more. */
const MOST_TIMES = 20;

/** What is kept of a run that has ended for the next one of its shot. */
export function withLearned(
  before: LearnedTimes | null,
  { times, version, picture }: Pick<RunRecord, 'times' | 'version' | 'picture'>,
): LearnedTimes | null {
  if (version === null || times.frames === 0 || (times.frames < FEW && before !== null)) return before;
  return {
    version,
    seconds: times.sumSeconds / times.frames,
    spread: spreadOf(times),
    loadSeconds: meanLoad(times),
    picture,
  };
}

function meanLoad({ loads, sumLoadSeconds }: FrameTimes): number | null {
  return loads === 0 ? null : sumLoadSeconds / loads;
}

/** What a picture of the same shot is taken to need: as long for each sample of each pixel. `null` = nothing is known, or it is not like it. */
export function likenessOf(learned: LearnedTimes | null, picture: Picture): Likeness | null {
  if (learned === null) return null;
  const { version, seconds, spread, loadSeconds, picture: before } = learned;
  const isOther = before?.engine !== picture.engine || before.isOnGpu !== picture.isOnGpu;
  if (before !== null && isOther) return null;
  const times = before === null ? 1 : picture.work / before.work;
  if (!(times <= MOST_TIMES && times >= 1 / MOST_TIMES)) return null;
  return { version, seconds: seconds * times, spread, loadSeconds };
}
