import { hurriedSize } from './chunks.ts';
import type { Draft, Sight } from './draft.ts';
import type { PoolPolicy } from './model.ts';
import { type Needs, needsOf, partOf } from './needs.ts';
import { poolOf } from './pools.ts';
import type { RunRecord } from './run.ts';

/** One that was stopped goes on when this share of its cap would not be reached: what is in hand wavers. */
const GO_ON_SHARE = 0.9;

/** Dollars that a run may cost; `null` = whatever it takes. */
export function capOf({ settings }: Pick<RunRecord, 'settings'>): number | null {
  return settings?.maxDollars.value ?? null;
}

/** What was spent alone comes to it. */
export function isCapSpent(run: RunRecord): boolean {
  return run.dollars >= (capOf(run) ?? Number.POSITIVE_INFINITY);
}

/** A cap is near where it would be reached if frames took so many times what they are taken to need. */
const NEAR = 2;

/**
 * Frames that a task should have so that a near cap is kept: what is in hand when it is reached is finished, and should be little of
 * what it pays for. `null` = as many as are best otherwise.
 */
export function sizeForCap(
  run: RunRecord,
  { pricePerHour, max }: PoolPolicy,
  frames: number,
  secondsPerFrame: number,
): number | null {
  const cap = capOf(run);
  if (cap === null || pricePerHour === 0) return null;
  const paid = (cap * 3600) / (pricePerHour * secondsPerFrame);
  return paid < NEAR * frames ? hurriedSize(paid, max) : null;
}

/**
 * Whether a run has cost as much as its `maxDollars` allow, or will have when what it has in hand is done. While none of its frames
 * has ended only what was spent counts.
 */
export function isCapReached(sight: Sight, draft: Draft, run: RunRecord): boolean {
  const cap = capOf(run);
  if (cap === null) return false;
  if (isCapSpent(run)) return true;
  const needs = run.times.frames === 0 ? null : needsOf(sight, draft, run, [run]);
  if (needs === null) return false;
  const isStopped = run.stopping?.code === 'maxDollars';
  // With nothing left to begin there is nothing to stop.
  if (!isStopped && needs.queued === 0) return false;
  const most = isStopped ? GO_ON_SHARE * cap : cap;
  return run.dollars + dollarsInHand(sight, run, needs) >= most;
}

/** What its running tasks will still cost: their machines until they are gone, and the farm until the last one is done. */
function dollarsInHand({ policy }: Sight, run: RunRecord, { busy }: Pick<Needs, 'busy'>): number {
  const { pricePerHour, tailSeconds } = poolOf(policy, run);
  const left = [...busy.values()];
  const machines = left.reduce((sum, seconds) => sum + seconds + tailSeconds, 0);
  return (machines * pricePerHour + Math.max(0, ...left) * policy.fixedPricePerHour) / 3600;
}

/** What of it the rest of its `maxDollars` pays for, with a boot for each task: nobody is ordered for more. */
export function withinCap(
  sight: Sight,
  run: RunRecord,
  needs: Needs,
  { pricePerHour, bootSeconds, tailSeconds }: PoolPolicy,
): Needs {
  const cap = capOf(run);
  if (cap === null || pricePerHour === 0 || needs.queued === 0) return needs;
  const dollars = Math.max(0, cap - run.dollars - dollarsInHand(sight, run, needs));
  const seconds = needs.seconds + needs.queued * (bootSeconds + tailSeconds);
  const share = Math.min(1, ((dollars / pricePerHour) * 3600) / seconds);
  return partOf(needs, Math.ceil(needs.queued * share));
}
