import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../fakes/fake-clock.ts';
import { startGke } from '../gcp/gke/stand-in.ts';
import { googleError } from '../gcp/google-error.ts';
import { startScheduler } from '../gcp/scheduler-stand-in.ts';
import { type Answer, type Asked, json, startServer } from '../gcp/server.ts';
import { startStorage } from '../gcp/storage/stand-in.ts';

export const PROJECT = 'film-farm';
export const REGION = 'europe-west1';
export const NUMBER = '123456789';

const USUAL_POOL = {
  ...{ name: 'cpu', machineType: 'c3d-standard-16', vcpu: 16, memoryGiB: 64, max: 10 },
  ...{ spotPricePerHour: 0.29, onDemandPricePerHour: 0.73 },
};

/** What is there already. */
interface Standing {
  readonly buckets?: readonly string[];
  readonly jobs?: Parameters<typeof startScheduler>[1];
}

type Test = { after(fn: () => unknown): void };

/**
 * What gcloud, Terraform's state and our scripts need of Google, on 127.0.0.1: the stand-ins for Cloud Storage, GKE and Cloud
 * Scheduler, and plain answers for the rest. `env` makes the real gcloud talk to them and to nobody else.
 */
export async function googleWorld(t: Test, { buckets = [], jobs = [] }: Standing = {}) {
  const clock = new FakeClock();
  const storage = await startStorage({ buckets });
  t.after(() => storage.close());
  const gke = await startGke({ clock });
  t.after(() => gke.close());
  const scheduler = await startScheduler(t, jobs);
  const services = new Set<string>();
  const quotas: Record<string, number> = {
    CPUS: 24,
    C3D_CPUS: 24,
    CPUS_ALL_REGIONS: 32,
    SSD_TOTAL_GB: 500,
    INSTANCES: 24,
    PREEMPTIBLE_CPUS: 0,
  };
  const controlEnv: Record<string, string> = { POOLS: JSON.stringify([USUAL_POOL]) };
  const standIns = new Set([storage.host, gke.host, scheduler.host]);
  const versioned = new Set<string>();
  const project = await startServer({
    clock: { now: () => Date.now() },
    answer: (asked) =>
      standIns.has(asked.url.host)
        ? filledUp(asked, versioned)
        : projectAnswer(asked, { services, controlEnv, quotas, compute: gke.url, storage: storage.url }),
    failure: (status) => googleError(status),
  });
  t.after(() => project.close());
  const dir = mkdtempSync(join(tmpdir(), 'tablao-google-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'terraform'));
  const env = {
    ...withoutCloud(process.env),
    CLOUDSDK_CONFIG: join(dir, 'gcloud'),
    CLOUDSDK_CORE_ACCOUNT: 'anna@film.example',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: '1',
    ...overrides(`http://${project.host}`),
    CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `http://${project.host}/compute/v1/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${storage.url}/storage/v1/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${gke.url}/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER: `http://${scheduler.host}/`,
    // gcloud puts the region before the host of Cloud Run: as a plain proxy we get it all the same (and all the others').
    CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: 'http://run.test/',
    CLOUDSDK_PROXY_TYPE: 'http_no_tunnel',
    CLOUDSDK_PROXY_ADDRESS: '127.0.0.1',
    CLOUDSDK_PROXY_PORT: String(project.port),
    // Terraform's state.
    GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT: `http://${project.host}/storage/v1/`,
    GOOGLE_OAUTH_ACCESS_TOKEN: 'a-token',
    TF_DATA_DIR: join(dir, 'terraform'),
    CHECKPOINT_DISABLE: '1',
  };
  /** Time at Google's goes on by itself: a minute each tenth of a second. */
  const goOn = () => {
    const timer = setInterval(() => clock.advance(60_000), 100);
    t.after(() => clearInterval(timer));
  };
  /** A farm that is up. */
  const raise = async (name: string, zone: string) => {
    const cluster = { name, resourceLabels: { tablao: 'tablao' } };
    const at = `${gke.url}/v1/projects/${PROJECT}/locations/${zone}/clusters`;
    await fetch(at, { method: 'POST', body: JSON.stringify({ cluster }) });
    clock.advance(10 * 60_000);
  };
  return { clock, storage, gke, scheduler, project, services, controlEnv, quotas, env, goOn, raise };
}

/** Nothing of this machine's own settings for Google and Terraform. */
function withoutCloud(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isOurs = ([name]: readonly [string, unknown]) =>
    !/^(CLOUDSDK_|GOOGLE_|TF_|HTTPS?_PROXY$)/i.test(name);
  return Object.fromEntries(Object.entries(env).filter(isOurs));
}

const APIS = [
  'CLOUDRESOURCEMANAGER',
  'SERVICEUSAGE',
  'CLOUDBILLING',
  'IAM',
  'ARTIFACTREGISTRY',
  'CLOUDBUILD',
];

function overrides(url: string): Readonly<Record<string, string>> {
  return Object.fromEntries(APIS.map((api) => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`, `${url}/`]));
}

/** What the stand-ins do not know: the one for Cloud Storage forgets what it is told about a bucket. */
async function filledUp(asked: Asked, versioned: Set<string>): Promise<Answer> {
  // What gcloud looks at before it removes a bucket: ours have no folders but in the names of objects.
  const [, of] = /^\/storage\/v1\/b\/[^/]+\/(storageLayout|managedFolders)$/.exec(asked.url.pathname) ?? [];
  if (of !== undefined) return json(200, of === 'storageLayout' ? { hierarchicalNamespace: {} } : {});
  const answer = await passOn(asked, asked.url);
  // The stand-in for GKE knows no operations but creations.
  const operation = /\/operations\/([^/]+)$/.exec(asked.url.pathname)?.[1];
  if (operation !== undefined && answer.status === 404) return json(200, { name: operation, status: 'DONE' });
  const bucket = /^\/storage\/v1\/b\/([^/]+)$/.exec(asked.url.pathname)?.[1];
  if (bucket === undefined || answer.status !== 200) return answer;
  if (asked.method === 'PATCH' && JSON.parse(String(asked.body)).versioning?.enabled) versioned.add(bucket);
  const resource = JSON.parse(String(answer.body));
  return json(200, { ...resource, versioning: { enabled: versioned.has(bucket) } });
}

interface ProjectState {
  /** Cloud Run's services. */
  readonly services: Set<string>;
  /** Their variables. */
  readonly controlEnv: Readonly<Record<string, string>>;
  /** What is free of each. */
  readonly quotas: Readonly<Record<string, number>>;
  /** Who answers for disks and machines. */
  readonly compute: string;
  readonly storage: string;
}

async function projectAnswer(
  asked: Asked,
  { services, controlEnv, quotas, compute, storage }: ProjectState,
): Promise<Answer> {
  const { method, url, body } = asked;
  const path = url.pathname;
  const of = `/v1/projects/${PROJECT}`;
  if (path === of) return json(200, { projectId: PROJECT, projectNumber: NUMBER, lifecycleState: 'ACTIVE' });
  if (path === `${of}/billingInfo`)
    return json(200, { billingAccountName: 'billingAccounts/01AB23-45CD67-89EF01', billingEnabled: true });
  if (path === `${of}:getIamPolicy`) return json(200, policy());
  if (path.endsWith('services:batchEnable')) return json(200, { name: 'operations/x', done: true });
  const allQuotas = Object.entries(quotas).map(([metric, limit]) => ({ metric, limit, usage: 0 }));
  const isOfProject = ({ metric }: { metric: string }) => metric.endsWith('_ALL_REGIONS');
  if (path === `/compute/v1/projects/${PROJECT}`)
    return json(200, { name: PROJECT, quotas: allQuotas.filter(isOfProject) });
  if (path.endsWith(`/regions/${REGION}`))
    return json(200, { name: REGION, quotas: allQuotas.filter((quota) => !isOfProject(quota)) });
  if (/\/aggregated\/(disks|instances)$|\/zones\/[^/]+\/(disks|operations)\//.test(path))
    return passOn(asked, new URL(`${compute}${path}${url.search}`));
  if (path.endsWith('/aggregated/machineTypes')) return json(200, machineTypes());
  if (/^\/v1beta1\/projects\/[^/]+\/services\/[^/]+:generateServiceIdentity$/.test(path))
    return json(200, { name: 'operations/x', done: true, response: { email: 'agent@google.example' } });
  if (/^\/(upload\/)?storage\/v1\//.test(path))
    return passOn(asked, new URL(`${storage}${path}${url.search}`));
  // Google's Go client reads by the older XML API.
  const object = /^\/([^/]+-tablao-terraform)\/(.+)$/.exec(path);
  if (object !== null) {
    const [, bucket, name = ''] = object;
    return passOn(
      asked,
      new URL(`${storage}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`),
    );
  }
  const run = /^\/apis\/serving\.knative\.dev\/v1\/namespaces\/[^/]+\/services\/([^/]+)$/.exec(path);
  if (run !== null) return serviceAnswer(run[1] ?? '', method, services, controlEnv);
  return googleError(404, `no such path: ${method} ${url.href} ${body.toString().slice(0, 200)}`);
}

/** A proxy's work. */
async function passOn({ method, headers, body }: Asked, url: URL): Promise<Answer> {
  const own = Object.entries(headers).filter(
    ([name]) => !/^(host|connection|content-length|.*encoding|proxy.*)$/.test(name),
  );
  const answer = await fetch(url, {
    method,
    headers: Object.fromEntries(own) as Record<string, string>,
    ...(method !== 'GET' && method !== 'HEAD' && { body: new Uint8Array(body) }),
  });
  const back = [...answer.headers].filter(
    ([name]) => !/^(content-length|connection|transfer-encoding)$/.test(name),
  );
  return {
    status: answer.status,
    headers: Object.fromEntries(back),
    body: Buffer.from(await answer.arrayBuffer()),
  };
}

function serviceAnswer(
  name: string,
  method: string,
  services: Set<string>,
  variables: Readonly<Record<string, string>>,
): Answer {
  if (!services.has(name)) return googleError(404, `Resource '${name}' was not found`);
  if (method === 'DELETE') {
    services.delete(name);
    return json(200, { apiVersion: 'v1', kind: 'Status', status: 'Success' });
  }
  const env = Object.entries(variables).map(([key, value]) => ({ name: key, value }));
  return json(200, {
    ...{ apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name, namespace: PROJECT } },
    spec: { template: { spec: { containers: [{ env }] } } },
    ...{ status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  });
}

function machineTypes(): object {
  const zones = [`${REGION}-b`, `${REGION}-c`, `${REGION}-d`, 'us-central1-a'];
  const type = (zone: string, name: string) => ({
    ...{ name, zone, guestCpus: 16, memoryMb: 65_536 },
    selfLink: `https://compute.googleapis.com/compute/v1/projects/${PROJECT}/zones/${zone}/machineTypes/${name}`,
  });
  const offered = (zone: string) => (zone.endsWith('d') ? ['e2-medium'] : ['c3d-standard-16', 'e2-medium']);
  return {
    kind: 'compute#machineTypeAggregatedList',
    items: Object.fromEntries(
      zones.map((zone) => [`zones/${zone}`, { machineTypes: offered(zone).map((name) => type(zone, name)) }]),
    ),
  };
}

function policy(): object {
  const member = (name: string) => `serviceAccount:tablao-${name}@${PROJECT}.iam.gserviceaccount.com`;
  const role = (id: string) => `projects/${PROJECT}/roles/${id}`;
  return {
    etag: 'BwY=',
    bindings: [
      { role: role('tablaoControl'), members: [member('control')] },
      { role: role('tablaoPage'), members: [member('page')] },
      { role: role('tablaoDeadman'), members: [member('deadman')] },
      { role: 'roles/container.defaultNodeServiceAccount', members: [member('nodes')] },
      { role: 'roles/owner', members: ['user:anna@film.example'] },
    ],
  };
}
