import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createKubeWorkers } from '../../services/control/adapters/gcp/workers.ts';
import { describeFarmContract, lookUntil } from '../contracts/farm.ts';
import { startLite } from '../flamenco-lite/lite-manager.ts';
import { gkeWorld } from './gke-world.ts';
import { kubeWorld, NAMESPACE, startManagerPod } from './kube-world.ts';

/** A farm on the stand-ins for GKE and Kubernetes, with flamenco-lite as the manager behind the service proxy. */
async function world(t: TestContext) {
  const kube = await kubeWorld(t);
  const gke = await gkeWorld(t, { manager: kube.onCluster });
  kube.manager.url = (await startLite(t)).url;
  const step = async () => {
    gke.clock.advance(10_000);
    kube.clock.advance(10_000);
    const isInstalled = kube.cluster.get('deployments', NAMESPACE, 'tablao-manager') !== undefined;
    const hasPod = kube.cluster.get('pods', NAMESPACE, 'manager-1') !== undefined;
    if (isInstalled && !hasPod) startManagerPod(kube.cluster, 'manager-1', true);
  };
  const workers = createKubeWorkers({
    ...{ kube: kube.call, namespace: NAMESPACE, release: 'tablao', nodePoolsOf: () => [] },
    server: async () => ((await gke.farm.cluster()) === null ? null : kube.kube.url),
  });
  return { ...gke, kube, workers, step };
}

describeFarmContract('GKE and Kubernetes', (t) => world(t as TestContext));

test('workers are on the cluster that is up, and nowhere before and after', async (t) => {
  const { farm, workers, step, kube } = await world(t);
  assert.deepEqual(await workers.list(), []);
  await farm.create();
  await assert.rejects(workers.order('local', ['w-1']), /not up/);
  await lookUntil(farm, step, (seen) => seen.state === 'up');
  await workers.order('local', ['w-1']);
  assert.equal((await workers.list()).length, 1);
  kube.kube.forget();
  await farm.delete();
  await lookUntil(farm, step, (seen) => seen.state === 'absent');
  assert.deepEqual(await workers.list(), []);
  assert.deepEqual(kube.kube.asked, []);
});
