import { longestOf, type Spread } from './spread.ts';
import type { Band } from './status-document.ts';

/** What the estimate of a run rests on. */
export interface Basis {
  /** Frames of it that have ended, and that are left. */
  readonly ended: number;
  readonly left: number;
  /** Seconds of a frame. */
  readonly times: Spread;
  /** Share of what is left of which nobody knows how long it takes. */
  readonly unknown: number;
  /** Of the money for its frames, the share for those that were lost with their machines. */
  readonly lost: number;
}

/** 10th and 90th percentile of a normal distribution, in standard deviations. */
const Z90 = 1.2816;
/** What an earlier run of the same shot says of one whose frames nobody has seen yet. */
const LIKE_SPREAD = 0.35;
/** And by what share the new version may take longer, nine times of ten. */
const LIKE_UPWARD = 1;
/** What the model itself is off by, as a share (measured by the bench of the policy). */
const MODEL_SPREAD = 0.04;
/** A look, a poll: seconds by which the end is off in any case. */
const LEAST_SPREAD_SECONDS = 10;
/** What nobody knows may take longer by so much, as a share, nine times of ten. */
const UNKNOWN_UPWARD = 2.2;
/** Lost machines, late boots and frames given back make it later, never sooner. */
const UPWARD = 1.5;
/** What is lost differs from what was, by so many times as much. */
const LOSS_SPREAD = 1.6;

/**
 * Around the seconds until a run's last frame. `waits`: of them, until all have begun; the longest frame of those that are left
 * begins half-way there, on average. `again`: for frames that are lost and rendered once more.
 */
export function secondsBand(
  basis: Basis,
  p50: number,
  { again, waits }: { readonly again: number; readonly waits: number },
): Band {
  const { times, left, ended } = basis;
  const longest =
    waits / 2 + longestOf(Math.max(1, left), 0.9, { ...times, spread: honest(times.spread, ended) });
  const { less, more } = relativeSpread(basis);
  const end = LEAST_SPREAD_SECONDS + times.spread * times.mean;
  const band = bandAround(p50, less * p50 + end, more * p50 + end);
  const p90 = Math.max(longest, band.p90 + LOSS_SPREAD * again);
  return withUnknown(basis, { p10: Math.max(0, band.p10 - again), p50, p90 });
}

/** Around the dollars that are to come. */
export function dollarsBand(basis: Basis, p50: number): Band {
  const { less, more } = relativeSpread(basis);
  const withLoss = (share: number) => p50 * Math.hypot(share, LOSS_SPREAD * basis.lost);
  return withUnknown(basis, bandAround(p50, withLoss(less), withLoss(more)));
}

/** Of the mean that was learned from some frames, and of the sum of those that are left, as shares: less by so much, or more. */
function relativeSpread({
  ended,
  left,
  times: { spread },
}: Basis): Readonly<Record<'less' | 'more', number>> {
  if (ended === 0) return { less: LIKE_SPREAD, more: LIKE_SPREAD };
  const ofSpread = (one: number) =>
    one * Math.hypot(1 / Math.sqrt(ended), 1 / Math.sqrt(Math.max(1, left))) + MODEL_SPREAD;
  return { less: ofSpread(spread), more: ofSpread(honest(spread, ended)) };
}

const FEWNESS = 1.5;

/** Of few the longest ones are missing, as a rule, all the more where they differ much: they look more alike than they are. */
function honest(spread: number, frames: number): number {
  return spread * Math.hypot(1, spread) * (1 + FEWNESS / Math.sqrt(Math.max(1, frames)));
}

/** By one standard deviation less, and more. */
function bandAround(p50: number, less: number, more: number): Band {
  return { p10: Math.max(0, p50 - Z90 * less), p50, p90: p50 + UPWARD * Z90 * more };
}

function withUnknown({ ended, unknown }: Basis, { p10, p50, p90 }: Band): Band {
  const upward = ended === 0 ? LIKE_UPWARD : UNKNOWN_UPWARD * unknown;
  return { p10, p50, p90: p50 + Math.hypot(p90 - p50, upward * p50) };
}
