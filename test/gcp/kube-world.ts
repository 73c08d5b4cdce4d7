import { createKube } from '../../services/control/adapters/gcp/kube.ts';
import { createKubeManager, signedFetch } from '../../services/control/adapters/gcp/kube-manager.ts';
import { createKubeWorkers } from '../../services/control/adapters/gcp/workers.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { createCluster } from './kube/cluster.ts';
import { startKube } from './kube/stand-in.ts';

export const NAMESPACE = 'tablao';
const TOKEN = 'google-token';
const RELEASE = { 'app.kubernetes.io/instance': 'tablao' };
const MANAGER_LABELS = { ...RELEASE, 'app.kubernetes.io/component': 'manager' };

/** As the chart renders it, as far as it matters here. */
function template(pool: string, nodePool: string) {
  const labels = {
    ...{ ...RELEASE, 'app.kubernetes.io/component': 'worker' },
    ...{ 'tablao/pool': pool, 'tablao/node-pool': nodePool },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { labels },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'cloud.google.com/gke-nodepool': nodePool },
          containers: [{ name: 'worker' }],
        },
      },
    },
  };
}

const TEMPLATES = {
  'local-od.json': JSON.stringify(template('local', 'local-od')),
  'local-spot.json': JSON.stringify(template('local', 'local-spot')),
  'gpu-spot.json': JSON.stringify(template('gpu', 'gpu-spot')),
};

/**
 * A cluster on which the chart is installed, and our adapters on it. `isOpen`: it asks nobody for a token;
 * `isBare`: nothing is installed yet.
 */
export async function kubeWorld(
  t: { after(fn: () => unknown): void },
  { isOpen = false, isBare = false }: { readonly isOpen?: boolean; readonly isBare?: boolean } = {},
) {
  const clock = new FakeClock();
  const cluster = createCluster({ clock });
  const manager: { url: string | null } = { url: null };
  const kube = await startKube({ clock, cluster, token: isOpen ? null : TOKEN, upstream: () => manager.url });
  t.after(() => kube.close());
  const metadata = { name: 'tablao-worker-jobs', namespace: NAMESPACE };
  if (!isBare) cluster.create('configmaps', { metadata, data: TEMPLATES });
  let isUp = true;
  let token = TOKEN;
  const call = createKube(async () => token);
  return {
    clock,
    cluster,
    kube,
    call,
    manager,
    setToken: (next: string) => {
      token = next;
    },
    takeDown: () => {
      isUp = false;
    },
    fetch: signedFetch(async () => token),
    workers: createKubeWorkers({
      ...{ kube: call, namespace: NAMESPACE, release: 'tablao' },
      server: async () => (isUp ? kube.url : null),
      nodePoolsOf: () => ['local-spot', 'local-od'],
    }),
    onCluster: createKubeManager({
      ...{ kube: call, namespace: NAMESPACE, release: 'tablao', port: 8080 },
      serverOf: () => kube.url,
      fetch: signedFetch(async () => token),
      install: async () => installManager(cluster),
    }),
  };
}

/** What Helm leaves on the cluster. */
function installManager(cluster: ReturnType<typeof createCluster>): void {
  if (cluster.get('deployments', NAMESPACE, 'tablao-manager') !== undefined) return;
  cluster.create('deployments', {
    metadata: { name: 'tablao-manager', namespace: NAMESPACE, labels: MANAGER_LABELS },
  });
}

/** A pod of Flamenco Manager; each has a uid of its own. */
export function startManagerPod(
  cluster: ReturnType<typeof createCluster>,
  name: string,
  isReady: boolean,
): void {
  cluster.create('pods', {
    metadata: { name, namespace: NAMESPACE, labels: MANAGER_LABELS },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  });
}
