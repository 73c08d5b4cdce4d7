import type { NewInvariant } from '../watch.ts';

/** DEADMAN_MINUTES, a creation that ends before it can be deleted, and the deletion. */
const GONE_WITHIN_MS = (60 + 12 + 10) * 60_000;

/** Without a service that pushes the switch nothing is paid for after its time (design.md §7). */
export const deadmanHolds: NewInvariant = ({ spec, world: { bill, clock } }) => {
  // A creation that hangs lets nobody delete it for longer.
  const isKnown = !spec.creations.includes('hangs');
  let pushedAt = clock.now();
  return {
    name: 'deadmanHolds',
    before: () => {
      if (!isKnown || bill.isQuiet || clock.now() - pushedAt < GONE_WITHIN_MS) return null;
      const minutes = Math.round((clock.now() - pushedAt) / 60_000);
      const left = [...bill.charged('cluster'), ...bill.charged('worker')].join(', ');
      return `paid for ${minutes} minutes after the switch was pushed: ${left}`;
    },
    after: ({ name }) => {
      if (name === 'farm.pushDeadman' || name === 'farm.create') pushedAt = clock.now();
      return null;
    },
  };
};
