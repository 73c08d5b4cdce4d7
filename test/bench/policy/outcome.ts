/** What one rule made of one trace with one seed. */
export interface Outcome {
  readonly dollars: number;
  /** From the trace's beginning to the last frame. */
  readonly minutes: number;
  /** Share of the money in frames that came out. */
  readonly renderShare: number;
  readonly killedByScaling: number;
  readonly lostToPreemption: number;
  /** When the last frame of each job was there, in seconds from the beginning. */
  readonly jobEnds: readonly number[];
  /** How many frames of each job came out. */
  readonly jobFrames: readonly number[];
}

export interface Spread {
  readonly median: number;
  readonly p90: number;
}

/** The value below which this share of them lies. */
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), p90: percentile(values, 0.9) };
}
