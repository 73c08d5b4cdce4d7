import type { ClusterManagerClient, protos } from '@google-cloud/container';
import type { EpochMs } from '../../core/time.ts';
import { PortError } from '../../ports/errors.ts';
import { type ClusterSettings, clusterBody, LABEL, MANAGER_POOL } from './cluster-body.ts';
import { cloudWork } from './errors.ts';

type Cluster = protos.google.container.v1.ICluster;
type Operation = protos.google.container.v1.IOperation;
type ClientOptions = NonNullable<ConstructorParameters<typeof ClusterManagerClient>[0]>;

/** A cluster that carries our label. */
export interface ClusterSeen {
  readonly name: string;
  readonly zone: string;
  /** `failed` = GKE has given it up (and deletes it by itself); `degraded` = a person would have to do something. */
  readonly state: 'creating' | 'up' | 'deleting' | 'failed' | 'degraded';
  readonly createdAt: EpochMs;
  /** The DNS name of its Kubernetes API; `null` = not yet there. */
  readonly endpoint: string | null;
  /** What GKE says about its state; `''` = nothing. */
  readonly message: string;
}

/** What the farm needs of GKE. All of it throws `PortError`. */
export interface Gke {
  /** Every cluster of ours in any zone. Never fewer than there are. */
  list(): Promise<readonly ClusterSeen[]>;
  /** Begins creating; returns the operation's name. `conflict` = the name is taken in that zone. */
  create(zone: string, name: string, now: EpochMs): Promise<string>;
  /** Why the creation failed, in GKE's words; `null` = it has not, or not yet. */
  failureOf(zone: string, operation: string): Promise<string | null>;
  /** Begins deleting. `transient` while another operation, a creation that hangs too, runs on the cluster. */
  delete(zone: string, name: string): Promise<void>;
}

interface Options {
  readonly settings: ClusterSettings;
  /** Another server than Google's, and how to be let in there. */
  readonly endpoint?: Pick<ClientOptions, 'apiEndpoint' | 'port' | 'protocol' | 'authClient'>;
}

/** The client waits up to 10 minutes and tries again meanwhile, unless each call says otherwise. */
const ONCE = { timeout: 10_000, retry: null };

export function createGke({ settings, endpoint }: Options): Gke {
  const { project, farm } = settings;
  let client: Promise<ClusterManagerClient> | null = null;
  const placeOf = (zone: string) => `projects/${project}/locations/${zone}`;

  function call<T>(doing: string, work: (client: ClusterManagerClient) => Promise<T>): Promise<T> {
    client ??= load({ projectId: project, ...endpoint });
    return cloudWork(doing, async () => work((await client) as ClusterManagerClient));
  }

  return {
    list: async () => {
      const doing = 'listing clusters';
      const [answer] = await call(doing, (gke) => gke.listClusters({ parent: placeOf('-') }, ONCE));
      if (answer.missingZones?.length)
        throw new PortError('transient', `${doing}: nothing is known of ${answer.missingZones.join(', ')}`);
      return (answer.clusters ?? []).filter(isOf(farm)).map(clusterSeen);
    },

    create: async (zone, name, now) => {
      const cluster = clusterBody(settings, { name, zone }, now);
      const request = { parent: placeOf(zone), cluster };
      const [operation] = await call(`creating cluster ${name} in ${zone}`, (gke) =>
        gke.createCluster(request, ONCE),
      );
      return operation.name ?? '';
    },

    failureOf: async (zone, operation) => {
      const name = `${placeOf(zone)}/operations/${operation}`;
      const [seen] = await call(`looking at ${operation}`, (gke) => gke.getOperation({ name }, ONCE));
      return failureText(seen);
    },

    delete: async (zone, name) => {
      const request = { name: `${placeOf(zone)}/clusters/${name}` };
      await call(`deleting cluster ${name} in ${zone}`, (gke) => gke.deleteCluster(request, ONCE));
    },
  };
}

/** Over HTTP instead of gRPC: smaller in memory, sooner there, and any stand-in can answer it. */
async function load(options: ClientOptions): Promise<ClusterManagerClient> {
  const { ClusterManagerClient: Client } = await import('./load-container.ts');
  return new Client({ ...options, fallback: true });
}

function isOf(farm: string): (cluster: Cluster) => boolean {
  return ({ resourceLabels }) => resourceLabels?.[LABEL] === farm;
}

function clusterSeen(cluster: Cluster): ClusterSeen {
  const { name, location, createTime, conditions, controlPlaneEndpointsConfig } = cluster;
  return {
    name: name ?? '',
    zone: location ?? '',
    state: stateOf(cluster),
    createdAt: Date.parse(createTime ?? ''),
    endpoint: controlPlaneEndpointsConfig?.dnsEndpointConfig?.endpoint || null,
    message: (conditions ?? []).map((condition) => condition.message ?? '').join('; '),
  };
}

function stateOf({ status, nodePools }: Cluster): ClusterSeen['state'] {
  switch (String(status)) {
    case 'RUNNING':
    case 'RECONCILING': {
      const manager = nodePools?.find(({ name }) => name === MANAGER_POOL);
      return String(manager?.status) === 'ERROR' ? 'failed' : 'up';
    }
    case 'STOPPING':
      return 'deleting';
    case 'ERROR':
      return 'failed';
    case 'DEGRADED':
      return 'degraded';
    default:
      // PROVISIONING, and what a later version of the API may call it.
      return 'creating';
  }
}

/** DONE does not mean success. */
function failureText({ status, error, statusMessage }: Operation): string | null {
  if (String(status) !== 'DONE' || !error?.code) return null;
  return [error.message, statusMessage].filter(Boolean).join(' — ') || `code ${error.code}`;
}
