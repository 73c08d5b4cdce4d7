import type { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import { isPortError } from '../../ports/errors.ts';
import { LABEL } from './cluster-body.ts';
import { cloudWork } from './errors.ts';

/** What a cluster may leave behind in Compute Engine. */
export interface Leftovers {
  /** Machines and disks with our label, by name. `mayDelete`: disks that nothing uses are deleted (and still named). */
  find(mayDelete: boolean): Promise<readonly string[]>;
}

interface Options {
  readonly project: string;
  readonly farm: string;
  /** Signs the requests. */
  readonly auth: () => Promise<Pick<GoogleAuth, 'request'>>;
  /** Another server than Google's. */
  readonly url?: string;
}

const thing = z.object({
  name: z.string(),
  selfLink: z.string(),
  /** Machines that use a disk. */
  users: z.array(z.string()).optional(),
});
/** One entry a zone; those without anything have a warning instead. */
const page = z.object({
  items: z.record(
    z.string(),
    z.object({ instances: z.array(thing).optional(), disks: z.array(thing).optional() }),
  ),
  nextPageToken: z.string().optional(),
});
type Thing = z.infer<typeof thing>;

export function createLeftovers({
  project,
  farm,
  auth,
  url = 'https://compute.googleapis.com',
}: Options): Leftovers {
  async function list(kind: 'instances' | 'disks'): Promise<readonly Thing[]> {
    const found: Thing[] = [];
    let pageToken: string | undefined;
    do {
      const query = new URLSearchParams({
        filter: `labels.${LABEL}=${farm}`,
        ...(pageToken && { pageToken }),
      });
      const at = `${url}/compute/v1/projects/${project}/aggregated/${kind}?${query}`;
      const { items, nextPageToken } = await ask('GET', at, `listing ${kind}`, page);
      for (const zone of Object.values(items)) found.push(...(zone[kind] ?? []));
      pageToken = nextPageToken;
    } while (pageToken !== undefined);
    return found;
  }

  function ask<Shape extends z.ZodType>(
    method: 'GET' | 'DELETE',
    at: string,
    doing: string,
    shape: Shape,
  ): Promise<z.output<Shape>> {
    return cloudWork(doing, async (signal) => {
      const { data } = await (await auth()).request({ url: at, method, signal, retry: false });
      return shape.parse(data);
    });
  }

  async function deleteDisk({ name, selfLink }: Thing): Promise<void> {
    const path = new URL(selfLink).pathname;
    await ask('DELETE', `${url}${path}`, `deleting disk ${name}`, z.unknown()).catch((error: unknown) => {
      if (!isPortError(error, 'notFound')) throw error;
    });
  }

  return {
    find: async (mayDelete) => {
      const instances = await list('instances');
      const disks = await list('disks');
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
