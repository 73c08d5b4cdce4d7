import { z } from 'zod';
import type { Records } from '../../ports/records.ts';
import type { ClusterSeen } from './gke.ts';

/** A cluster that is to go, and may not let us yet. */
const doomed = z.object({
  name: z.string(),
  zone: z.string(),
  /** `given-up` = the creation hung or failed, another cluster takes its place; `ordered` = the farm is to go. */
  why: z.enum(['given-up', 'ordered']),
});

const failure = z.object({
  zone: z.string(),
  at: z.number(),
  code: z.enum(['noCapacity', 'quota', 'transient']),
  message: z.string(),
});

const schema = z.object({
  /** Clusters that were ever ordered: the next name's number. */
  ordered: z.number(),
  /** The creation that was begun last. */
  latest: z
    .object({ name: z.string(), zone: z.string(), at: z.number(), operation: z.string().nullable() })
    .nullable(),
  doomed: z.array(doomed),
  /** Dead-man's switches of clusters that were given up; `isSet: false` = perhaps not yet. */
  spares: z.array(z.object({ name: z.string(), zone: z.string(), isSet: z.boolean() })).default([]),
  /** One a zone: the last time that a creation came to nothing there. */
  failures: z.array(failure),
  /** When GKE was last seen to have no cluster of ours, if none was ordered since. */
  emptyAt: z.number().nullable(),
});

/** What the world does not tell about our clusters. */
export type GkeMemory = z.infer<typeof schema>;
export type Failure = z.infer<typeof failure>;

const NAME = 'gke.json';
const NOTHING: GkeMemory = {
  ordered: 0,
  latest: null,
  doomed: [],
  spares: [],
  failures: [],
  emptyAt: null,
};

export interface GkeMemoryRead {
  readonly memory: GkeMemory;
  /** Writes over what was read, once; `PortError('conflict')` when somebody else wrote meanwhile. */
  save(memory: GkeMemory): Promise<void>;
}

/** A memory that cannot be understood (an older version's) counts as empty: clusters are found by their label. */
export async function readGkeMemory(records: Records): Promise<GkeMemoryRead> {
  const seen = await records.read(NAME);
  let generation = seen?.generation ?? null;
  return {
    memory: schema.safeParse(seen?.value).data ?? NOTHING,
    save: async (memory) => {
      generation =
        generation === null
          ? await records.create(NAME, memory)
          : await records.replace(NAME, memory, generation);
    },
  };
}

/** Whether it is the farm, or to become it. */
export function isLiving(cluster: ClusterSeen, memory: GkeMemory): boolean {
  return cluster.state !== 'deleting' && doomOf(cluster, memory) === null;
}

/** Why it is to go; `null` = it is not. */
export function doomOf(
  { name, zone }: ClusterSeen,
  { doomed: all }: GkeMemory,
): 'given-up' | 'ordered' | null {
  return all.find((each) => each.name === name && each.zone === zone)?.why ?? null;
}
