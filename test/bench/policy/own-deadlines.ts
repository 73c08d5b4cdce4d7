import type { Trace } from '../../sim/trace.ts';
import { fastestOf } from './deadlines.ts';
import type { Deadline } from './extras.ts';
import type { Found } from './frontier.ts';
import type { BusyPeriod } from './hindsight.ts';
import { median } from './outcome.ts';
import { shotName } from './shots.ts';

/** What came of a `finishByHours` that the trace itself gives a job. Shares are of the seeds. */
export interface OwnDeadline {
  readonly shot: string;
  readonly hours: number;
  readonly met: number;
  /** How often pools of hindsight meet it; and how often ours is met then (`null` = never possible). */
  readonly possible: number;
  readonly metWherePossible: number | null;
  /** How often it was said that it is not, probably not or perhaps not kept, and how many seconds after the job had come at the median. */
  readonly told: number;
  readonly toldAfterSeconds: number | null;
}

export function hasDeadlines({ jobs }: Trace): boolean {
  return jobs.some(({ finishByHours }) => finishByHours !== undefined);
}

/** `all`, `found` and `alone` (`aloneEnds`): by seed. */
export function ownDeadlines(
  trace: Trace,
  all: readonly Deadline[],
  found: readonly (readonly (readonly Found[])[])[],
  alone: readonly (readonly number[])[],
  periods: readonly BusyPeriod[],
): readonly OwnDeadline[] {
  const fastest = fastestOf(trace, found, alone, periods);
  return trace.jobs.flatMap(({ finishByHours }, index) => {
    if (finishByHours === undefined) return [];
    const ours = all.flatMap(({ jobs }) => jobs[index] ?? []);
    const possible = ours.filter((_, seed) => (fastest[seed]?.[index]?.among ?? 0) <= finishByHours * 3600);
    const told = ours.flatMap(({ toldAfterSeconds }) => toldAfterSeconds ?? []);
    const metOf = (jobs: typeof ours) => jobs.filter(({ isMet }) => isMet).length / jobs.length;
    return {
      ...{ shot: shotName(index), hours: finishByHours, met: metOf(ours) },
      possible: possible.length / ours.length,
      metWherePossible: possible.length === 0 ? null : metOf(possible),
      told: told.length / ours.length,
      toldAfterSeconds: told.length === 0 ? null : median(told),
    };
  });
}
