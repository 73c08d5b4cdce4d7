import type { ShotPhysics } from '../../sim/shots.ts';
import type { Trace, TraceJob } from '../../sim/trace.ts';
import { type BusyPeriod, type Pool, runHindsight } from './hindsight.ts';
import { median } from './outcome.ts';
import { shotOf } from './shots.ts';

/** With so many sizes, or fewer, each is tried; beyond, the steps grow. */
const MOST_SIZES = 60;
const TASKS_PER_WORKER = [1, 2, 3, 5, 8, 16, Number.POSITIVE_INFINITY];

export interface FrontierPoint {
  readonly workers: number;
  readonly minutes: number;
  readonly dollars: number;
}

/** What a pool came to in one busy period. */
export interface Found {
  readonly endSeconds: number;
  readonly dollars: number;
}

export function poolsToTry({ jobs, policy }: Trace): readonly Pool[] {
  const frames = jobs.reduce((sum, job) => sum + job.frames, 0);
  const most = Math.min(policy.maxWorkers, frames);
  const sizes = new Set<number>();
  const step = most <= MOST_SIZES ? 1 : most ** (1 / MOST_SIZES);
  for (let size = 1; size <= most; size = Math.max(size + 1, Math.round(size * step))) sizes.add(size);
  sizes.add(most);
  const all = jobs.every(({ chunkSize }) => chunkSize !== undefined) ? [1] : TASKS_PER_WORKER;
  return [...sizes].flatMap((workers) => all.map((tasksPerWorker) => ({ workers, tasksPerWorker })));
}

/**
 * Jobs that come while something is left of the ones before are one period; one without frames is none. `ends` = the median
 * end of each job with ours.
 */
export function periodsOf({ jobs, policy, cloud }: Trace, ends: readonly number[]): readonly BusyPeriod[] {
  const order = jobs
    .map((job, index) => ({ job, index }))
    .filter(({ job }) => job.frames > 0)
    .sort((a, b) => a.job.atSeconds - b.job.atSeconds);
  const periods: {
    jobs: { job: Trace['jobs'][number]; index: number }[];
    creation: number | null;
    keptSeconds: number;
  }[] = [];
  const endingSeconds = policy.idleTeardownSeconds + cloud.clusterDeleteSeconds;
  let creations = 0;
  let busyUntil = Number.NEGATIVE_INFINITY;
  for (const one of order) {
    const idle = one.job.atSeconds - busyUntil;
    const period = periods.at(-1);
    if (period !== undefined && idle <= 0) period.jobs.push(one);
    else {
      const stands = period !== undefined && idle < policy.idleTeardownSeconds;
      if (!stands) creations += 1;
      periods.push({
        jobs: [one],
        creation: stands ? null : creations,
        keptSeconds: stands ? idle - endingSeconds : 0,
      });
    }
    busyUntil = Math.max(busyUntil, ends[one.index] ?? 0);
  }
  return periods;
}

/** What each pool comes to in each period, for one seed. `pools`: all that are tried for the trace, or those that one of its jobs can use. */
export function lookBack(
  trace: Trace,
  seed: number,
  periods: readonly BusyPeriod[],
  pools: readonly Pool[] = poolsToTry(trace),
): readonly (readonly Found[])[] {
  const shots = new Map<number, ShotPhysics>();
  const of = (job: TraceJob, index: number): ShotPhysics => {
    const shot = shots.get(index) ?? shotOf(seed, job, index);
    shots.set(index, shot);
    return shot;
  };
  return pools.map((pool) => periods.map((period) => runHindsight(trace, seed, period, pool, of)));
}

/** `found[seed][pool][period]`, as `lookBack` gives it for each seed. */
export function frontierOf(
  trace: Trace,
  found: readonly (readonly (readonly Found[])[])[],
  periods: readonly BusyPeriod[],
): readonly FrontierPoint[] {
  if (periods.length === 0) return [];
  const points = poolsToTry(trace).map(({ workers }, pool) => {
    const all = medians(found, pool, periods.length);
    const dollars = all.reduce((sum, one) => sum + one.dollars, 0);
    return { workers, minutes: Math.max(...all.map(({ endSeconds }) => endSeconds)) / 60, dollars };
  });
  return envelope(points);
}

/** The fewest dollars of pools that end each period no later than ours did; of the fastest pool where none does. */
export function fewestDollars(
  trace: Trace,
  found: readonly (readonly (readonly Found[])[])[],
  periods: readonly BusyPeriod[],
  ends: readonly number[],
): number {
  const pools = poolsToTry(trace).map((_, pool) => medians(found, pool, periods.length));
  return periods.reduce((sum, { jobs }, period) => {
    const end = Math.max(...jobs.map(({ index }) => ends[index] ?? 0));
    const here = pools.flatMap((all) => all[period] ?? []);
    const inTime = here.filter(({ endSeconds }) => endSeconds <= end);
    const fastest = here.reduce((a, b) => (b.endSeconds < a.endSeconds ? b : a));
    return sum + Math.min(...(inTime.length > 0 ? inTime : [fastest]).map(({ dollars }) => dollars));
  }, 0);
}

function medians(
  found: readonly (readonly (readonly Found[])[])[],
  pool: number,
  periods: number,
): readonly Found[] {
  return Array.from({ length: periods }, (_, period) => {
    const all = found.flatMap((bySeed) => bySeed[pool]?.[period] ?? []);
    return {
      endSeconds: median(all.map(({ endSeconds }) => endSeconds)),
      dollars: median(all.map(({ dollars }) => dollars)),
    };
  });
}

/** Those than which none is both faster and cheaper, the fastest first. */
function envelope(points: readonly FrontierPoint[]): readonly FrontierPoint[] {
  const sorted = [...points].sort((a, b) => a.minutes - b.minutes || a.dollars - b.dollars);
  const kept: FrontierPoint[] = [];
  for (const point of sorted)
    if (point.dollars < (kept.at(-1)?.dollars ?? Number.POSITIVE_INFINITY)) kept.push(point);
  return kept;
}
