import { z } from 'zod';
import type { PoolLimit } from '../../core/model.ts';
import { LABEL, WORKER_DISK_GB } from './cluster-body.ts';
import type { Compute } from './compute.ts';

/** One node pool, and what a node of it takes from the quotas. */
export interface QuotaUser {
  readonly pool: string;
  /** The node pool's name. */
  readonly variant: string;
  readonly machineType: string;
  readonly vcpu: number;
  readonly isSpot: boolean;
  readonly gpu: { readonly type: string; readonly count: number } | null;
  /** More than this are never ordered. */
  readonly max: number;
}

interface Options {
  readonly compute: Compute;
  readonly region: string;
  readonly farm: string;
  readonly users: readonly QuotaUser[];
}

const quotasSchema = z.object({
  quotas: z.array(z.object({ metric: z.string(), limit: z.number(), usage: z.number() })).default([]),
});
type Quota = z.output<typeof quotasSchema>['quotas'][number];

const instance = z.object({ labels: z.record(z.string(), z.string()).default({}) });
/** GKE's own label on its machines. */
const NODE_POOL_LABEL = 'goog-k8s-node-pool-name';
const SPOT_CPUS = 'PREEMPTIBLE_CPUS';
/** Families whose processors count as plain CPUS; each other one has a metric of its own, which may not be listed. */
const PLAIN_FAMILIES = new Set(['e2', 'n1', 'f1', 'g1']);

/**
 * How many workers the region's quotas allow: what is free, and the machines that we have already. Some families' limits are
 * not to be read here (they are told by the error of a scale-up); what is not listed limits nothing.
 */
export function createQuotas({ compute, region, farm, users }: Options): () => Promise<readonly PoolLimit[]> {
  return async () => {
    const { quotas } = await compute.get(`regions/${region}`, 'reading quotas', quotasSchema);
    const ofProject = await compute.get('', "reading the project's quotas", quotasSchema);
    const known = [
      ...quotas.map((quota) => ({ ...quota, where: region })),
      ...ofProject.quotas
        .filter(({ metric }) => metric.endsWith('_ALL_REGIONS'))
        .map((quota) => ({ ...quota, where: 'all regions' })),
    ];
    const machines = await compute.listLabelled('instances', LABEL, farm, instance);
    return users.flatMap((user) => {
      const ours = machines.filter(({ labels }) => labels[NODE_POOL_LABEL] === user.variant).length;
      const limits = needsOf(user, known).map(({ quota, each }) => ({
        workers: ours + Math.max(0, Math.floor((quota.limit - quota.usage) / each)),
        message: `${quota.metric} in ${quota.where}: ${quota.usage} of ${quota.limit} are in use, a worker takes ${each}`,
      }));
      const tightest = limits.toSorted((a, b) => a.workers - b.workers)[0];
      if (tightest === undefined || tightest.workers >= user.max) return [];
      return [{ pool: user.pool, variant: user.variant, ...tightest }];
    });
  };
}

/** What a node of it takes, of the quotas that there are. */
function needsOf<Q extends Quota>(
  user: QuotaUser,
  quotas: readonly Q[],
): readonly { readonly quota: Q; readonly each: number }[] {
  const cpus = cpuMetric(user, quotas);
  const needs: readonly (readonly [string, number])[] = [
    [cpus, user.vcpu],
    ...(cpus === SPOT_CPUS ? [] : ([['CPUS_ALL_REGIONS', user.vcpu]] as const)),
    ['INSTANCES', 1],
    ['SSD_TOTAL_GB', WORKER_DISK_GB],
    ...(user.gpu === null
      ? []
      : ([
          [gpuMetric(user.gpu.type, user.isSpot, quotas), user.gpu.count],
          ['GPUS_ALL_REGIONS', user.gpu.count],
        ] as const)),
  ];
  return needs.flatMap(([metric, each]) => {
    const quota = quotas.find((one) => one.metric === metric);
    return quota === undefined ? [] : [{ quota, each }];
  });
}

/** Spot machines count as ordinary ones until the project has a quota for them. */
function cpuMetric({ machineType, isSpot }: QuotaUser, quotas: readonly Quota[]): string {
  const spot = quotas.find(({ metric }) => metric === SPOT_CPUS);
  if (isSpot && spot !== undefined && spot.limit > 0) return spot.metric;
  const family = machineType.split('-', 1)[0] ?? '';
  return PLAIN_FAMILIES.has(family) ? 'CPUS' : `${family.toUpperCase()}_CPUS`;
}

/** `nvidia-tesla-t4` is counted as NVIDIA_T4_GPUS. */
function gpuMetric(type: string, isSpot: boolean, quotas: readonly Quota[]): string {
  const metric = `${type.replace('-tesla-', '-').replaceAll('-', '_').toUpperCase()}_GPUS`;
  const spot = quotas.find((one) => one.metric === `PREEMPTIBLE_${metric}`);
  return isSpot && spot !== undefined && spot.limit > 0 ? spot.metric : metric;
}
