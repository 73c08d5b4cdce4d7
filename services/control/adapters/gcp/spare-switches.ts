import { isPortError } from '../../ports/errors.ts';
import type { Deadman } from './deadman.ts';
import type { GkeMemory } from './gke-memory.ts';

type Spare = GkeMemory['spares'][number];

/**
 * Each cluster that was given up is to have a dead-man's switch of its own. Noted before it is set and until it is taken
 * away, so that neither a failed call nor a crash leaves a cluster without one, or one that calls for ever. `memory` itself
 * when nothing of it changes.
 */
export function noteSpares(memory: GkeMemory): GkeMemory {
  const more = memory.doomed
    .filter((one) => one.why === 'given-up' && !memory.spares.some(isOf(one)))
    .map(({ name, zone }) => ({ name, zone, isSet: false }));
  return more.length === 0 ? memory : { ...memory, spares: [...memory.spares, ...more] };
}

/** Sets those that are not set and takes away those whose cluster is gone. What fails is left to the next time. */
export async function keepSpares(
  memory: GkeMemory,
  deadman: Pick<Deadman, 'guard' | 'release'>,
): Promise<{ readonly memory: GkeMemory; readonly error: Error | null }> {
  const spares: Spare[] = [];
  let failure: Error | null = null;
  for (const spare of memory.spares) {
    const isWanted = memory.doomed.some((one) => one.why === 'given-up' && isOf(one)(spare));
    try {
      if (!isWanted) await deadman.release(spare);
      else if (!spare.isSet) await deadman.guard(spare);
      if (isWanted) spares.push({ ...spare, isSet: true });
    } catch (error) {
      if (!isPortError(error)) throw error;
      failure = error;
      spares.push(spare);
    }
  }
  const isSame = spares.length === memory.spares.length && spares.every(isAsIn(memory.spares));
  return { memory: isSame ? memory : { ...memory, spares }, error: failure };
}

type Named = Pick<Spare, 'name' | 'zone'>;

const isOf = (one: Named) => (other: Named) => one.name === other.name && one.zone === other.zone;

const isAsIn =
  (all: readonly Spare[]) =>
  (spare: Spare, at: number): boolean =>
    spare.isSet === all[at]?.isSet;
