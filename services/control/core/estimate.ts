import { type Basis, dollarsBand, secondsBand } from './bands.ts';
import { inOrder } from './demand.ts';
import type { Draft, Sight } from './draft.ts';
import { endsInTurn, secondsUntilDone } from './forecast.ts';
import { BETWEEN_TASKS_SECONDS, expectedSeconds, expectedTimes, spreadOf } from './frame-times.ts';
import { FARM_SECONDS } from './hurry.ts';
import { LOST_HALFWAY, lostShare, timesAgain } from './losses.ts';
import type { PoolPolicy } from './model.ts';
import { type Needs, NO_NEEDS, needsOf, type OwnNeeds, perTaskOf, sumOfNeeds } from './needs.ts';
import { moreWorkers } from './pool-size.ts';
import { priceOf, runsOfPool } from './pools.ts';
import type { RunRecord } from './run.ts';
import { pendingSetback } from './setback.ts';
import { longestOf } from './spread.ts';
import { type Member, poolAtHand, whoIsThere } from './staff.ts';
import type { Band } from './status-document.ts';
import { unfinishedFrames } from './submission.ts';
import { variantFor } from './variants.ts';

/** What is still to come of a run: seconds until its last frame, dollars until its workers are gone. Each with its 10th and 90th percentile. */
export interface Estimate {
  readonly seconds: Band;
  readonly dollars: Band;
  /** Seconds with as many workers as there can be; `null` = it has no deadline for which they would come. */
  readonly soonest: Band | null;
}

/** Of what the last frames of a team take beyond the mean by their spread, so much is not in the forecast's last wave. */
const LAST_SHARE = 0.35;
/** `clusters delete` takes 3 to 6 minutes, and the fee runs meanwhile. */
const FARM_END_SECONDS = 240;
/**
 * What is left of each run whose frames have taught how long they take, by the model that sizes the pools: all that waits for the same pool
 * goes before it as Flamenco hands it out (by priority, then age), each task loads and is waited for, and workers that boot
 * count from when they are there. A run that cannot be read has none, nor one that goes on nobody knows when.
 */
export function estimates(sight: Sight, draft: Draft): ReadonlyMap<string, Estimate> {
  const all = new Map<string, Estimate>();
  for (const pool of sight.policy.pools) {
    const runs = runsOfPool(sight, draft, pool);
    if (runs.some(isTaught)) estimatePool(sight, draft, pool, runs.toSorted(inOrder), all);
  }
  return all;
}

function isTaught({ times, like }: RunRecord): boolean {
  return times.frames > 0 || like !== null;
}

function estimatePool(
  sight: Sight,
  draft: Draft,
  configured: PoolPolicy,
  runs: readonly RunRecord[],
  into: Map<string, Estimate>,
): void {
  const { policy, now } = sight;
  const { workers } = sight.observed;
  const each = runs.map((run) => needsOf(sight, draft, run, runs, true));
  if (workers === 'unknown' || each.includes(null)) return;
  const needs = each.filter((one) => one !== null);
  const pool = poolAtHand(sight, draft, configured, runs);
  const price = priceOf(policy, configured, variantFor(sight, draft.memory, configured)?.name, now);
  const whole = sumOfNeeds(needs);
  const team = whoIsThere(sight, pool, workers, whole.busy).map((one) => asLongAgain(one, pool, now));
  const freeAt = team.map((member) => member.freeAt);
  const unoccupied = team.filter(({ isBusy }) => !isBusy).map((member) => member.freeAt);
  const more = moreWorkers(
    { ...workOf(whole, freeAt), isKnown: true, isLike: false, unoccupied, elsewhere: [] },
    pool,
    policy,
  );
  const farm = secondsToFarm(sight, draft);
  const endsWith = (coming: number) =>
    endsOf(needs, [...freeAt, ...Array.from({ length: coming }, () => pool.bootSeconds)]);
  const ends = endsWith(more);
  const most = Math.max(0, pool.max - team.length);
  const soonest = runs.some(({ finishBy }) => finishBy !== null) ? endsWith(most) : null;
  const untilDone = Math.max(ends.all, ...whole.busy.values());
  // Whoever has no machine by then is taken back, and costs nothing.
  const coming = team.filter((member) => member.freeAt <= untilDone);
  const around =
    (coming.length + more) * pool.tailSeconds + more * pool.bootSeconds + sumOf(coming.map(bootLeft));
  const endOfAll = farm.coming + untilDone;
  const farmEnd = policy.keepControlPlane ? 0 : FARM_END_SECONDS + policy.idleTeardownMs / 1000;
  // The quotas leave no worker at present.
  if (!Number.isFinite(endOfAll)) return;
  for (const [index, run] of runs.entries()) {
    const own = needs[index];
    if (own === undefined || !isTaught(run) || !isOnItsWay(sight, run)) continue;
    const basis = basisOf(run, own, now);
    const again =
      timesAgain(basis.lost, Math.min(team.length, basis.left)) *
      (LOST_HALFWAY * basis.times.mean + pool.bootSeconds);
    const bandOf = (waits: number, coming: number) => {
      const last = lastExcess(basis, team.length + coming);
      const end = Math.max(waits, ...own.busy.values(), 0) + again + last;
      return secondsBand(basis, farm.waiting + farm.coming + end, { again, waits });
    };
    const share = workSeconds(own) / Math.max(1, workSeconds(whole));
    const paid = workSeconds(own) / (1 - basis.lost) + share * around;
    const dollars = (paid * price + share * (endOfAll + farmEnd) * policy.fixedPricePerHour) / 3600;
    into.set(run.id, {
      seconds: bandOf(ends.of(index), more),
      soonest: soonest === null || run.finishBy === null ? null : bandOf(soonest.of(index), most),
      dollars: dollarsBand(basis, dollars),
    });
  }
}

