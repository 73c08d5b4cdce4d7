import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterBody } from '../../services/control/adapters/gcp/cluster-body.ts';
import { gkeWorld, SETTINGS } from './gke-world.ts';

/** Of the API's enums, by the numbers under which they are sent. */
const NO_SCHEDULE = 1;
const GKE_METADATA = 2;
const ADVANCED_DATAPATH = 2;
const NO_UPGRADES = 0;
const DRIVER_DEFAULT = 2;

async function bodyOf(t: { after(fn: () => unknown): void }) {
  const { farm, gke } = await gkeWorld(t);
  await farm.create();
  const request = gke.requests.find(({ method }) => method === 'POST');
  return JSON.parse(String(request?.body)).cluster;
}

test('the cluster is reached by its DNS name, enforces policies, and is not upgraded while it lives', async (t) => {
  const cluster = await bodyOf(t);
  assert.deepEqual(cluster.resourceLabels, { tablao: 'tablao' });
  assert.deepEqual(cluster.networkConfig, {
    datapathProvider: ADVANCED_DATAPATH,
    defaultEnablePrivateNodes: true,
  });
  assert.deepEqual(cluster.controlPlaneEndpointsConfig, {
    dnsEndpointConfig: { allowExternalTraffic: true },
    ipEndpointsConfig: { enabled: false },
  });
  assert.deepEqual(cluster.maintenancePolicy.window.maintenanceExclusions.tablao, {
    maintenanceExclusionOptions: { scope: NO_UPGRADES },
    startTime: '2026-11-24T09:00:00.000Z',
    endTime: '2026-11-25T10:00:00.000Z',
  });
  assert.deepEqual(cluster.workloadIdentityConfig, { workloadPool: 'p.svc.id.goog' });
  assert.deepEqual(cluster.addonsConfig.gcsFuseCsiDriverConfig, { enabled: true });
});

test('one small ordinary node is there at once; every pool for workers starts with none', async (t) => {
  const { nodePools } = await bodyOf(t);
  const [manager, ...workers] = nodePools;
  assert.deepEqual([manager.name, manager.initialNodeCount, manager.config.spot], ['manager', 1, undefined]);
  assert.equal(manager.config.taints, undefined);
  assert.equal(workers.length, SETTINGS.nodePools.length);
  for (const pool of workers) {
    assert.equal(pool.initialNodeCount, 0);
    assert.deepEqual(pool.config.taints, [{ key: 'tablao/worker', value: 'true', effect: NO_SCHEDULE }]);
    assert.equal(pool.config.maxRunDuration, '90000s');
    assert.equal(pool.config.consolidationDelay, '120s');
    assert.equal(pool.autoscaling.totalMinNodeCount, 0);
  }
  for (const { config } of nodePools) {
    assert.deepEqual(config.workloadMetadataConfig, { mode: GKE_METADATA });
    assert.deepEqual(config.resourceLabels, { tablao: 'tablao' });
    assert.equal(config.serviceAccount, SETTINGS.nodeServiceAccount);
  }
});

test('spot machines get their longest farewell, a fallback its zone, a GPU its driver', async (t) => {
  const { nodePools } = await bodyOf(t);
  const pool = (name: string) => nodePools.find((each: { name: string }) => each.name === name);
  assert.equal(pool('cpu-spot').config.spot, true);
  assert.equal(pool('cpu-spot').config.kubeletConfig.shutdownGracePeriodSeconds, 120);
  assert.equal(pool('cpu-spot').locations, undefined);
  assert.deepEqual(pool('cpu-other').locations, ['europe-west1-c']);
  assert.equal(pool('gpu-od').config.kubeletConfig, undefined);
  assert.deepEqual(pool('gpu-od').config.accelerators, [
    {
      acceleratorType: 'nvidia-l4',
      acceleratorCount: '1',
      gpuDriverInstallationConfig: { gpuDriverVersion: DRIVER_DEFAULT },
    },
  ]);
});

test('a fallback in another zone is in another one wherever the cluster came to be', () => {
  const zonesOf = (zone: string) =>
    clusterBody(SETTINGS, { name: 'tablao-1', zone }, 0).nodePools?.find(({ name }) => name === 'cpu-other')
      ?.locations;
  assert.deepEqual(zonesOf('europe-west1-b'), ['europe-west1-c']);
  assert.deepEqual(zonesOf('europe-west1-c'), ['europe-west1-b']);
});
