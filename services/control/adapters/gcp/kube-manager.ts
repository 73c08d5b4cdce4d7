import type { V1Pod } from '@kubernetes/client-node';
import { isPortError } from '../../ports/errors.ts';
import type { ManagerOnCluster } from './farm.ts';
import type { AccessToken, CallKube } from './kube.ts';
import { managerPrefix } from './manager-way.ts';
import { whyPodWaits } from './worker-jobs.ts';

interface Options {
  readonly kube: CallKube;
  readonly namespace: string;
  /** The chart's release. */
  readonly release: string;
  readonly port: number;
  /** The address of a cluster's API. */
  readonly serverOf: (endpoint: string) => string;
  /** Puts Flamenco Manager onto the cluster: Helm with our chart. Begins and returns. */
  readonly install: ManagerOnCluster['install'];
  /** Signed, see `signedFetch`. */
  readonly fetch: typeof fetch;
}

const ASK_TIMEOUT_MS = 5000;
/** The chart's container in which the manager runs. */
const CONTAINER = 'manager';
/** A person has to grant something: these do not pass by themselves. */
const NOT_LET_IN = new Set([401, 403]);

/**
 * Flamenco Manager behind the API server's service proxy. Its jobs and workers stand in its pod's memory, so the pod's
 * uid is what tells one memory from the next: a container that was restarted in the same pod has its old one.
 */
export function createKubeManager(options: Options): ManagerOnCluster {
  const { kube, namespace, release, port, serverOf } = options;
  const name = `${release}-manager`;
  const labelSelector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=manager`;

  async function isInstalled(server: string): Promise<boolean> {
    try {
      await kube(server, 'looking for Flamenco Manager', ({ apps }) =>
        apps.readNamespacedDeployment({ namespace, name }),
      );
      return true;
    } catch (error) {
      if (isPortError(error, 'notFound')) return false;
      throw error;
    }
  }

  /** The uid of the one pod that is ready; else what is said about the one that is not, if anything is. */
  async function lookAtPods(server: string): Promise<Pods> {
    const { items } = await kube(server, "looking at Flamenco Manager's pod", ({ core }) =>
      core.listNamespacedPod({ namespace, labelSelector }),
    );
    const living = items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    const ready = living.filter(isReady);
    const readyUid = ready.length === 1 ? (ready[0]?.metadata?.uid ?? null) : null;
    const [waiting] = living.filter((pod) => !isReady(pod));
    const why = readyUid !== null || waiting === undefined ? null : whyPodWaits(waiting, CONTAINER);
    const trouble = why === null ? null : `Flamenco Manager's pod waits: ${why}`;
    return { hasPod: living.length > 0, readyUid, trouble };
  }

  async function ask(url: string): Promise<{ readonly isThere: boolean; readonly trouble: string | null }> {
    try {
      const response = await options.fetch(`${url}/api/v3/version`, {
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      return { isThere: response.ok, trouble: null };
    } catch (error) {
      const isMissing = error instanceof ApiServerAnswer && NOT_LET_IN.has(error.status);
      return { isThere: false, trouble: isMissing ? `${NO_RIGHT} (${error.message})` : null };
    }
  }

  return {
    look: async ({ endpoint }) => {
      const server = serverOf(endpoint ?? '');
      const notReady = { managerUrl: null, managerId: null };
      if (!(await isInstalled(server))) return { manager: 'absent', ...notReady };
      const pods = await lookAtPods(server);
      if (pods.readyUid === null) return { manager: 'starting', ...notReady, trouble: pods.trouble };
      const managerUrl = `${server}${managerPrefix(namespace, release, port)}`;
      const { isThere, trouble } = await ask(managerUrl);
      if (!isThere) return { manager: 'starting', ...notReady, trouble };
      return { manager: 'ready', managerUrl, managerId: pods.readyUid };
    },
    install: async (cluster) => {
      const server = serverOf(cluster.endpoint ?? '');
      const pods = (await isInstalled(server)) ? await lookAtPods(server) : null;
      // It runs, although it may not be reached. What this service would install instead (it may be newer than the farm)
      // would know no jobs, and frames that render would be begun again.
      if (pods?.hasPod && pods.trouble === null) return;
      await options.install(cluster);
    },
  };
}

interface Pods {
  /** One that is not about to go. */
  readonly hasPod: boolean;
  readonly readyUid: string | null;
  readonly trouble: string | null;
}

const NO_RIGHT =
  'The cluster lets the service through to none of its services: its account needs container.services.proxy';

function isReady({ status }: V1Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}

/** What the API server itself answered where Flamenco Manager was asked. */
class ApiServerAnswer extends Error {
  readonly status: number;

  constructor(status: number, words: string) {
    super(`the API server answered ${status} in the manager's place: ${words}`);
    this.name = 'ApiServerAnswer';
    this.status = status;
  }
}

/**
 * Fetches through the API server's service proxy: each request carries a token, and an answer of the API server itself
 * (no such service, no pod that is ready) is none of the manager's, so it counts as no answer.
 */
export function signedFetch(token: AccessToken): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${await token()}`);
    const response = await fetch(input, { ...init, headers });
    const words = response.ok ? null : await wordsOfApiServer(response);
    if (words !== null) throw new ApiServerAnswer(response.status, words);
    return response;
  };
}

/** `null` = it is no answer of the API server's own. */
async function wordsOfApiServer(response: Response): Promise<string | null> {
  try {
    const body: unknown = await response.clone().json();
    if (typeof body !== 'object' || body === null || !('kind' in body) || body.kind !== 'Status') return null;
    return 'message' in body ? String(body.message) : '';
  } catch {
    return null;
  }
}
