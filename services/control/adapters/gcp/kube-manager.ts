import { isPortError } from '../../ports/errors.ts';
import type { ManagerOnCluster } from './farm.ts';
import type { AccessToken, CallKube } from './kube.ts';
import { managerPrefix } from './manager-way.ts';

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

  /** The uid of the one pod that is ready. */
  async function readyPod(server: string): Promise<string | null> {
    const { items } = await kube(server, "looking at Flamenco Manager's pod", ({ core }) =>
      core.listNamespacedPod({ namespace, labelSelector }),
    );
    const ready = items.filter(({ metadata, status }) => {
      const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
      return isReady && metadata?.deletionTimestamp === undefined;
    });
    return ready.length === 1 ? (ready[0]?.metadata?.uid ?? null) : null;
  }

  async function doesAnswer(url: string): Promise<boolean> {
    try {
      const response = await options.fetch(`${url}/api/v3/version`, {
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      return response.ok;
    } catch {
      return false;
    }
  }

  return {
    look: async ({ endpoint }) => {
      const server = serverOf(endpoint ?? '');
      const notReady = { managerUrl: null, managerId: null };
      if (!(await isInstalled(server))) return { manager: 'absent', ...notReady };
      const managerId = await readyPod(server);
      if (managerId === null) return { manager: 'starting', ...notReady };
      const managerUrl = `${server}${managerPrefix(namespace, release, port)}`;
      if (!(await doesAnswer(managerUrl))) return { manager: 'starting', ...notReady };
      return { manager: 'ready', managerUrl, managerId };
    },
    install: (cluster) => options.install(cluster),
  };
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
    if (response.ok || !(await isFromApiServer(response))) return response;
    throw new Error(`the API server answered ${response.status} in the manager's place`);
  };
}

async function isFromApiServer(response: Response): Promise<boolean> {
  try {
    const body: unknown = await response.clone().json();
    return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status';
  } catch {
    return false;
  }
}
