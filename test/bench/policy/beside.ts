import type { Trace } from '../../sim/trace.ts';
import type { DeadlineQuality } from './deadlines.ts';
import { type Extras, type Guess, valuesOfTime } from './extras.ts';
import { median, type Outcome } from './outcome.ts';

/** How good the estimates of a moment were. Shares are of all runs and seeds. */
interface EstimateQuality {
  /** How often the truth lay between the 10th and the 90th percentile: 0.8 is honest. */
  readonly secondsInside: number;
  readonly dollarsInside: number;
  /** Median of |estimate − truth| / truth. */
  readonly secondsError: number;
  readonly dollarsError: number;
  readonly count: number;
}

/** What the bench tells beside costs and times. */
export interface Beside {
  readonly estimates: Readonly<Record<Guess['at'], EstimateQuality | null>>;
  readonly deadline: DeadlineQuality;
  /** `CHECK_FIRST=auto` beside `never`; what a rejected shot costs, and what it would have cost without the check. */
  readonly checkFirst: {
    readonly moreMinutes: number;
    readonly moreDollars: number;
    readonly badDollars: number;
    readonly savedDollarsWhenBad: number;
  };
  readonly valuesOfTime: readonly {
    readonly perHour: number;
    readonly minutes: number;
    readonly dollars: number;
  }[];
  /** More value never makes it slower, nor cheaper (by more than the noise of 2 %). */
  readonly isMonotonic: boolean;
}

const NOISE = 1.02;

export function besideOf(
  trace: Trace,
  ours: readonly Outcome[],
  extras: readonly Extras[],
  deadline: DeadlineQuality,
): Beside {
  const dollars = (outcomes: readonly Outcome[]) => median(outcomes.map((one) => one.dollars));
  const minutes = (outcomes: readonly Outcome[]) => median(outcomes.map((one) => one.minutes));
  const checked = extras.map((one) => one.checked);
  const unchecked = ours.slice(0, extras.length);
  const bad = dollars(extras.map(({ rejected }) => rejected));
  const valuesSeen = valuesOfTime(trace).map((perHour, index) => {
    const outcomes = extras.flatMap(({ byValue }) => byValue[index] ?? []);
    return { perHour, minutes: minutes(outcomes), dollars: dollars(outcomes) };
  });
  const isMonotonic = valuesSeen.every((one, index) => {
    const before = valuesSeen[index - 1];
    return (
      before === undefined || (one.minutes <= before.minutes * NOISE && one.dollars * NOISE >= before.dollars)
    );
  });
  const guesses = extras.flatMap((one) => one.guesses);
  return {
    estimates: { tenFrames: qualityOf(guesses, 'tenFrames'), half: qualityOf(guesses, 'half') },
    deadline,
    checkFirst: {
      moreMinutes: minutes(checked) - minutes(unchecked),
      moreDollars: dollars(checked) - dollars(unchecked),
      badDollars: bad,
      savedDollarsWhenBad: dollars(unchecked) - bad,
    },
    valuesOfTime: valuesSeen,
    isMonotonic,
  };
}

function qualityOf(all: readonly Guess[], at: Guess['at']): EstimateQuality | null {
  const guesses = all.filter((one) => one.at === at);
  if (guesses.length === 0) return null;
  const inside = (of: 'seconds' | 'dollars') =>
    guesses.filter(({ [of]: told }) => told.truth >= told.p10 && told.truth <= told.p90).length /
    guesses.length;
  const error = (of: 'seconds' | 'dollars') =>
    median(guesses.map(({ [of]: told }) => Math.abs(told.p50 - told.truth) / Math.max(1e-9, told.truth)));
  return {
    ...{ secondsInside: inside('seconds'), dollarsInside: inside('dollars') },
    ...{ secondsError: error('seconds'), dollarsError: error('dollars'), count: guesses.length },
  };
}
