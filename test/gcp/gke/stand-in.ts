import { googleError } from '../google-error.ts';
import { isLetIn, type LetIn } from '../let-in.ts';
import { type Answer, type Asked, json, type Server, startServer } from '../server.ts';

/** How long GKE goes on trying where there are no machines. */
export const STOCK_OUT_MS = 35 * 60_000;
const STOCK_OUT =
  "Not all instances running in IGM after 35m7.9s. Expected 1, running 0, transitioning 1. Current errors: [GCE_STOCKOUT]: Instance 'gke-1' creation failed: The zone does not have enough resources available to fulfill the request.";
const QUOTA =
  "Insufficient regional quota to satisfy request: resource \"CPUS\": request requires '4.0' and is short '2.0'.";

/** Far more than a test takes. */
const QUOTAS = [
  { metric: 'CPUS', limit: 5000, usage: 4 },
  { metric: 'PREEMPTIBLE_CPUS', limit: 5000, usage: 0 },
  { metric: 'SSD_TOTAL_GB', limit: 100_000, usage: 30 },
];
const PROJECT_QUOTAS = [{ metric: 'CPUS_ALL_REGIONS', limit: 5000, usage: 4 }];

interface Cluster {
  readonly zone: string;
  readonly body: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly createdAt: number;
  /** When the creation ends, and with what; `null` = well. */
  readonly endsAt: number;
  readonly failure: { readonly code: number; readonly message: string } | null;
  readonly operation: string;
  deletedAt: number | null;
  status: string | null;
  endpoint: string;
}

interface NodePool {
  readonly name: string;
  readonly initialNodeCount: number;
  readonly config?: Readonly<Record<string, unknown>>;
}

interface Disk {
  readonly name: string;
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly users: readonly string[];
}

export interface GkeStandIn extends Server {
  readonly url: string;
  /** Zones without machines: creations there hang for 35 minutes and then fail. */
  readonly stockedOut: Set<string>;
  /** Zones where the project has no quota left: refused at once. */
  readonly overQuota: Set<string>;
  /** Zones whose masters do not answer: a listing is not whole. */
  readonly silent: Set<string>;
  /** Names of the clusters that bill, as `zone/name`. */
  readonly clusters: () => readonly string[];
  /** What is reached under each new cluster's DNS name. */
  setEndpoint(endpoint: string): void;
  setStatus(name: string, status: string): void;
  /** GKE deletes by itself what it could not create; its operation can still be asked about. */
  takeAway(name: string): void;
  /** The operation of the next creation ends with this error, and the cluster in ERROR. */
  failNextCreation(message: string): void;
  /** Of every cluster's node pool of this name. */
  setPoolStatus(pool: string, status: string): void;
  /** A disk or machine that is there whatever becomes of the clusters. */
  leave(kind: 'disks' | 'instances', disk: Disk): void;
}

interface Options {
  readonly clock: { now(): number };
  readonly createMs?: number;
  readonly deleteMs?: number;
  readonly token?: LetIn;
}

