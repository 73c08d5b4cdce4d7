import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createQuotas, type QuotaUser } from '../../services/control/adapters/gcp/quotas.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import { computeAt } from './gke-world.ts';
import { googleError } from './google-error.ts';
import { json, startServer } from './server.ts';

type Quota = readonly [metric: string, limit: number, usage: number];

const SPOT: QuotaUser = {
  ...{ pool: 'cpu', variant: 'cpu-spot', machineType: 'n2d-standard-16', vcpu: 16, isSpot: true },
  ...{ gpu: null, max: 20 },
};
const ON_DEMAND: QuotaUser = { ...SPOT, variant: 'cpu-2', isSpot: false };
const GPU: QuotaUser = {
  ...{ ...SPOT, pool: 'gpu', variant: 'gpu-spot', machineType: 'g2-standard-8', vcpu: 8, max: 4 },
  gpu: { type: 'nvidia-l4', count: 1 },
};

/** Compute Engine with these quotas and machines, and what our pools may have then. */
async function world(
  t: TestContext,
  users: readonly QuotaUser[],
  {
    region = [],
    project = [],
    machines = [],
  }: {
    readonly region?: readonly Quota[];
    readonly project?: readonly Quota[];
    /** The node pool of each. */
    readonly machines?: readonly string[];
  },
) {
  const answered = (quotas: readonly Quota[]) =>
    json(200, { quotas: quotas.map(([metric, limit, usage]) => ({ metric, limit, usage })) });
  const server = await startServer({
    clock: { now: () => 0 },
    failure: (status) => googleError(status),
    answer: ({ url: { pathname } }) => {
      if (pathname === '/compute/v1/projects/p/regions/europe-west1') return answered(region);
      if (pathname === '/compute/v1/projects/p') return answered(project);
      const instances = machines.map((name) => ({ labels: { 'goog-k8s-node-pool-name': name } }));
      return json(200, { items: { 'zones/europe-west1-b': { instances }, 'zones/x': { warning: {} } } });
    },
  });
  t.after(() => server.close());
  const compute = computeAt(`http://${server.host}`);
  return { server, read: createQuotas({ compute, users, farm: 'tablao', region: 'europe-west1' }) };
}

describe('quotas', () => {
  test('what is free and what we have already may be workers; the reason is for people', async (t) => {
    const region: Quota[] = [['PREEMPTIBLE_CPUS', 100, 64]];
    const { read } = await world(t, [SPOT], { region, machines: ['cpu-spot', 'cpu-spot', 'manager'] });
    assert.deepEqual(await read(), [
      {
        ...{ pool: 'cpu', variant: 'cpu-spot', workers: 4 },
        message: 'PREEMPTIBLE_CPUS in europe-west1: 64 of 100 are in use, a worker takes 16',
      },
    ]);
  });

  test('spot machines count as ordinary ones where there is no quota for them', async (t) => {
    const region: Quota[] = [
      ['PREEMPTIBLE_CPUS', 0, 0],
      ['N2D_CPUS', 48, 0],
    ];
    const { read } = await world(t, [SPOT, ON_DEMAND], { region });
    assert.deepEqual(
      (await read()).map(({ variant, workers }) => [variant, workers]),
      [
        ['cpu-spot', 3],
        ['cpu-2', 3],
      ],
    );
  });

  test('the tightest one counts: disks and machines, too', async (t) => {
    const region: Quota[] = [
      ['N2D_CPUS', 1000, 0],
      ['SSD_TOTAL_GB', 250, 30],
      ['INSTANCES', 100, 1],
    ];
    const { read } = await world(t, [ON_DEMAND], { region });
    const [limit] = await read();
    assert.equal(limit?.workers, 4);
    assert.match(limit?.message ?? '', /^SSD_TOTAL_GB in europe-west1: 30 of 250 .* takes 50$/);
  });

  test('GPUs are counted in the region and in all regions', async (t) => {
    const region: Quota[] = [['PREEMPTIBLE_NVIDIA_L4_GPUS', 3, 0]];
    const first = await world(t, [GPU], { region, project: [['GPUS_ALL_REGIONS', 8, 0]] });
    assert.equal((await first.read())[0]?.workers, 3);
    const none = await world(t, [GPU], { region, project: [['GPUS_ALL_REGIONS', 0, 0]] });
    const [limit] = await none.read();
    assert.equal(limit?.workers, 0);
    assert.match(limit?.message ?? '', /GPUS_ALL_REGIONS in all regions/);
  });

  test('processors are counted in all regions, too; spot ones not, where they have a quota of their own', async (t) => {
    const region: Quota[] = [['N2D_CPUS', 1000, 0]];
    const project: Quota[] = [['CPUS_ALL_REGIONS', 64, 2]];
    const ordinary = await world(t, [SPOT, ON_DEMAND], { region, project, machines: ['cpu-2'] });
    assert.deepEqual(
      (await ordinary.read()).map(({ variant, workers }) => [variant, workers]),
      [
        ['cpu-spot', 3],
        ['cpu-2', 4],
      ],
    );
    assert.match(
      (await ordinary.read())[0]?.message ?? '',
      /^CPUS_ALL_REGIONS in all regions: 2 of 64 are in use, a worker takes 16$/,
    );
    const spot = await world(t, [SPOT], {
      region: [...region, ['PREEMPTIBLE_CPUS', 160, 0]],
      project,
    });
    assert.equal((await spot.read())[0]?.workers, 10);
  });

  test('one that is overdrawn leaves what we have', async (t) => {
    const region: Quota[] = [['N2D_CPUS', 16, 32]];
    const { read } = await world(t, [ON_DEMAND], { region, machines: ['cpu-2', 'cpu-2'] });
    assert.equal((await read())[0]?.workers, 2);
  });

  test('what limits nothing below the maximum, or is not listed, is left out', async (t) => {
    const region: Quota[] = [['N2D_CPUS', 320, 0]];
    const other = { ...ON_DEMAND, variant: 'x', machineType: 'c4-standard-16' };
    const { read } = await world(t, [ON_DEMAND, other], { region });
    assert.deepEqual(await read(), []);
  });

  test('what cannot be read is not "no limit"', async (t) => {
    const { read, server } = await world(t, [SPOT], {});
    server.fail(/regions/, { kind: 'status', status: 503 });
    await assert.rejects(read(), (error) => isPortError(error, 'transient'));
    server.fail(/aggregated/, { kind: 'status', status: 403 });
    await assert.rejects(read(), (error) => isPortError(error, 'denied'));
  });
});
