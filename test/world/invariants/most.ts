import { memoryOf } from '../../sim/world.ts';
import type { WorldSpec } from '../spec.ts';
import type { NewInvariant } from '../watch.ts';

/** design.md §11 and core/draft.ts, core/intake.ts: lists that must not grow for ever. */
const LISTS = { decisions: 100, endedRuns: 50, rejectedRuns: 500, recentUploads: 2000 } as const;

/** Never more than the maximum of anything. */
export const neverTooMany: NewInvariant = ({ spec, world }) => ({
  name: 'neverTooMany',
  after: ({ name, args }) => {
    if (name !== 'workers.order') return null;
    const pool = spec.policy.pools.find((one) => one.name === args[0]);
    const there = world.pool.living(String(args[0]));
    if (pool === undefined) return `workers of an unknown pool ${args[0]}`;
    const { quota } = spec.policy;
    // Quotas that cannot be read limit nobody: what is too much gets no machine.
    const isLimited = quota !== null && pool === spec.policy.pools[0] && !mayMissQuotas(spec);
    const most = isLimited ? Math.min(quota, pool.max) : pool.max;
    return there <= most ? null : `pool ${pool.name} has ${there} workers, its maximum is ${most}`;
  },
  passed: () => {
    const memory = memoryOf(world);
    for (const [name, most] of Object.entries(LISTS)) {
      const count = memory?.[name as keyof typeof LISTS].length ?? 0;
      if (count > most) return `${count} ${name} are remembered, at most ${most} should be`;
    }
    return null;
  },
});

function mayMissQuotas({ troubles, mishaps }: WorldSpec): boolean {
  return troubles.length > 0 || mishaps.some(({ method }) => method === 'farm.quotas');
}
