// The real Helm installs our chart on the stand-in for Kubernetes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createHelmInstall } from '../../services/control/adapters/gcp/helm.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import { kubeWorld, NAMESPACE } from '../gcp/kube-world.ts';
import { installTools, toolsAbsent } from '../tools/tools.ts';

const CHART = join(import.meta.dirname, '..', '..', 'charts', 'flamenco');
const VALUES = {
  images: { manager: 'images.test/manager:1', worker: 'images.test/worker:1' },
  buckets: { scenes: 'p-scenes', renders: 'p-renders' },
  blenders: ['4.5.3'],
  pools: {
    cpu: {
      tag: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
      nodePools: { 'local-spot': { spot: true, cpu: '14', memory: '52Gi' } },
    },
  },
};
const CLUSTER = {
  name: 'tablao-1',
  zone: 'z',
  state: 'up',
  createdAt: 0,
  endpoint: 'e',
  message: '',
} as const;

describe('installing with Helm', { skip: toolsAbsent }, () => {
  async function world(t: { after(fn: () => unknown): void }) {
    const here = await kubeWorld(t, { isOpen: true, isBare: true });
    const { helm: program } = installTools();
    const helm = (values: object = VALUES, timeoutMs = 60_000) =>
      createHelmInstall({
        ...{ program, chart: CHART, release: 'tablao', namespace: NAMESPACE, timeoutMs },
        values: values as Record<string, unknown>,
        token: async () => 'google-token',
        serverOf: () => here.kube.url,
      });
    const changes = () => here.kube.asked.filter((line) => !line.startsWith('GET'));
    return { ...here, helm, changes };
  }

  /** The states of the release's records. */
  function pending(cluster: Awaited<ReturnType<typeof world>>['cluster']): string {
    return cluster
      .all('secrets', NAMESPACE)
      .map(({ metadata }) => metadata.labels?.status)
      .join();
  }

  const otherValues = { ...VALUES, manager: { name: 'Another' } };
  const isTransient = (error: unknown) => isPortError(error, 'transient');

  test('puts the manager there and the templates that workers are ordered with', async (t) => {
    const { helm, cluster, workers } = await world(t);
    await helm()(CLUSTER);
    assert.notEqual(cluster.get('deployments', NAMESPACE, 'tablao-manager'), undefined);
    assert.notEqual(cluster.get('networkpolicies', NAMESPACE, 'tablao-manager'), undefined);
    await workers.order('cpu', ['w-1']);
    const job = cluster.get('jobs', NAMESPACE, 'w-1');
    assert.equal(job?.spec?.backoffLimit, 0);
    assert.deepEqual(
      (await workers.list()).map(({ name, pool, state }) => [name, pool, state]),
      [['w-1', 'cpu', 'waiting']],
    );
  });

  test('a repeat changes nothing, other values do', async (t) => {
    const { helm, kube, cluster, changes } = await world(t);
    await helm()(CLUSTER);
    kube.forget();
    await helm()(CLUSTER);
    assert.deepEqual(changes(), []);
    await helm(otherValues)(CLUSTER);
    const config = cluster.get('configmaps', NAMESPACE, 'tablao-manager')?.data ?? {};
    assert.match(Object.values(config).join(), /Another/);
  });

  test('one that was killed half-way is taken out and installed again', async (t) => {
    const { helm, kube, cluster } = await world(t);
    kube.fail(/^(PATCH|POST) .*deployments/, { kind: 'hang', acts: false }, 99);
    await assert.rejects(helm(VALUES, 6000)(CLUSTER), isTransient);
    assert.match(pending(cluster), /pending-install/);
    kube.mend();
    await helm()(CLUSTER);
    assert.notEqual(cluster.get('deployments', NAMESPACE, 'tablao-manager'), undefined);
    kube.forget();
    await helm()(CLUSTER);
    assert.deepEqual(
      kube.asked.filter((line) => !line.startsWith('GET')),
      [],
    );
  });

  test('an upgrade that was killed half-way is taken back and done again; the manager stays', async (t) => {
    const { helm, kube, cluster, changes } = await world(t);
    await helm()(CLUSTER);
    const { uid } = cluster.get('deployments', NAMESPACE, 'tablao-manager')?.metadata ?? {};
    kube.fail(/^(PATCH|POST) .*deployments/, { kind: 'hang', acts: false }, 99);
    await assert.rejects(helm(otherValues, 6000)(CLUSTER), isTransient);
    assert.match(pending(cluster), /pending-upgrade/);
    kube.mend();
    await helm(otherValues)(CLUSTER);
    assert.equal(cluster.get('deployments', NAMESPACE, 'tablao-manager')?.metadata.uid, uid);
    kube.forget();
    await helm(otherValues)(CLUSTER);
    assert.deepEqual(changes(), []);
  });

  test('values that the chart refuses are invalid, and no cluster is asked', async (t) => {
    const { helm, kube } = await world(t);
    await assert.rejects(helm({ ...VALUES, blenders: [] })(CLUSTER), (error) =>
      isPortError(error, 'invalid'),
    );
    assert.deepEqual(kube.asked, []);
  });

  test('a cluster in trouble is transient', async (t) => {
    const { helm, kube } = await world(t);
    kube.fail(/./, { kind: 'status', status: 503 }, 999);
    await assert.rejects(helm()(CLUSTER), isTransient);
  });
});