/** GKE's API (clusters, operations) and of Compute Engine's what finds leftovers. Time goes by the test's clock. */
export async function startGke({
  clock,
  createMs = 240_000,
  deleteMs = 180_000,
  token = null,
}: Options): Promise<GkeStandIn> {
  let clusters: Cluster[] = [];
  const takenAway: Cluster[] = [];
  const left = { disks: [] as Disk[], instances: [] as Disk[] };
  const [stockedOut, overQuota, silent] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const poolStatuses = new Map<string, string>();
  let operations = 0;
  let nextFailure: string | null = null;
  let endpoint = 'gke-1.test';

  function settle(): void {
    const now = clock.now();
    clusters = clusters.filter(({ deletedAt }) => deletedAt === null || now - deletedAt < deleteMs);
    // GKE deletes by itself what it could not create.
    clusters = clusters.filter(({ failure, endsAt }) => failure === null || now - endsAt < 3_600_000);
  }

  function statusOf(cluster: Cluster): string {
    if (cluster.deletedAt !== null) return 'STOPPING';
    if (cluster.status !== null) return cluster.status;
    if (clock.now() < cluster.endsAt) return 'PROVISIONING';
    return cluster.failure === null ? 'RUNNING' : 'ERROR';
  }

  function resource(cluster: Cluster): Readonly<Record<string, unknown>> {
    const { body, zone, createdAt, failure } = cluster;
    const status = statusOf(cluster);
    const pools = (body.nodePools as NodePool[] | undefined) ?? [];
    return {
      // The request's enums are numbers, an answer's are names: what has enums is left out.
      ...{ name: body.name, resourceLabels: body.resourceLabels, network: body.network },
      selfLink: `https://container.googleapis.com/v1/projects/p/zones/${zone}/clusters/${body.name}`,
      zone,
      location: zone,
      status,
      createTime: new Date(createdAt).toISOString(),
      currentMasterVersion: '1.35.1-gke.100',
      currentNodeVersion: '1.35.1-gke.100',
      currentNodeCount: 1,
      endpoint: '10.0.0.2',
      nodePools: pools.map(({ name, initialNodeCount, config = {} }) => ({
        ...{ name, initialNodeCount },
        status: poolStatuses.get(name) ?? (status === 'RUNNING' ? 'RUNNING' : 'PROVISIONING'),
        config: { machineType: config.machineType, spot: config.spot, serviceAccount: config.serviceAccount },
      })),
      controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: cluster.endpoint } },
      ...(status === 'ERROR' && failure !== null
        ? {
            conditions: [{ code: failure.code === 8 ? 'GCE_STOCKOUT' : 'UNKNOWN', message: failure.message }],
          }
        : {}),
    };
  }

  function operation(
    name: string,
    type: string,
    zone: string,
    target: string,
    error: Cluster['failure'],
    isDone: boolean,
  ) {
    return {
      name,
      zone,
      operationType: type,
      status: isDone ? 'DONE' : 'RUNNING',
      selfLink: `https://container.googleapis.com/v1/projects/1/zones/${zone}/operations/${name}`,
      targetLink: `https://container.googleapis.com/v1/projects/1/zones/${zone}/clusters/${target}`,
      startTime: new Date(clock.now()).toISOString(),
      ...(isDone && error !== null && { error, statusMessage: error.message }),
    };
  }

  function create(zone: string, { body }: Asked): Answer {
    const { cluster } = JSON.parse(body.toString());
    if (overQuota.has(zone)) return googleError(403, QUOTA);
    if (clusters.some((each) => each.zone === zone && each.body.name === cluster.name))
      return googleError(409, `Already exists: projects/p/zones/${zone}/clusters/${cluster.name}.`);
    operations += 1;
    const hangs = stockedOut.has(zone);
    const created: Cluster = {
      ...{ zone, body: cluster, createdAt: clock.now(), deletedAt: null, status: null, endpoint },
      operation: `operation-${operations}`,
      endsAt: clock.now() + (hangs ? STOCK_OUT_MS : createMs),
      failure: hangs ? { code: 8, message: STOCK_OUT } : failureOf(nextFailure),
    };
    nextFailure = null;
    clusters.push(created);
    return json(200, operation(created.operation, 'CREATE_CLUSTER', zone, cluster.name, null, false));
  }

  function failureOf(message: string | null): Cluster['failure'] {
    return message === null ? null : { code: 13, message };
  }

  function remove(cluster: Cluster): Answer {
    const { zone, body } = cluster;
    if (clock.now() < cluster.endsAt || cluster.deletedAt !== null) {
      const message = `Cluster is running incompatible operation ${cluster.operation}.`;
      return googleError(400, message, 'FAILED_PRECONDITION');
    }
    cluster.deletedAt = clock.now();
    operations += 1;
    return json(200, operation(`operation-${operations}`, 'DELETE_CLUSTER', zone, body.name, null, false));
  }

  function answer(asked: Asked): Answer {
    settle();
    if (!isLetIn(token, asked.headers.authorization)) return googleError(401, 'invalid credentials');
    const path = asked.url.pathname;
    if (/^\/compute\/v1\/projects\/[^/]+$/.test(path))
      return json(200, { kind: 'compute#project', quotas: PROJECT_QUOTAS });
    const compute = /^\/compute\/v1\/projects\/[^/]+\/(.+)$/.exec(path);
    if (compute !== null) return computeAnswer(compute[1] ?? '', asked);
    const found =
      /^\/v1\/projects\/[^/]+\/(?:locations|zones)\/([^/]+)\/(clusters|operations)(?:\/([^/]+))?$/.exec(path);
    if (found === null) return googleError(404, `no such path: ${path}`);
    const [, zone = '', kind, name] = found;
    if (kind === 'operations') {
      const of = [...clusters, ...takenAway].find((each) => each.operation === name);
      if (of === undefined) return googleError(404, `operation ${name} not found`);
      const isDone = clock.now() >= of.endsAt;
      return json(200, operation(of.operation, 'CREATE_CLUSTER', zone, of.body.name, of.failure, isDone));
    }
    if (name === undefined && asked.method === 'POST') return create(zone, asked);
    if (name === undefined) {
      const seen = clusters.filter((each) => (zone === '-' || each.zone === zone) && !silent.has(each.zone));
      return json(200, {
        clusters: seen.map(resource),
        ...(silent.size > 0 && { missingZones: [...silent] }),
      });
    }
    const cluster = clusters.find((each) => each.zone === zone && each.body.name === name);
    if (cluster === undefined)
      return googleError(404, `Not found: projects/p/zones/${zone}/clusters/${name}.`);
    return asked.method === 'DELETE' ? remove(cluster) : json(200, resource(cluster));
  }

  function computeAnswer(path: string, { method, url }: Asked): Answer {
    if (/^regions\/[^/]+$/.test(path)) return json(200, { kind: 'compute#region', quotas: QUOTAS });
    const one = /^zones\/([^/]+)\/disks\/([^/]+)$/.exec(path);
    if (one !== null && method === 'DELETE') {
      const disk = left.disks.find(({ zone, name }) => zone === one[1] && name === one[2]);
      if (disk === undefined) return googleError(404);
      if (disk.users.length > 0)
        return googleError(400, `The disk resource '${disk.name}' is already being used`);
      left.disks = left.disks.filter((each) => each !== disk);
      operations += 1;
      return json(200, diskOperation(disk.zone, `operation-${operations}`, 'RUNNING'));
    }
    // What is asked for is done at once, and told at the first look.
    const [, zone, name] = /^zones\/([^/]+)\/operations\/([^/]+?)(?:\/wait)?$/.exec(path) ?? [];
    if (zone !== undefined && name !== undefined) return json(200, diskOperation(zone, name, 'DONE'));
    const kind = path === 'aggregated/disks' ? 'disks' : path === 'aggregated/instances' ? 'instances' : null;
    if (kind === null) return googleError(404);
    const [, label = '', value] = /^labels\.([a-z]+)=(.+)$/.exec(url.searchParams.get('filter') ?? '') ?? [];
    const items: Record<string, unknown> = { 'zones/empty-1': { warning: { code: 'NO_RESULTS_ON_PAGE' } } };
    for (const { name, zone, labels, users } of left[kind].filter(({ labels }) => labels[label] === value)) {
      const selfLink = `https://www.googleapis.com/compute/v1/projects/p/zones/${zone}/${kind}/${name}`;
      items[`zones/${zone}`] = { [kind]: [{ name, selfLink, labels, ...(users.length > 0 && { users }) }] };
    }
    return json(200, { kind: 'compute#aggregatedList', items });
  }

  const server = await startServer({ clock, answer, failure: (status) => googleError(status) });
  return Object.assign(server, {
    url: `http://${server.host}`,
    stockedOut,
    overQuota,
    silent,
    clusters: () => {
      settle();
      return clusters.map(({ zone, body }) => `${zone}/${body.name}`);
    },
    setEndpoint: (next: string) => {
      endpoint = next;
    },
    failNextCreation: (message: string) => {
      nextFailure = message;
    },
    setStatus: (name: string, status: string) => {
      for (const cluster of clusters) if (cluster.body.name === name) cluster.status = status;
    },
    takeAway: (name: string) => {
      takenAway.push(...clusters.filter(({ body }) => body.name === name));
      clusters = clusters.filter(({ body }) => body.name !== name);
    },
    setPoolStatus: (pool: string, status: string) => void poolStatuses.set(pool, status),
    leave: (kind: 'disks' | 'instances', disk: Disk) => void left[kind].push(disk),
  });
}

function diskOperation(zone: string, name: string, status: 'RUNNING' | 'DONE') {
  const at = `https://www.googleapis.com/compute/v1/projects/p/zones/${zone}`;
  return {
    ...{ kind: 'compute#operation', operationType: 'delete', name, status },
    ...{ zone: at, selfLink: `${at}/operations/${name}` },
  };
}
