import type { AppsV1Api, BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { cloudWork } from './errors.ts';

/** The parts of a cluster's API that are used here. */
interface KubeApis {
  readonly apps: AppsV1Api;
  readonly batch: BatchV1Api;
  readonly core: CoreV1Api;
}

/** Calls the API of the cluster at `server` (a URL). Throws `PortError`. */
export type CallKube = <T>(server: string, doing: string, work: (apis: KubeApis) => Promise<T>) => Promise<T>;

/** Gives a Google access token. Asked for at each request: the library behind it knows when a new one is due. */
export type AccessToken = () => Promise<string>;

/**
 * The Kubernetes client, loaded with the first call: it is the heaviest of all. Clusters are reached at their DNS name,
 * behind a certificate that everybody knows; Google's front end checks the token.
 */
export function createKube(token: AccessToken): CallKube {
  let opened: { readonly server: string; readonly apis: Promise<KubeApis> } | null = null;
  return (server, doing, work) => {
    // A farm has one cluster at a time.
    if (opened?.server !== server) opened = { server, apis: open(server, token) };
    const { apis } = opened;
    return cloudWork(doing, async () => work(await apis));
  };
}

async function open(server: string, token: AccessToken): Promise<KubeApis> {
  const { AppsV1Api, BatchV1Api, CoreV1Api, KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.addAuthenticator({
    isAuthProvider: ({ name }) => name === 'google',
    applyAuthentication: async (_user, options) => {
      options.headers = { ...options.headers, Authorization: `Bearer ${await token()}` };
    },
  });
  config.loadFromOptions({
    // The client speaks plain HTTP (to a stand-in on this machine) only when told so.
    clusters: [{ name: 'farm', server, skipTLSVerify: server.startsWith('http:') }],
    users: [{ name: 'google' }],
    contexts: [{ name: 'farm', cluster: 'farm', user: 'google' }],
    currentContext: 'farm',
  });
  return {
    apps: config.makeApiClient(AppsV1Api),
    batch: config.makeApiClient(BatchV1Api),
    core: config.makeApiClient(CoreV1Api),
  };
}
