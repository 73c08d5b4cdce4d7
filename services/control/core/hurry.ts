import type { Draft, Sight } from './draft.ts';
import { expectedSeconds, spreadOf } from './frame-times.ts';
import { LOST_HALFWAY, lostShare, timesAgain } from './losses.ts';
import type { PoolPolicy } from './model.ts';
import { poolOf, runsOfPool } from './pools.ts';
import type { RunRecord } from './run.ts';
import { unfinishedFrames } from './submission.ts';

/** Of the time until a deadline this share, and these seconds, are kept for what a forecast does not know: lost machines, late boots, a look. */
const DEADLINE_SHARE = 0.08;
const DEADLINE_SECONDS = 60;
/** The last frames may be slower than most by so many standard deviations. */
const SLOW_LAST = 1.5;
/** Of what lost machines are likely to take once more, so much is kept (measured by the bench of the policy). */
const AGAIN_SHARE = 0.5;
/** A cluster and its manager, where there is no farm yet: `clusters create` takes 4 to 7 minutes. */
export const FARM_SECONDS = 400;

/** The last frames may take longer than most by this share, at a guess. */
export const LAST_SHARE = 0.4;

/** Seconds until a deadline, less what is kept to be safe. */
export interface Hurry {
  readonly seconds: number;
  /** As many as there were when it was set, from where the farm is there as a rule. */
  readonly given: number;
}

export const NO_HURRY: Hurry = { seconds: Number.POSITIVE_INFINITY, given: Number.POSITIVE_INFINITY };

/** `null` = it has no deadline. */
export function hurryOf(sight: Sight, draft: Draft, run: RunRecord): Hurry | null {
  if (run.stopping !== null || run.finishBy === null) return null;
  const seconds = secondsToBeSafe(sight, run, run.finishBy);
  const from = { ...sight, now: farmThereAt(draft, run) };
  return { seconds, given: Math.max(seconds, secondsToBeSafe(from, run, run.finishBy)) };
}

/** When the farm was there for a run, as one had to expect when it came. */
function farmThereAt({ memory: { stage, stageSince } }: Draft, run: RunRecord): number {
  const cameAt = run.admittedAt ?? run.receivedAt;
  return stage === 'ready' && stageSince <= cameAt ? cameAt : cameAt + 1000 * FARM_SECONDS;
}

function secondsToBeSafe({ policy, now }: Sight, run: RunRecord, finishBy: number): number {
  const left = (finishBy - now) / 1000;
  const { times } = run;
  const slower = times.frames < 3 ? LAST_SHARE : SLOW_LAST * spreadOf(times);
  const lastFrame = times.frames === 0 ? 0 : slower * expectedSeconds(run, now);
  const again = AGAIN_SHARE * secondsAgain({ policy, now }, run);
  return left - DEADLINE_SHARE * Math.max(0, left) - DEADLINE_SECONDS - lastFrame - again;
}

/** What the last frames take once more, if as much is lost with their machines as was so far. */
function secondsAgain({ policy, now }: Pick<Sight, 'policy' | 'now'>, run: RunRecord): number {
  const lost = lostShare(run);
  if (lost === 0) return 0;
  const pool = poolOf(policy, run);
  const last = Math.min(pool.max, unfinishedFrames(run).length);
  return timesAgain(lost, last) * (LOST_HALFWAY * expectedSeconds(run, now) + pool.bootSeconds);
}

/**
 * Whether a frame that is begun now on a new machine keeps its deadline only if that machine is not taken away, as others
 * of this run were. One that is late in any case is none.
 */
export function mustNotBeLost(sight: Sight, draft: Draft, pool: PoolPolicy): boolean {
  return runsOfPool(sight, draft, pool).some((run) => {
    if (run.stopping !== null || run.finishBy === null || run.costs.lost === 0) return false;
    const once = pool.bootSeconds + expectedSeconds(run, sight.now);
    const left = (run.finishBy - sight.now) / 1000;
    return once <= left && secondsToBeSafe(sight, run, run.finishBy) < 2 * once;
  });
}
