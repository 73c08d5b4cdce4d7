import { capOf, withinCap } from './cap.ts';
import type { Draft, Sight } from './draft.ts';
import { type Hurry, hurryOf } from './hurry.ts';
import type { PoolPolicy } from './model.ts';
import { isKnown, type Needs, needsOf, perTaskOf, sumOfNeeds } from './needs.ts';
import { runsOfPool, waitsForGonePool } from './pools.ts';
import type { RunRecord } from './run.ts';

/** What is left to do for a pool, as far as it can run now. */
export interface Demand {
  /** Tasks that nobody has and that could be handed out now. */
  readonly queued: number;
  /** What each of them needs, the loading of the shot included. */
  readonly secondsPerTask: number;
  /** What each of them surely needs: the same, once a frame has taught it. */
  readonly leastPerTask: number;
  /** How many frames each has, and the seconds that it needs beside them, on average. */
  readonly framesPerTask: number;
  readonly aroundPerTask: number;
  /** Tasks that are running: by worker, the seconds that they still need. */
  readonly busy: ReadonlyMap<string, number>;
  /** Some task waits for those that run (the frames for the check, the video for the frames). */
  readonly hasMoreBehind: boolean;
  /** Some frame has taught how long they take. */
  readonly isKnown: boolean;
  /** Or an earlier run that was like one of these. */
  readonly isLike: boolean;
}

/** What must be done until a run's deadline: that run, and all that goes before it. */
export interface Hurried {
  readonly demand: Demand;
  readonly hurry: Hurry;
}

/**
 * What a pool has to do, what of it the runs' `maxDollars` still pay for, and what of that the most pressing deadlines ask for. `null` = some job
 * could not be read: nobody is sent home on that.
 */
export function demandOf(
  sight: Sight,
  draft: Draft,
  pool: PoolPolicy,
): { readonly all: Demand; readonly payable: Demand; readonly hurried: readonly Hurried[] } | null {
  const runs = runsOfPool(sight, draft, pool).toSorted(inOrder);
  const all: Needs[] = [];
  const payable: Needs[] = [];
  const due: Due[] = [];
  let seconds = 0;
  for (const run of runs) {
    if (waitsForGonePool(sight, run)) continue;
    const needs = needsOf(sight, draft, run, runs);
    if (needs === null) return null;
    all.push(needs);
    const paid = withinCap(sight, run, needs, pool);
    payable.push(paid);
    seconds += paid.seconds;
    const hurry = hurryOf(sight, draft, run);
    if (hurry !== null) due.push({ run, hurry, place: payable.length, pressure: pressureOf(seconds, hurry) });
  }
  const whole = sumOfDemand(all, runs);
  const isCapped = runs.some((run) => capOf(run) !== null);
  const pressing = due.sort((a, b) => b.pressure - a.pressure).slice(0, mostPressing(pool));
  // What its own frames need is what matters: those of others say little of them.
  const hurried = pressing.map(({ run, hurry, place }) => {
    return { demand: sumOfDemand(payable.slice(0, place), [run]), hurry };
  });
  return { all: whole, payable: isCapped ? sumOfDemand(payable, runs) : whole, hurried };
}

/** A run with a deadline, by its place in the order, from 1. */
interface Due {
  readonly run: RunRecord;
  readonly hurry: Hurry;
  readonly place: number;
  readonly pressure: number;
}

/** Each costs forecasts of the whole team: in a large pool those that ask for most are enough. */
function mostPressing({ max }: PoolPolicy): number {
  return Math.max(5, Math.floor(5000 / max));
}

/** About how many workers so many seconds of work take. */
function pressureOf(work: number, { seconds }: Hurry): number {
  return work / Math.max(1, seconds);
}

function sumOfDemand(needs: readonly Needs[], taughtBy: readonly RunRecord[]): Demand {
  const sum = sumOfNeeds(needs);
  return {
    ...{ ...perTaskOf(sum), busy: sum.busy, hasMoreBehind: sum.hasMoreBehind },
    ...{ isKnown: isKnown(taughtBy), isLike: taughtBy.some(({ like }) => like !== null) },
  };
}

/** As Flamenco hands their tasks out: by priority, then age. */
export function inOrder(a: RunRecord, b: RunRecord): number {
  const priority = ({ settings }: RunRecord) => settings?.priority.value ?? 0;
  return priority(b) - priority(a) || (a.admittedAt ?? 0) - (b.admittedAt ?? 0);
}
