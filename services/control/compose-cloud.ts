import type { OAuth2ClientOptions } from 'google-auth-library';
import { createFlamencoManager } from './adapters/flamenco/manager.ts';
import type { ClusterSettings } from './adapters/gcp/cluster-body.ts';
import { createCompute } from './adapters/gcp/compute.ts';
import { createDeadman } from './adapters/gcp/deadman.ts';
import { createGkeFarm } from './adapters/gcp/farm.ts';
import { createGke } from './adapters/gcp/gke.ts';
import { createGoogle, type Google } from './adapters/gcp/google-auth.ts';
import { createHelmInstall } from './adapters/gcp/helm.ts';
import { createKube } from './adapters/gcp/kube.ts';
import { createKubeManager, signedFetch } from './adapters/gcp/kube-manager.ts';
import { createCloudLease } from './adapters/gcp/lease.ts';
import { createLeftovers } from './adapters/gcp/leftovers.ts';
import { createManagerWay, managerPrefix } from './adapters/gcp/manager-way.ts';
import { createQuotas, type QuotaUser } from './adapters/gcp/quotas.ts';
import { createCloudRecords } from './adapters/gcp/records.ts';
import { createCloudRenders } from './adapters/gcp/renders.ts';
import { createCloudScenes } from './adapters/gcp/scenes.ts';
import { createCloudTicker, createScheduler } from './adapters/gcp/scheduler.ts';
import { createStorageClient } from './adapters/gcp/storage-client.ts';
import { createCloudUploads } from './adapters/gcp/uploads.ts';
import { createKubeWorkers } from './adapters/gcp/workers.ts';
import { createWritePace } from './adapters/gcp/write-pace.ts';
import { blendTools } from './adapters/local/blend-tools.ts';
import { createWebhook } from './adapters/webhook/messenger.ts';
import type { CommonConfig } from './config.ts';
import type { EpochMs } from './core/time.ts';
import type { ManagerBehind } from './http/deps.ts';
import type { Farm, FarmSeen } from './ports/farm.ts';
import type { Ticker } from './ports/ticker.ts';
import type { Uploads } from './ports/uploads.ts';
import type { Ports } from './reconcile/ports.ts';

/** What the deployment decided about its place in Google Cloud. */
export interface CloudSettings {
  readonly cluster: ClusterSettings;
  /** Whose quotas are read, and who takes from them. */
  readonly quotas: { readonly region: string; readonly users: readonly QuotaUser[] };
  readonly buckets: { readonly scenes: string; readonly renders: string; readonly state: string };
  /** Full names of the Cloud Scheduler jobs: `projects/P/locations/L/jobs/J`. */
  readonly jobs: { readonly tick: string; readonly deadman: string };
  readonly deadman: { readonly account: string; readonly afterMs: number };
  readonly helm: {
    readonly program: string;
    readonly chart: string;
    readonly values: Readonly<Record<string, unknown>>;
  };
  /** The node pools of a pool of workers, in the order in which they are wanted. */
  readonly nodePoolsOf: (pool: string) => readonly string[];
  readonly notify: CommonConfig['notify'];
}

/** Other servers than Google's, for tests. */
export interface CloudEndpoints {
  readonly google: Google;
  readonly storage: Parameters<typeof createStorageClient>[0]['endpoint'];
  readonly container: Parameters<typeof createGke>[0]['endpoint'];
  readonly scheduler: Parameters<typeof createScheduler>[0]['endpoint'];
  readonly compute: string;
  /** The address of a cluster's API by the DNS name that GKE gives it. */
  readonly serverOf: (endpoint: string) => string;
  readonly clock: { now(): EpochMs };
  readonly writeGapMs: number;
  /** Where people sign in, and where Google's and IAP's public keys are. */
  readonly certs: OAuth2ClientOptions['endpoints'];
}

export interface CloudLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** The chart's release, and the namespace that the rights of its workers are bound to. */
const RELEASE = 'tablao';
const MANAGER_PORT = 8080;
/** A pass looks at the farm first and then talks to its manager. */
const LOOK_HOLDS_MS = 30_000;

