import type { EpochMs } from '../../core/time.ts';
import type { Records } from '../../ports/records.ts';
import type { Gke } from './gke.ts';
import { isLiving, readGkeMemory } from './gke-memory.ts';
import type { AccessToken } from './kube.ts';

interface Options {
  readonly gke: Pick<Gke, 'list'>;
  readonly records: Records;
  readonly token: AccessToken;
  /** The address of a cluster's API. */
  readonly serverOf: (endpoint: string) => string;
  readonly clock: { now(): EpochMs };
}

/** One page of Flamenco's is a dozen requests. */
const HOLDS_MS = 15_000;

/** The path of the API server's proxy to Flamenco Manager. */
export function managerPrefix(namespace: string, release: string, port: number): string {
  return `/api/v1/namespaces/${namespace}/services/http:${release}-manager:${port}/proxy`;
}

/**
 * Finds the API server whose proxy leads to Flamenco Manager, with a token that it takes; `null` = no cluster is up. It
 * only reads: whoever shows Flamenco's pages need not be able to change the farm.
 */
export function createManagerWay({ gke, records, token, serverOf, clock }: Options) {
  let last: { readonly server: string | null; readonly at: EpochMs } | null = null;

  async function server(): Promise<string | null> {
    if (last !== null && clock.now() - last.at < HOLDS_MS) return last.server;
    const { memory } = await readGkeMemory(records);
    const clusters = memory.emptyAt === null ? await gke.list() : [];
    const cluster = clusters.find((each) => each.endpoint !== null && isLiving(each, memory));
    last = { server: cluster?.endpoint ? serverOf(cluster.endpoint) : null, at: clock.now() };
    return last.server;
  }

  return async () => {
    const origin = await server();
    return origin === null ? null : { origin, headers: { authorization: `Bearer ${await token()}` } };
  };
}
