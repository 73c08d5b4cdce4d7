import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { roomForWorker } from './adapters/gcp/allocatable.ts';
import { MANAGER_POOL } from './adapters/gcp/cluster-body.ts';
import type { CloudConfig } from './cloud-config.ts';
import type { CloudSettings } from './compose-cloud.ts';
import type { MachineSettings, PoolSettings } from './pool-settings.ts';

const HOUR = 3_600_000;
/** A farm that is too old is given a quarter of MAX_FARM_HOURS for its last frames (core/farm-life.ts), and then goes. */
const LONGEST_LIFE = 1.25;

/** What the adapters must know of a deployment. */
export function cloudSettings(config: CloudConfig): CloudSettings {
  const { project, pools, accounts } = config;
  const machines = pools.flatMap(({ machines: all, ...pool }) => all.map((machine) => ({ pool, machine })));
  return {
    cluster: {
      ...{ project, farm: config.farm, network: config.network, subnetwork: config.subnetwork },
      nodeServiceAccount: accounts.nodes,
      managerMachineType: config.managerMachineType,
      // It kills nodes at work too, so it must never be reached in a life as it should be.
      maxLifeMs: config.maxFarmMs * LONGEST_LIFE + HOUR,
      zones: config.zones,
      nodePools: machines.map(({ pool, machine: { name, machineType, isSpot, zone, gpu } }) => ({
        ...{ name, machineType, isSpot, zone, gpu },
        max: pool.max,
      })),
    },
    quotas: {
      region: config.region,
      users: machines.map(({ pool, machine: { name, machineType, vcpu, isSpot, gpu } }) => ({
        ...{ pool: pool.name, variant: name, machineType, vcpu, isSpot },
        ...{ gpu, max: pool.max },
      })),
    },
    buckets: config.buckets,
    jobs: config.jobs,
    deadman: { account: accounts.deadman, afterMs: config.deadmanMs },
    helm: { program: config.helm, chart: chartDir(config), values: chartValues(config) },
    nodePoolsOf: (name) =>
      pools.find((pool) => pool.name === name)?.machines.map((machine) => machine.name) ?? [],
    notify: config.notify,
  };
}

function chartDir({ chartDir: given }: CloudConfig): string {
  return given ?? resolve(import.meta.dirname, '..', '..', 'charts', 'flamenco');
}

/** The chart's values (charts/flamenco/README.md). */
function chartValues(config: CloudConfig): Readonly<Record<string, unknown>> {
  return {
    farm: config.farm,
    images: config.images,
    buckets: { scenes: config.buckets.scenes, renders: config.buckets.renders },
    blenders: newestFirst(config.blenders),
    manager: { nodeSelector: { 'cloud.google.com/gke-nodepool': MANAGER_POOL } },
    worker: { managerUnreachableSeconds: Math.ceil(config.managerUnreachableMs / 1000) },
    pools: Object.fromEntries(
      config.pools.map((pool) => [pool.name, { tag: tagOf(pool.name), nodePools: nodePoolValues(pool) }]),
    ),
  };
}

function nodePoolValues({ machines }: PoolSettings): Readonly<Record<string, unknown>> {
  const values = (machine: MachineSettings) => {
    const { cpu, memoryGiB } = roomForWorker(machine);
    const { isSpot: spot, gpu } = machine;
    return { spot, cpu: String(cpu), memory: `${memoryGiB}Gi`, ...(gpu && { gpu }) };
  };
  return Object.fromEntries(machines.map((machine) => [machine.name, values(machine)]));
}

/** The UUID of a pool's Flamenco tag: the same for ever, so that workers and jobs of any time agree on it. */
export function tagOf(pool: string): string {
  const hex = createHash('sha256').update(`tablao/pool/${pool}`).digest('hex');
  // RFC 9562: version 8 is of one's own making, and the variant's two bits are 10.
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

function newestFirst(versions: readonly string[]): readonly string[] {
  return versions.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}
