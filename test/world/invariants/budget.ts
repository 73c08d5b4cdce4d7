import { memoryOf } from '../../sim/world.ts';
import type { NewInvariant } from '../watch.ts';

/** What is spent until the next look, at most: a tick late, as if everything ran. */
const LATE_HOURS = 2 / 60;

/** Nothing is ordered once the budget is spent, and by what the world bills it is not overrun by more than a pass can commit. */
export const budgetHolds: NewInvariant = ({ spec, world }) => {
  const budget = spec.policy.monthlyBudgetDollars;
  const { policy, bill, clock } = world;
  const perHour = policy.pools.reduce(
    (sum, pool) =>
      sum + pool.max * Math.max(pool.pricePerHour, ...(pool.variants ?? []).map((one) => one.pricePerHour)),
    policy.fixedPricePerHour,
  );
  // A cluster that hangs is billed until it lets itself be deleted, and is no more work that is ordered.
  const isKnown = !spec.creations.includes('hangs');
  return {
    name: 'budgetHolds',
    before: ({ name }) => {
      if (budget === null || (name !== 'workers.order' && name !== 'farm.create')) return null;
      const counted = memoryOf(world)?.ledger.thisMonth ?? 0;
      if (counted >= budget) return `${name} although $${counted} of $${budget} are counted`;
      const billed = bill.dollars(clock.now());
      const most = 1.1 * budget + LATE_HOURS * perHour + outage(spec) * perHour;
      return isKnown && billed > most ? `${name} although $${billed} of $${budget} are billed` : null;
    },
  };
};

/** Hours in which the service may not have counted: what it finds afterwards is spent already. */
function outage({ services, troubles }: Parameters<NewInvariant>[0]['spec']): number {
  const dead = services.flatMap(({ lives }) => lives.map(({ nextAfter }) => nextAfter));
  const blind = troubles.map(({ from, to }) => to - from);
  return [...dead, ...blind].reduce((sum, seconds) => sum + seconds, 0) / 3600;
}
