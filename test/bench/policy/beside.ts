import type { Trace } from '../../sim/trace.ts';
import { type Deadline, type Extras, type Guess, valuesOfTime } from './extras.ts';
import { type Found, fewestDollars } from './frontier.ts';
import type { BusyPeriod } from './hindsight.ts';
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

interface DeadlineQuality {
  readonly given: readonly DeadlineKept[];
  /** With half of the fastest pool's time: how often it was said, and after how many seconds at the median. */
  readonly impossibleTold: number;
  readonly impossibleToldAfterSeconds: number | null;
}

interface DeadlineKept {
  /** So many times what the fastest pool needs. */
  readonly ease: number;
  /** Hours that each job was given. */
  readonly hours: readonly number[];
  /** Of the seeds in which some pool of hindsight meets it. */
  readonly metWherePossible: number;
  /** Our dollars over the cheapest pool's that meets it. */
  readonly dollarsVsFrontier: number;
  /** Of those that were met: it had been said that it cannot, or probably will not be. */
  readonly warnedThoughMet: number;
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

/** So many times what the fastest pool needs is given. */
const EASES = [1.25, 1.5, 2];
const IMPOSSIBLE = 0.5;

export interface Given {
  /** For each job, seconds from its coming. */
  readonly eased: readonly { readonly ease: number; readonly bySeconds: readonly number[] }[];
  readonly impossible: readonly number[];
}

/** Deadlines from what the fastest pool of each period needs (the median over the seeds). */
export function deadlinesOf(
  trace: Trace,
  found: readonly (readonly (readonly Found[])[])[],
  periods: readonly BusyPeriod[],
): Given {
  const fastest = periods.map((_, period) => median(found.map((pools) => fastestOf(pools, period))));
  const seconds = trace.jobs.map(({ atSeconds }, index) => {
    const period = periods.findIndex(({ jobs }) => jobs.some((job) => job.index === index));
    return (fastest[period] ?? 0) - atSeconds;
  });
  const times = (factor: number) => seconds.map((one) => one * factor);
  return { eased: EASES.map((ease) => ({ ease, bySeconds: times(ease) })), impossible: times(IMPOSSIBLE) };
}

function fastestOf(pools: readonly (readonly Found[])[], period: number): number {
  return Math.min(...pools.map((all) => all[period]?.endSeconds ?? Number.POSITIVE_INFINITY));
}

export function deadlineQuality(
  given: readonly DeadlineKept[],
  impossible: readonly Deadline[],
): DeadlineQuality {
  const told = impossible.flatMap(({ toldAfterSeconds }) => toldAfterSeconds ?? []);
  return {
    given,
    impossibleTold: told.length / Math.max(1, impossible.length),
    impossibleToldAfterSeconds: told.length === 0 ? null : median(told),
  };
}

export function deadlineKept(
  trace: Trace,
  found: readonly (readonly (readonly Found[])[])[],
  periods: readonly BusyPeriod[],
  { ease, bySeconds }: Given['eased'][number],
  all: readonly Deadline[],
): DeadlineKept {
  const endOf = (period: BusyPeriod) =>
    Math.min(...period.jobs.map(({ job, index }) => job.atSeconds + (bySeconds[index] ?? 0)));
  const isPossible = (seed: number) =>
    periods.every((period, index) => fastestOf(found[seed] ?? [], index) <= endOf(period));
  const possible = all.filter((_, seed) => isPossible(seed));
  const met = all.filter(({ isMet }) => isMet);
  const ends = trace.jobs.map(({ atSeconds }, index) => atSeconds + (bySeconds[index] ?? 0));
  return {
    ease,
    hours: bySeconds.map((seconds) => Math.round((seconds / 3600) * 1000) / 1000),
    metWherePossible: possible.filter(({ isMet }) => isMet).length / Math.max(1, possible.length),
    dollarsVsFrontier:
      median(all.map(({ outcome }) => outcome.dollars)) / fewestDollars(trace, found, periods, ends),
    warnedThoughMet: met.filter(({ isWarned }) => isWarned).length / Math.max(1, met.length),
  };
}
