import type { protos } from '@google-cloud/container';
import type { EpochMs } from '../../core/time.ts';

type Cluster = protos.google.container.v1.ICluster;
type NodePool = protos.google.container.v1.INodePool;
type NodeConfig = protos.google.container.v1.INodeConfig;

/** A GKE node pool that workers of one kind run on. */
interface NodePoolSettings {
  /** The chart's Job template of this name goes to it. */
  readonly name: string;
  readonly machineType: string;
  readonly isSpot: boolean;
  /** Nodes at most; the autoscaler starts with none. */
  readonly max: number;
  readonly gpu: { readonly type: string; readonly count: number } | null;
  /** Another zone of the region than the cluster's; `null` = the same. */
  readonly zone: string | null;
}

export interface ClusterSettings {
  readonly project: string;
  /** The value of our label, and what names of clusters begin with. */
  readonly farm: string;
  readonly network: string;
  readonly subnetwork: string;
  /** Its e-mail address. */
  readonly nodeServiceAccount: string;
  readonly managerMachineType: string;
  readonly nodePools: readonly NodePoolSettings[];
  /** Where clusters may be, in the order in which they are tried. */
  readonly zones: readonly string[];
  /** No cluster of ours may be older. */
  readonly maxLifeMs: number;
}

export const LABEL = 'tablao';
/** The one ordinary node: the others have taints that only workers tolerate. */
export const MANAGER_POOL = 'manager';
/** GKE leaves 19 GiB of it to pods; the chart's sidecar asks for 12 of them. */
export const WORKER_DISK_GB = 50;
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
const MAX_NO_UPGRADES_MS = 30 * 24 * 3_600_000;

/**
 * The request for a farm's cluster (google-cloud.md §4): zonal, reached by its DNS name only, one small ordinary node; all
 * pools for workers start with none, since a pool that finds no machines at creation holds the whole cluster up.
 */
export function clusterBody(
  settings: ClusterSettings,
  { name, zone }: { readonly name: string; readonly zone: string },
  now: EpochMs,
): Cluster {
  const { project, farm, network, subnetwork, nodePools } = settings;
  return {
    name,
    resourceLabels: { [LABEL]: farm },
    network,
    subnetwork,
    releaseChannel: { channel: 'REGULAR' },
    // Without Dataplane V2 nothing enforces a network policy.
    networkConfig: { datapathProvider: 'ADVANCED_DATAPATH', defaultEnablePrivateNodes: true },
    ipAllocationPolicy: { useIpAliases: true },
    controlPlaneEndpointsConfig: {
      dnsEndpointConfig: { allowExternalTraffic: true },
      ipEndpointsConfig: { enabled: false },
    },
    workloadIdentityConfig: { workloadPool: `${project}.svc.id.goog` },
    addonsConfig: {
      gcsFuseCsiDriverConfig: { enabled: true },
      httpLoadBalancing: { disabled: true },
      horizontalPodAutoscaling: { disabled: true },
    },
    autoscaling: { autoscalingProfile: 'OPTIMIZE_UTILIZATION' },
    loggingConfig: { componentConfig: components('SYSTEM_COMPONENTS', 'WORKLOADS') },
    monitoringConfig: {
      componentConfig: components('SYSTEM_COMPONENTS'),
      managedPrometheusConfig: { enabled: false },
    },
    maintenancePolicy: { window: { maintenanceExclusions: { [farm]: noUpgrades(settings, now) } } },
    nodePools: [managerPool(settings), ...nodePools.map((pool) => workerPool(settings, pool, zone))],
  };
}

/** The generated types know these by their numbers only; the API takes their names as everywhere else. */
function components(...names: readonly string[]): { readonly enableComponents: never[] } {
  return { enableComponents: [...names] as never[] };
}

/** An upgrade would drain nodes in the middle of a frame; the cluster is gone before it needs one. */
function noUpgrades({ maxLifeMs }: ClusterSettings, now: EpochMs) {
  const seconds = (at: EpochMs) => ({ seconds: Math.floor(at / 1000) });
  return {
    startTime: seconds(now),
    endTime: seconds(now + Math.min(maxLifeMs, MAX_NO_UPGRADES_MS)),
    maintenanceExclusionOptions: { scope: 'NO_UPGRADES' as const },
  };
}

function managerPool(settings: ClusterSettings): NodePool {
  return {
    name: MANAGER_POOL,
    initialNodeCount: 1,
    maxPodsConstraint: { maxPodsPerNode: 32 },
    management: { autoUpgrade: true, autoRepair: true },
    config: { ...nodeConfig(settings), machineType: settings.managerMachineType, diskSizeGb: 30 },
  };
}

function workerPool(settings: ClusterSettings, pool: NodePoolSettings, clusterZone: string): NodePool {
  const zone = otherZone(settings, pool, clusterZone);
  return {
    name: pool.name,
    initialNodeCount: 0,
    maxPodsConstraint: { maxPodsPerNode: 16 },
    management: { autoUpgrade: true, autoRepair: true },
    autoscaling: {
      enabled: true,
      totalMinNodeCount: 0,
      totalMaxNodeCount: pool.max,
      locationPolicy: 'ANY',
    },
    ...(zone === null ? {} : { locations: [zone] }),
    config: {
      ...nodeConfig(settings),
      machineType: pool.machineType,
      diskSizeGb: WORKER_DISK_GB,
      spot: pool.isSpot,
      taints: [{ key: 'tablao/worker', value: 'true', effect: 'NO_SCHEDULE' }],
      // Kills nodes at work too, so it must never be reached in a life as it should be.
      maxRunDuration: { seconds: Math.ceil(settings.maxLifeMs / 1000) },
      consolidationDelay: { seconds: 120 },
      ...(pool.isSpot ? { kubeletConfig: LONGEST_FAREWELL } : {}),
      ...(pool.gpu === null ? {} : { accelerators: [accelerator(pool.gpu)] }),
    },
  };
}

/** A fallback in another zone is to be another one than the cluster's, wherever that came to be. */
function otherZone(
  { zones }: ClusterSettings,
  { zone }: NodePoolSettings,
  clusterZone: string,
): string | null {
  if (zone !== clusterZone) return zone;
  return zones.find((each) => each !== clusterZone) ?? zone;
}

/** What a spot machine is given to end at most; the default is 30 s for all, of which workers get 15. */
const LONGEST_FAREWELL = { shutdownGracePeriodSeconds: 120, shutdownGracePeriodCriticalPodsSeconds: 15 };

function accelerator({ type, count }: { readonly type: string; readonly count: number }) {
  return {
    acceleratorType: type,
    acceleratorCount: count,
    gpuDriverInstallationConfig: { gpuDriverVersion: 'DEFAULT' as const },
  };
}

function nodeConfig({ farm, nodeServiceAccount }: ClusterSettings): NodeConfig {
  return {
    serviceAccount: nodeServiceAccount,
    oauthScopes: [CLOUD_PLATFORM],
    metadata: { 'disable-legacy-endpoints': 'true' },
    workloadMetadataConfig: { mode: 'GKE_METADATA' },
    shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
    gcfsConfig: { enabled: true },
    diskType: 'pd-balanced',
    resourceLabels: { [LABEL]: farm },
  };
}
