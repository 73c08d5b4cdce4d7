import type { Trace } from '../../sim/trace.ts';
import type { Deadline } from './extras.ts';
import { type Found, fewestDollars, lookBack, poolsToTry } from './frontier.ts';
import type { BusyPeriod } from './hindsight.ts';
import { median } from './outcome.ts';

/** How well deadlines are kept, and how true it is what is said of them. Shares are of all jobs in all seeds. */
export interface DeadlineQuality {
  readonly given: readonly DeadlineKept[];
  /**
   * With half of the fastest time, where not even a pool for this job alone could meet that: how often it was said, and how many seconds
   * after the job had come at the median.
   */
  readonly impossibleTold: number;
  readonly impossibleToldAfterSeconds: number | null;
}

export interface DeadlineKept {
  /** So many times what the fastest pool needs. */
  readonly ease: number;
  /** Hours that each job was given. */
  readonly hours: readonly number[];
  /** Of those that pools of hindsight meet. */
  readonly metWherePossible: number;
  /** Our dollars over the cheapest pool's that meets all of them. */
  readonly dollarsVsFrontier: number;
  /** Of those that were met: it had been said that it cannot, or probably will not be. */
  readonly warnedThoughMet: number;
}

/** Seconds from a job's coming to its end, by the fastest pools of hindsight with the same draws of chance. */
export interface Fastest {
  /** By the one that is ordered when it comes and has nothing else to do. */
  readonly alone: number;
  /** And by the one that is the first to be done with all of its busy period, if that is later. */
  readonly among: number;
}

/** So many times what the fastest pool needs is given. */
const EASES = [1.25, 1.5, 2];
const IMPOSSIBLE = 0.5;

/**
 * When each job would be done, in seconds from the trace's beginning, by the fastest pool that is ordered when it comes and has
 * nothing else to do. The cluster of the job before still stands, is being deleted or is gone, as the deployment keeps it.
 */
export function aloneEnds(trace: Trace, seed: number): readonly number[] {
  const { jobs, cloud, policy } = trace;
  const order = [...jobs.entries()].sort(([, a], [, b]) => a.atSeconds - b.atSeconds);
  const ends: number[] = [];
  let standsUntil = Number.NEGATIVE_INFINITY;
  let creations = 0;
  for (const [index, job] of order) {
    const stands = job.atSeconds < standsUntil;
    if (!stands) creations += 1;
    const atSeconds = stands
      ? job.atSeconds
      : Math.max(job.atSeconds, standsUntil + cloud.clusterDeleteSeconds);
    const period: BusyPeriod = {
      jobs: [{ job: { ...job, atSeconds }, index }],
      creation: stands ? null : creations,
      keptSeconds: 0,
    };
    const pools = poolsToTry({ ...trace, jobs: [job] });
    const end = firstEnd(lookBack(trace, seed, [period], pools), 0);
    ends[index] = end;
    standsUntil = Math.max(standsUntil, end + policy.idleTeardownSeconds);
  }
  return ends;
}

/** By seed and job. `found` = what pools came to in the busy periods, `alone` = `aloneEnds`, by seed. */
export function fastestOf(
  { jobs }: Trace,
  found: readonly (readonly (readonly Found[])[])[],
  alone: readonly (readonly number[])[],
  periods: readonly BusyPeriod[],
): readonly (readonly Fastest[])[] {
  return alone.map((ends, seed) =>
    jobs.map(({ atSeconds }, index) => {
      const period = periods.findIndex((one) => one.jobs.some((job) => job.index === index));
      const byItself = ends[index] ?? 0;
      const hasOthers = (periods[period]?.jobs.length ?? 0) > 1;
      const last = hasOthers ? Math.max(byItself, firstEnd(found[seed] ?? [], period)) : byItself;
      return { alone: byItself - atSeconds, among: last - atSeconds };
    }),
  );
}

function firstEnd(pools: readonly (readonly Found[])[], period: number): number {
  return Math.min(...pools.map((all) => all[period]?.endSeconds ?? Number.POSITIVE_INFINITY));
}

export interface Given {
  /** For each job, seconds from its coming. */
  readonly eased: readonly { readonly ease: number; readonly bySeconds: readonly number[] }[];
  readonly impossible: readonly number[];
}

/** A deadline for each job, from the fastest time at the median of the seeds. */
export function deadlinesOf({ jobs }: Trace, fastest: readonly (readonly Fastest[])[]): Given {
  const seconds = jobs.map((_, index) => median(fastest.map((all) => all[index]?.among ?? 0)));
  const times = (factor: number) => seconds.map((one) => one * factor);
  return { eased: EASES.map((ease) => ({ ease, bySeconds: times(ease) })), impossible: times(IMPOSSIBLE) };
}

export function deadlineQuality(
  given: readonly DeadlineKept[],
  bySeconds: readonly number[],
  fastest: readonly (readonly Fastest[])[],
  all: readonly Deadline[],
): DeadlineQuality {
  const impossible = all.flatMap(({ jobs }, seed) =>
    jobs.filter((_, job) => (fastest[seed]?.[job]?.alone ?? 0) > (bySeconds[job] ?? 0)),
  );
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
  fastest: readonly (readonly Fastest[])[],
  { ease, bySeconds }: Given['eased'][number],
  all: readonly Deadline[],
): DeadlineKept {
  const canBeMet = (seed: number, job: number) =>
    (fastest[seed]?.[job]?.among ?? Number.POSITIVE_INFINITY) <= (bySeconds[job] ?? 0);
  const possible = all.flatMap(({ jobs }, seed) => jobs.filter((_, job) => canBeMet(seed, job)));
  const met = all.flatMap(({ jobs }) => jobs.filter(({ isMet }) => isMet));
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
