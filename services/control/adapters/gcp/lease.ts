import type { File } from '@google-cloud/storage';
import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import { isPortError, PortError } from '../../ports/errors.ts';
import type { Lease, LeaseHeld } from '../../ports/lease.ts';
import { cloudWork } from './errors.ts';
import { deleteObject, writeObject } from './objects.ts';
import type { OpenBucket } from './storage-client.ts';
import type { WritePace } from './write-pace.ts';

interface Options {
  readonly openBucket: OpenBucket;
  readonly bucket: string;
  readonly pace: WritePace;
  readonly clock: { now(): EpochMs };
}

const NAME = 'lease.json';
const ABSENT = '0';

/** All of a lease is in its object's metadata, so that one request reads it; what it was written by the server tells. */
const stateSchema = z.object({
  generation: z.coerce.string(),
  timeCreated: z.iso.datetime().transform((text) => Date.parse(text)),
  metadata: z.object({ holder: z.string(), durationMs: z.coerce.number() }),
});

interface LeaseSeen {
  readonly generation: string;
  readonly holder: string;
  readonly hasExpired: boolean;
}

/**
 * A lease as one object of the state bucket. Its generation is the fence. It expires by the storage server's clock:
 * when it was written and what time it is are both taken from the same answer.
 */
export function createCloudLease({ openBucket, bucket, pace, clock }: Options): Lease {
  const fileOf = async () => (await openBucket(bucket)).file(NAME);

  const grant = (file: File, over: string, holder: string, durationMs: number): Promise<LeaseHeld> =>
    pace(NAME, async () => {
      // Before the request: what it takes is lost to the holder, never to the next one.
      const until = clock.now() + durationMs;
      const fence = await writeObject(file, Buffer.from(JSON.stringify({ holder, durationMs })), {
        contentType: 'application/json',
        ifGeneration: over,
        labels: { holder, durationMs: String(durationMs) },
      });
      return { fence, until };
    });

  return {
    async acquire(holder, durationMs) {
      const file = await fileOf();
      const seen = await look(file);
      if (seen.holder !== holder && !seen.hasExpired) return null;
      try {
        return await grant(file, seen.generation, holder, durationMs);
      } catch (error) {
        if (isPortError(error, 'conflict')) return null;
        throw error;
      }
    },

    async renew(held, durationMs) {
      const file = await fileOf();
      const { generation, holder } = await look(file);
      if (generation !== held.fence) throw new PortError('conflict', 'renewing the lease');
      return grant(file, generation, holder, durationMs);
    },

    async release(held) {
      try {
        await deleteObject(await fileOf(), held.fence);
      } catch (error) {
        if (!isPortError(error, 'conflict')) throw error;
      }
    },
  };
}

const NEVER_HELD: LeaseSeen = { generation: ABSENT, holder: '', hasExpired: true };

async function look(file: File): Promise<LeaseSeen> {
  const doing = 'reading the lease';
  try {
    const [metadata, answer] = await cloudWork(doing, () => file.getMetadata());
    const now = Date.parse(dateOf(answer));
    const state = stateSchema.safeParse(metadata).data;
    // What is no lease of ours (somebody has uploaded it by hand) nobody could give back.
    if (state === undefined) return { ...NEVER_HELD, generation: String(metadata.generation) };
    if (Number.isNaN(now)) throw new PortError('transient', `${doing}: the answer does not tell the time`);
    const { holder, durationMs } = state.metadata;
    return { generation: state.generation, holder, hasExpired: now - state.timeCreated >= durationMs };
  } catch (error) {
    if (isPortError(error, 'notFound')) return NEVER_HELD;
    throw error;
  }
}

/** In whole seconds, rounded down: a lease may seem to live up to a second longer than it does, which is the safe side. */
function dateOf(answer: unknown): string {
  const { headers } = answer as { headers?: Readonly<Record<string, string>> };
  return headers?.date ?? '';
}
