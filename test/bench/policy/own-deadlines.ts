import type { Trace } from '../../sim/trace.ts';
import type { Deadline } from './extras.ts';
import { median } from './outcome.ts';
import { shotName } from './shots.ts';

/** What came of a `finishByHours` that the trace itself gives a job. Shares are of the seeds. */
export interface OwnDeadline {
  readonly shot: string;
  readonly hours: number;
  readonly met: number;
  /** How often the fastest pool of hindsight with nothing else to do meets it; and how often ours is met then (`null` = never possible). */
  readonly possible: number;
  readonly metWherePossible: number | null;
  /** How often it was said that it is not, probably not or perhaps not kept, and how many seconds after the job had come at the median. */
  readonly told: number;
  readonly toldAfterSeconds: number | null;
}

export function hasDeadlines({ jobs }: Trace): boolean {
  return jobs.some(({ finishByHours }) => finishByHours !== undefined);
}

/** `all` and `alone` (`aloneEnds`): by seed. */
export function ownDeadlines(
  { jobs }: Trace,
  all: readonly Deadline[],
  alone: readonly (readonly number[])[],
): readonly OwnDeadline[] {
  return jobs.flatMap(({ atSeconds, finishByHours }, index) => {
    if (finishByHours === undefined) return [];
    const ours = all.flatMap(({ jobs: those }) => those[index] ?? []);
    const end = atSeconds + finishByHours * 3600;
    const possible = ours.filter((_, seed) => (alone[seed]?.[index] ?? Number.POSITIVE_INFINITY) <= end);
    const told = ours.flatMap(({ toldAfterSeconds }) => toldAfterSeconds ?? []);
    const metOf = (some: typeof ours) => some.filter(({ isMet }) => isMet).length / some.length;
    return {
      ...{ shot: shotName(index), hours: finishByHours, met: metOf(ours) },
      possible: possible.length / ours.length,
      metWherePossible: possible.length === 0 ? null : metOf(possible),
      told: told.length / ours.length,
      toldAfterSeconds: told.length === 0 ? null : median(told),
    };
  });
}
