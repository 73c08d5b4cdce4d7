import { runsOf } from '../../sim/world.ts';
import type { NewInvariant } from '../watch.ts';

const TOLD = new Set(['completed', 'incomplete', 'failed']);

/** Whoever is told outside hears of each end once, unless he never takes the message. */
export const toldOnce: NewInvariant = ({ world, receiver, spec }) => ({
  name: 'toldOnce',
  end: () => {
    if (receiver === null || mayRefuse(spec)) return null;
    for (const { id, shot, state } of runsOf(world)) {
      if (!TOLD.has(state)) continue;
      const told = receiver.told().filter(({ type, data }) => type === `run.${state}` && isOf(data, id));
      if (told.length !== 1) return `${told.length} messages say that run ${id} of ${shot} is ${state}`;
    }
    return null;
  },
});

/** One that tells the same of many at once lists them. */
function isOf({ run, runs }: Readonly<Record<string, unknown>>, id: string): boolean {
  const told = (runs ?? [run]) as readonly ({ readonly id?: string } | undefined)[];
  return told.some((one) => one?.id === id);
}

/** One that is refused as `invalid` is given up. */
function mayRefuse({ troubles, mishaps }: Parameters<NewInvariant>[0]['spec']): boolean {
  const windows = troubles.filter(({ port }) => port === null || port === 'messenger');
  return (
    windows.some(({ kinds, codes }) => kinds.includes('fails') && codes.includes('invalid')) ||
    mishaps.some(
      ({ method, kind, code }) => method === 'messenger.send' && kind === 'fails' && code === 'invalid',
    )
  );
}
