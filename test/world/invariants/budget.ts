import { isFinal } from '../../../services/control/core/run.ts';
import { memoryOf, type SimWorld } from '../../sim/world.ts';
import type { ShotSpec, WorldSpec } from '../spec.ts';
import type { NewInvariant } from '../watch.ts';

/** What is spent until the next look, at most: a tick late, as if everything ran. */
const LATE_SECONDS = 120;
/** Machines that were ordered boot, check and are released, and the farm goes. */
const ROUND_SECONDS = 1000;
/** Clocks of services may be off by so much: which month it is is not asked then. */
const SKEW_MS = 5 * 60_000;

/** Nothing is ordered once the budget is spent, and by what the world bills it is not overrun by more than a pass can commit; nor is a run's own. */
export const budgetHolds: NewInvariant = ({ spec, world }) => {
  const budget = spec.policy.monthlyBudgetDollars;
  const { clock } = world;
  const perSecond = mostPerHour(world) / 3600;
  // A cluster that hangs is billed until it lets itself be deleted, and is no more work that is ordered.
  const isKnown = !spec.creations.includes('hangs');
  return {
    name: 'budgetHolds',
    before: ({ name }) => {
      if (budget === null || (name !== 'workers.order' && name !== 'farm.create')) return null;
      const now = clock.now();
      if (isMonthUnsure(now)) return null;
      const ledger = memoryOf(world)?.ledger;
      const isCounted = ledger !== undefined && ledger.month === new Date(now).toISOString().slice(0, 7);
      const counted = isCounted ? ledger.thisMonth : 0;
      if (counted >= budget) return `${name} although $${counted} of $${budget} are counted`;
      const most = 1.1 * budget + (LATE_SECONDS + unseenSeconds(spec)) * perSecond;
      const billed = billedThisMonth(world, now);
      return isKnown && billed > most ? `${name} although $${billed} of $${budget} are billed` : null;
    },
    passed: () => {
      const now = clock.now();
      if (budget === null || !isKnown || isMonthUnsure(now)) return null;
      const most = 1.1 * budget + (endSeconds(spec) + unseenSeconds(spec)) * perSecond;
      const billed = billedThisMonth(world, now);
      return billed > most ? `$${billed} of this month's $${budget} are billed` : null;
    },
    wrote: (run) => {
      const shot = spec.shots.find(({ name }) => name === run.shot);
      if (shot === undefined || shot.maxDollars === null || shot.fate !== 'sound' || !isFinal(run.state))
        return null;
      const most = 1.1 * shot.maxDollars + (lastSeconds(shot) + unseenSeconds(spec)) * perSecond;
      return run.dollars > most ? `run ${run.id} cost $${run.dollars} of $${shot.maxDollars}` : null;
    },
  };
};

/** As if everything ran, on the dearest machines. */
function mostPerHour({ policy }: SimWorld): number {
  return policy.pools.reduce(
    (sum, pool) =>
      sum + pool.max * Math.max(pool.pricePerHour, ...(pool.variants ?? []).map((one) => one.pricePerHour)),
    policy.fixedPricePerHour,
  );
}

function monthOf(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

function billedThisMonth({ bill, startedAt }: SimWorld, now: number): number {
  return bill.dollars(now) - bill.dollars(Math.max(startedAt, monthOf(now)));
}

function isMonthUnsure(now: number): boolean {
  return monthOf(now - SKEW_MS) !== monthOf(now + SKEW_MS);
}

/** From the look that finds a month's budget spent until nothing is paid for; frames that are to end have a quarter of MAX_FARM_HOURS. */
function endSeconds({ policy }: WorldSpec): number {
  const drainSeconds = policy.budgetStop === 'drain' ? (policy.maxFarmHours * 3600) / 4 : 0;
  return LATE_SECONDS + ROUND_SECONDS + drainSeconds;
}

/** What a run that stops at its cap still has in hand is finished. */
function lastSeconds({ chunkSize, frames, secondsPerFrame, loadSeconds }: ShotSpec): number {
  return LATE_SECONDS + ROUND_SECONDS + loadSeconds + (chunkSize ?? frames) * secondsPerFrame;
}

/** In which the service may not have counted, or too much by its clock: what it finds afterwards is spent already. */
function unseenSeconds({ services, troubles }: WorldSpec): number {
  const dead = services.flatMap(({ lives }) => lives.map(({ nextAfter }) => nextAfter));
  const blind = troubles.map(({ from, to }) => to - from);
  const wrong = services.flatMap(({ jumps }) => jumps.map(({ offset }) => 2 * Math.abs(offset)));
  return [...dead, ...blind, ...wrong].reduce((sum, seconds) => sum + seconds, 0);
}
