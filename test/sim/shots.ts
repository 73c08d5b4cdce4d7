import { lognormalOf, randomOf } from './random.ts';

/** How an attempt at a frame ends: as it should, with an error of Blender, or never. */
export type Fate = 'done' | 'fails' | 'hangs';

/** What a shot is like to render. Seconds; the answers to the same question are always the same. */
export interface ShotPhysics {
  readonly loadSeconds: number;
  readonly memoryGiB: number;
  readonly secondsOf: (frame: number) => number;
  readonly fateOf?: (frame: number, attempt: number, worker: string) => Fate;
  /** Told of each whole picture that was made of the shot as it was when its task began. */
  readonly onPicture?: (path: string) => void;
  /** What the check says; empty = nothing is wrong. */
  readonly findings?: readonly {
    readonly code: string;
    readonly level: 'error' | 'warning';
    readonly message: string;
  }[];
}

/** Frames whose times are spread like this. */
export interface FrameSpread {
  readonly frames: number;
  readonly mean: number;
  readonly cv: number;
  readonly lastThirdFactor: number;
}

/** Frame times of a shot, drawn once: whoever renders it, and however often, meets the same ones. */
export function drawFrameSeconds(seed: number, shot: string, spread: FrameSpread): (frame: number) => number {
  const random = randomOf(seed, 'frames', shot);
  const seconds = Array.from({ length: spread.frames }, (_, index) => {
    const factor = index * 3 >= spread.frames * 2 ? spread.lastThirdFactor : 1;
    return factor * lognormalOf(random, spread.mean, spread.cv);
  });
  return (frame) => seconds[frame - 1] ?? spread.mean;
}
