import { z } from 'zod';
import { isPortError } from '../../ports/errors.ts';
import { LABEL } from './cluster-body.ts';
import type { Compute } from './compute.ts';

/** What a cluster may leave behind in Compute Engine. */
export interface Leftovers {
  /** Machines and disks with our label, by name. `mayDelete`: disks that nothing uses are deleted (and still named). */
  find(mayDelete: boolean): Promise<readonly string[]>;
}

interface Options {
  readonly compute: Compute;
  readonly farm: string;
}

const thing = z.object({
  name: z.string(),
  selfLink: z.string(),
  /** Machines that use a disk. */
  users: z.array(z.string()).optional(),
});
type Thing = z.infer<typeof thing>;

export function createLeftovers({ compute, farm }: Options): Leftovers {
  async function deleteDisk({ name, selfLink }: Thing): Promise<void> {
    await compute.delete(selfLink, `deleting disk ${name}`).catch((error: unknown) => {
      if (!isPortError(error, 'notFound')) throw error;
    });
  }

  return {
    find: async (mayDelete) => {
      const instances = await compute.listLabelled('instances', LABEL, farm, thing);
      const disks = await compute.listLabelled('disks', LABEL, farm, thing);
      if (mayDelete && instances.length === 0)
        for (const disk of disks) if (!disk.users?.length) await deleteDisk(disk);
      return [
        ...instances.map((machine) => `machine ${placeOf(machine)}`),
        ...disks.map((disk) => `disk ${placeOf(disk)}`),
      ];
    },
  };
}

function placeOf({ name, selfLink }: Thing): string {
  const zone = /\/(?:zones|regions)\/([^/]+)\//.exec(selfLink)?.[1];
  return zone === undefined ? name : `${name} in ${zone}`;
}