/** So few frames do not say how much they differ. */
const FEW = 3;

function basisOf(run: RunRecord, { unknown }: OwnNeeds, now: number): Basis {
  const { times, like } = run;
  const spread = like === null ? spreadOf(times) : like.spread;
  const known = times.frames < FEW ? { mean: expectedSeconds(run, now), spread } : expectedTimes(run, now);
  const left = unfinishedFrames(run).length;
  return { ended: times.frames, left, times: known, unknown, lost: lostShare(run) };
}

/** With more tasks that wait they are taken to be alike: so many one by one would take too long. */
const MOST_IN_TURN = 20_000;

/** When the last queued task has ended, of a run by its place in the order, and of all. */
interface Ends {
  readonly of: (index: number) => number;
  readonly all: number;
}

function endsOf(needs: readonly OwnNeeds[], freeAt: readonly number[]): Ends {
  const queued = needs.reduce((sum, one) => sum + one.queued, 0);
  if (queued > MOST_IN_TURN) return endsOfAlike(needs, freeAt);
  const ends = endsInTurn(
    needs.map(({ tasks }) => tasks),
    freeAt,
  );
  // Nothing is waited for after the last one.
  const of = (index: number) => Math.max(0, (ends[index] ?? 0) - BETWEEN_TASKS_SECONDS);
  return { of, all: Math.max(0, ...ends.map((_, index) => of(index))) };
}

/** Each end is a search, so only those are looked for that are asked for. */
function endsOfAlike(needs: readonly OwnNeeds[], freeAt: readonly number[]): Ends {
  // Who is busy until when stands in `freeAt`.
  const until = (sum: Needs) => secondsUntilDone(workOf({ ...sum, busy: NO_NEEDS.busy }, freeAt), 0, 0);
  let sum = NO_NEEDS;
  const sums = needs.map((own) => {
    sum = sumOfNeeds([sum, { ...own, busy: NO_NEEDS.busy }]);
    return sum;
  });
  return { of: (index) => (needs[index]?.queued ? until(sums[index] ?? NO_NEEDS) : 0), all: until(sum) };
}

/** The last one of a team to be done is slower than most. */
function lastExcess({ left, times }: Basis, team: number): number {
  const many = Math.min(team, left);
  return many < 2 ? 0 : LAST_SHARE * (longestOf(many, 0.5, times) - times.mean);
}

/** Seconds until there is a farm: `waiting` for it to be tried again, which costs nothing, and `coming` up. */
export function secondsToFarm(
  sight: Sight,
  draft: Draft,
): { readonly waiting: number; readonly coming: number } {
  const { observed, now } = sight;
  const { farm } = observed;
  const pending = pendingSetback(sight, draft);
  if (pending !== null) return { waiting: (pending.until - now) / 1000, coming: FARM_SECONDS };
  if (farm === 'unknown' || farm.state === 'up') return { waiting: 0, coming: 0 };
  const since = farm.state === 'creating' ? (now - farm.since) / 1000 : 0;
  return { waiting: 0, coming: Math.max(0, FARM_SECONDS - since) };
}

/** It does not wait for a person, another month, another farm or larger machines; nobody knows how long that takes. */
function isOnItsWay({ observed }: Sight, { id, stopping }: RunRecord): boolean {
  if (stopping !== null) return stopping.code === 'maxDollars' || stopping.code === 'recut';
  const job = observed.details.get(id)?.job ?? 'unknown';
  return job === 'unknown' || job === null || !PAUSED.has(job.status);
}

const PAUSED = new Set(['paused', 'pause-requested']);

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** Who has waited for a machine for longer than boots take waits as long again, at even odds: there is none at present. */
const LATE_BOOT = 1.5;

function asLongAgain(member: Member, { bootSeconds }: PoolPolicy, now: number): Member {
  const { worker, freeAt } = member;
  const waited = (now - worker.orderedAt) / 1000;
  return worker.startedAt === null && waited > LATE_BOOT * bootSeconds
    ? { ...member, freeAt: Math.max(freeAt, waited) }
    : member;
}

/** Those that boot are paid until they are there; it is what they are not free for. */
function bootLeft({ isBusy, freeAt }: { readonly isBusy: boolean; readonly freeAt: number }): number {
  return isBusy ? 0 : freeAt;
}

function workOf(needs: Needs, freeAt: readonly number[]) {
  return { ...perTaskOf(needs), freeAt };
}

function workSeconds({ seconds, busy }: Needs): number {
  return seconds + sumOf([...busy.values()]);
}
