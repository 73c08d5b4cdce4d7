import type { GoogleAuth } from 'google-auth-library';
import { z } from 'zod';
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
  /** Everything of a kind in all zones that carries this label. */
  listLabelled<Shape extends z.ZodType>(
    kind: 'instances' | 'disks',
    label: string,
    value: string,
    shape: Shape,
  ): Promise<readonly z.output<Shape>[]>;
  /** By its link. */
  delete(selfLink: string, doing: string): Promise<void>;
}

/** One entry a zone; those without anything have a warning instead. */
const page = z.object({
  items: z.record(z.string(), z.looseObject({})),
  nextPageToken: z.string().optional(),
});

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
        const { items, nextPageToken } = await cloudWork(doing, async () => page.parse(data));
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
