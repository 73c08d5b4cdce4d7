import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { roomForWorker } from '../services/control/adapters/gcp/allocatable.ts';
import { cloudPolicy } from '../services/control/cloud-policy.ts';
import { cloudSettings, tagOf } from '../services/control/cloud-settings.ts';
import { parseConfig } from '../services/control/config.ts';
import { CLOUD_ENV } from './cloud-env.ts';

const GPU = {
  ...{ name: 'gpu', machineType: 'g2-standard-8', vcpu: 8, memoryGiB: 32, max: 4, spotPricePerHour: 0.34 },
  ...{ device: 'optix', gpu: { type: 'nvidia-l4', count: 1 } },
};

function configured(env: Readonly<Record<string, string>> = {}) {
  const [cpu] = JSON.parse(CLOUD_ENV.POOLS);
  const config = parseConfig({ ...CLOUD_ENV, POOLS: JSON.stringify([cpu, GPU]), ...env }, []);
  assert.ok(config.mode === 'cloud');
  return config;
}

describe('a deployment’s settings', () => {
  it('make a node pool of each machine of each pool', () => {
    const { cluster, nodePoolsOf, quotas } = cloudSettings(configured());
    assert.deepEqual(
      cluster.nodePools.map(({ name, machineType, isSpot, zone, max }) => [
        name,
        machineType,
        isSpot,
        zone,
        max,
      ]),
      [
        ['cpu-spot', 'c3d-standard-16', true, null, 20],
        ['cpu-2', 'c3d-standard-16', true, 'europe-west1-c', 20],
        ['cpu-3', 'c2d-standard-32', true, null, 20],
        ['cpu-4', 'c3d-standard-16', false, null, 20],
        ['gpu-spot', 'g2-standard-8', true, null, 4],
      ],
    );
    assert.deepEqual(cluster.nodePools[4]?.gpu, { type: 'nvidia-l4', count: 1 });
    assert.deepEqual(nodePoolsOf('cpu'), ['cpu-spot', 'cpu-2', 'cpu-3', 'cpu-4']);
    assert.deepEqual(quotas.users[4], {
      ...{ pool: 'gpu', variant: 'gpu-spot', machineType: 'g2-standard-8', vcpu: 8, isSpot: true, max: 4 },
      gpu: { type: 'nvidia-l4', count: 1 },
    });
  });

  it('let no machine live longer than the farm may', () => {
    const { cluster } = cloudSettings(configured({ MAX_FARM_HOURS: '8' }));
    assert.equal(cluster.maxLifeMs, 11 * 3_600_000);
  });

  it('are the chart’s values, newest Blender first', () => {
    const { values } = cloudSettings(configured({ BLENDERS: '4.5.9,4.5.11,5.1.1' })).helm;
    assert.deepEqual(values.blenders, ['5.1.1', '4.5.11', '4.5.9']);
    assert.deepEqual(values.manager, { nodeSelector: { 'cloud.google.com/gke-nodepool': 'manager' } });
    const { cpu, gpu } = values.pools as Record<string, { tag: string; nodePools: Record<string, unknown> }>;
    assert.deepEqual(cpu?.nodePools['cpu-4'], { spot: false, cpu: '15.1', memory: '55Gi' });
    assert.deepEqual(gpu?.nodePools['gpu-spot'], {
      ...{ spot: true, cpu: '7.1', memory: '25Gi' },
      gpu: { type: 'nvidia-l4', count: 1 },
    });
    assert.equal(cpu?.tag, tagOf('cpu'));
  });

  it('are the policy: prices, memory that a worker really has, and whether there is a GPU', () => {
    const policy = cloudPolicy(configured());
    const [cpu, gpu] = policy.pools;
    assert.deepEqual([cpu.pricePerHour, cpu.memoryGiB, cpu.hasGpu, cpu.max], [0.2, 55, false, 20]);
    assert.deepEqual(cpu.variants?.at(-1), {
      ...{ name: 'cpu-4', isSpot: false, pricePerHour: 0.73, onDemandPricePerHour: 0.73 },
    });
    // Not given, so four times the spot price.
    assert.deepEqual(cpu.variants?.[2], {
      ...{ name: 'cpu-3', isSpot: true, pricePerHour: 0.35, onDemandPricePerHour: 1.4 },
    });
    assert.deepEqual([gpu?.hasGpu, gpu?.gpuDevice, gpu?.tag], [true, 'optix', tagOf('gpu')]);
    assert.ok(!('gpuDevice' in cpu));
    assert.deepEqual([policy.pricesAt, policy.fixedPricePerHour], [Date.UTC(2026, 10, 20), 0.2]);
    assert.deepEqual(
      policy.blenders.map(({ version }) => version),
      ['4.5.11', '5.1.1'],
    );
  });
});

describe('the tag of a pool', () => {
  it('is a UUID that stays the same and is no other pool’s', () => {
    assert.match(tagOf('cpu'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(tagOf('cpu'), 'f979dc07-d317-8055-8778-da290394a528');
    assert.notEqual(tagOf('cpu'), tagOf('gpu'));
  });
});

describe('what a machine has left for a worker', () => {
  // GKE's published allocatable memory: 32 GiB machines keep 3.56 GiB, 128 GiB ones 9.32.
  for (const [vcpu, memoryGiB, cpu, left] of [
    [2, 8, 1.1, 4],
    [8, 32, 7.1, 25],
    [16, 64, 15.1, 55],
    [32, 128, 31.1, 114],
  ] as const)
    it(`${vcpu} vCPU with ${memoryGiB} GiB: ${cpu} and ${left} GiB`, () => {
      assert.deepEqual(roomForWorker({ vcpu, memoryGiB }), { cpu, memoryGiB: left });
    });
});