/** Everything that a pass and the routes need of Google Cloud. Nothing is called yet, and no client loaded. */
export function composeCloudPorts(
  { cluster, quotas, buckets, jobs, deadman, helm, nodePoolsOf, notify }: CloudSettings,
  log: CloudLog,
  endpoints: Partial<CloudEndpoints> = {},
): {
  readonly ports: Ports;
  readonly uploads: Uploads;
  readonly ticker: Ticker;
  readonly manager: ManagerBehind;
} {
  const { project, farm: name, zones } = cluster;
  const { google = createGoogle(), clock = { now: () => Date.now() } } = endpoints;
  const serverOf = endpoints.serverOf ?? ((endpoint: string) => `https://${endpoint}`);
  const openBucket = createStorageClient({ projectId: project, ...given('endpoint', endpoints.storage) });
  const pace = createWritePace(endpoints.writeGapMs);
  const records = createCloudRecords({ openBucket, bucket: buckets.state, pace });
  const callScheduler = createScheduler({ projectId: project, ...given('endpoint', endpoints.scheduler) });
  const kube = createKube(google.token);
  const onCluster = { kube, namespace: RELEASE, release: RELEASE };
  const fetchSigned = signedFetch(google.token);
  const compute = createCompute({ project, auth: google.auth, ...given('url', endpoints.compute) });
  const gke = createGke({ settings: cluster, ...given('endpoint', endpoints.container) });
  const gkeFarm = createGkeFarm({
    ...{ farm: name, zones, records, clock, gke },
    manager: createKubeManager({
      ...{ ...onCluster, port: MANAGER_PORT, serverOf, fetch: fetchSigned },
      install: createHelmInstall({ ...helm, ...onCluster, token: google.token, serverOf }),
    }),
    deadman: createDeadman({ call: callScheduler, job: jobs.deadman, project, clock, ...deadman }),
    leftovers: createLeftovers({ compute, farm: name }),
    onGivenUp: (cluster, message) => log.warn({ ...cluster, why: message }, 'cluster given up'),
    onUnguarded: (err) =>
      log.warn({ err }, "dead-man's switch of a given-up cluster not set or not taken away"),
  });
  const server = async () => {
    const up = await gkeFarm.cluster();
    return up?.endpoint ? serverOf(up.endpoint) : null;
  };
  const { farm, managerUrl } = rememberLook(gkeFarm, clock);
  return {
    ports: {
      ...{ records, blendTools, clock },
      ...(notify !== null && { messenger: createWebhook({ ...notify, clock }) }),
      farm: { ...farm, quotas: createQuotas({ compute, farm: name, ...quotas }) },
      scenes: createCloudScenes({ openBucket, bucket: buckets.scenes }),
      renders: createCloudRenders({ openBucket, bucket: buckets.renders }),
      lease: createCloudLease({ openBucket, bucket: buckets.state, pace, clock }),
      workers: createKubeWorkers({ ...onCluster, server, nodePoolsOf }),
      manager: createFlamencoManager({ url: managerUrl, fetch: fetchSigned }),
    },
    uploads: createCloudUploads({ openBucket, bucket: buckets.scenes }),
    ticker: createCloudTicker(callScheduler, jobs.tick),
    manager: {
      prefix: managerPrefix(RELEASE, RELEASE, MANAGER_PORT),
      find: createManagerWay({ gke, records, token: google.token, serverOf, clock }),
    },
  };
}

/** Looking at the farm is several calls: the manager's address is taken from the last look while it is fresh. */
function rememberLook(farm: Farm, clock: { now(): EpochMs }) {
  let last: { readonly seen: FarmSeen; readonly at: EpochMs } | null = null;
  const look = async () => {
    const seen = await farm.look();
    last = { seen, at: clock.now() };
    return seen;
  };
  return {
    farm: { ...farm, look },
    managerUrl: async () => {
      const isFresh = last !== null && clock.now() - last.at < LOOK_HOLDS_MS;
      const seen = last !== null && isFresh ? last.seen : await look();
      return seen.state === 'up' ? seen.managerUrl : null;
    },
  };
}

/** An option, or none. */
function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: Value });
}
