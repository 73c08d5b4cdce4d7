import type { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
import { PortError } from '../../ports/errors.ts';
import { cloudWork } from './errors.ts';

interface Options {
  readonly project: string;
  /** Signs the requests. */
  readonly auth: () => Promise<Pick<GoogleAuth, 'request'>>;
  /** Another server than Google's. */
  readonly url?: string;
}

/** The little of Compute Engine that is asked for, over its REST API: its client would be the largest of all. */
export interface Compute {
  /** `path` below the project: `regions/europe-west1`. */
  get<Shape extends z.ZodType>(path: string, doing: string, shape: Shape): Promise<z.output<Shape>>;
  /** Everything of a kind in all zones that carries this label. `transient` when a zone does not tell. */
  listLabelled<Shape extends z.ZodType>(
    kind: 'instances' | 'disks',
    label: string,
    value: string,
    shape: Shape,
  ): Promise<readonly z.output<Shape>[]>;
  /** By its link. */
  delete(selfLink: string, doing: string): Promise<void>;
}

const warning = z.looseObject({ code: z.string().optional() }).optional();
/** One entry a zone; those without anything have a warning instead. A page may be empty and not be the last one. */
const page = z.object({
  items: z.record(z.string(), z.looseObject({ warning })).default({}),
  warning,
  unreachables: z.array(z.string()).default([]),
  nextPageToken: z.string().optional(),
});
/** What a zone says that has nothing of the kind. */
const NOTHING_THERE = 'NO_RESULTS_ON_PAGE';

export function createCompute({ project, auth, url = 'https://compute.googleapis.com' }: Options): Compute {
  const base = `${url}/compute/v1/projects/${project}`;

  function ask(method: 'GET' | 'DELETE', at: string, doing: string): Promise<unknown> {
    return cloudWork(doing, async (signal) => {
      const { data } = await (await auth()).request({ url: at, method, signal, retry: false });
      return data;
    });
  }

  return {
    get: async (path, doing, shape) => {
      const data = await ask('GET', `${base}${path === '' ? '' : `/${path}`}`, doing);
      return cloudWork(doing, async () => shape.parse(data));
    },

    listLabelled: async (kind, label, value, shape) => {
      const doing = `listing ${kind}`;
      const found = [];
      let pageToken: string | undefined;
      do {
        const query = new URLSearchParams({
          filter: `labels.${label}=${value}`,
          ...(pageToken && { pageToken }),
        });
        const data = await ask('GET', `${base}/aggregated/${kind}?${query}`, doing);
        const answer = await cloudWork(doing, async () => page.parse(data));
        const { items, nextPageToken } = answer;
        const untold = untoldIn(answer);
        if (untold.length > 0)
          throw new PortError('transient', `${doing}: nothing is known of ${untold.join(', ')}`);
        for (const zone of Object.values(items))
          found.push(...(await cloudWork(doing, async () => z.array(shape).default([]).parse(zone[kind]))));
        pageToken = nextPageToken;
      } while (pageToken !== undefined);
      return found;
    },

    delete: async (selfLink, doing) => {
      await ask('DELETE', `${url}${new URL(selfLink).pathname}`, doing);
    },
  };
}

/** Zones that could not be asked: without them a list would look as if nothing were there. */
function untoldIn({ items, unreachables, warning }: z.output<typeof page>): readonly string[] {
  const isTrouble = (code: string | undefined) => code !== undefined && code !== NOTHING_THERE;
  const silent = Object.entries(items).filter(([, zone]) => isTrouble(zone.warning?.code));
  return [
    ...silent.map(([zone]) => zone),
    ...unreachables,
    ...(isTrouble(warning?.code) ? [`all zones (${warning?.code})`] : []),
  ];
}
