import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import { isPortError, PortError } from '../../ports/errors.ts';
import type { Lease, LeaseHeld } from '../../ports/lease.ts';
import type { RecordSeen, Records } from '../../ports/records.ts';
import { fileWork } from './file-errors.ts';
import type { StorageNow } from './storage-clock.ts';

interface Options {
  readonly records: Records;
  readonly storageNow: StorageNow;
  readonly clock: { now(): EpochMs };
}

const NAME = 'lease.json';

const stateSchema = z.object({
  /** `null` = given back. */
  holder: z.string().nullable(),
  fence: z.number(),
  /** By the storage's clock. */
  expiresAt: z.number(),
  durationMs: z.number(),
});
type State = z.infer<typeof stateSchema>;

/** A lease as one record. It frees itself when its holder was killed, by the storage's clock. */
export function createLocalLease({ records, storageNow, clock }: Options): Lease {
  async function grant(seen: RecordSeen | null, holder: string, durationMs: number): Promise<LeaseHeld> {
    // Both clocks are read before the write: what the write takes is lost to the holder, never to the next one.
    const until = clock.now() + durationMs;
    const fence = stateOf(seen).fence + 1;
    const expiresAt = (await readStorageClock()) + durationMs;
    const state: State = { holder, fence, expiresAt, durationMs };
    if (seen === null) await records.create(NAME, state);
    else await records.replace(NAME, state, seen.generation);
    return { fence: String(fence), until };
  }

  function readStorageClock(): Promise<EpochMs> {
    return fileWork('reading the clock of the storage', storageNow);
  }

  async function isTaken(state: State, holder: string): Promise<boolean> {
    if (state.holder === null || state.holder === holder) return false;
    const restMs = state.expiresAt - (await readStorageClock());
    // More than it was given: the clock has been set back since, and would lock everyone out for as long.
    return restMs > 0 && restMs <= state.durationMs;
  }

  return {
    async acquire(holder, durationMs) {
      const seen = await records.read(NAME);
      if (await isTaken(stateOf(seen), holder)) return null;
      try {
        return await grant(seen, holder, durationMs);
      } catch (error) {
        if (isPortError(error, 'conflict')) return null;
        throw error;
      }
    },

    async renew(held, durationMs) {
      const seen = await records.read(NAME);
      const { fence, holder } = stateOf(seen);
      if (String(fence) !== held.fence || holder === null)
        throw new PortError('conflict', 'renewing the lease');
      return grant(seen, holder, durationMs);
    },

    async release(held) {
      const seen = await records.read(NAME);
      const state = stateOf(seen);
      if (seen === null || String(state.fence) !== held.fence) return;
      try {
        await records.replace(NAME, { ...state, holder: null }, seen.generation);
      } catch (error) {
        if (!isPortError(error, 'conflict')) throw error;
      }
    },
  };
}

const NEVER_HELD: State = { holder: null, fence: 0, expiresAt: 0, durationMs: 0 };

/** What is no lease of ours (an older version's, say) counts as never held: nobody could give it back. */
function stateOf(seen: RecordSeen | null): State {
  return stateSchema.safeParse(seen?.value).data ?? NEVER_HELD;
}
