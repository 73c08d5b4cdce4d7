import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { startGke } from '../gcp/gke/stand-in.ts';
import { startIssuer } from '../gcp/issuer.ts';
import { createCluster } from '../gcp/kube/cluster.ts';
import { startKube } from '../gcp/kube/stand-in.ts';
import { startMetadata } from '../gcp/metadata.ts';
import { finalizeMessage, startPush } from '../gcp/pubsub.ts';
import { createCalls } from '../gcp/scheduler-calls.ts';
import { startScheduler } from '../gcp/scheduler-stand-in.ts';
import { startStorage } from '../gcp/storage/stand-in.ts';
import { installTools } from '../tools/tools.ts';
import { mountBucket } from './bucket-mount.ts';
import { freePort } from './free-port.ts';
import { startKubelet } from './kubelet.ts';
import { startServiceProcess } from './service-process.ts';

const PROJECT = 'studio-1';
const REGION = 'europe-west1';
const AUDIENCE = 'https://tablao-control-1.europe-west1.run.app';
const account = (name: string) => `${name}@${PROJECT}.iam.gserviceaccount.com`;
const ACCOUNTS = { tick: account('tick'), events: account('events'), deadman: account('deadman') };
const jobName = (name: string) => `projects/${PROJECT}/locations/${REGION}/jobs/${name}`;
const TICK_JOB = jobName('tablao-tick');
export const DEADMAN_JOB = jobName('tablao-deadman');
export const BUCKETS = { scenes: 'studio-1-scenes', renders: 'studio-1-renders', state: 'studio-1-state' };
const BLENDER = { path: '/usr/bin/blender', version: '3.4.1' };

/** The clock as in life, for stand-ins that want to be told how time goes by. */
const clock = {
  now: () => Date.now(),
  listeners: [] as (() => void)[],
  listen: (listener: () => void) => void clock.listeners.push(listener),
};

const GCLOUD_LIMITS = { maxBuffer: 2 ** 26, timeout: 300_000 };
/** A machine with two busy cores needs long for what takes a moment elsewhere. */
const PATIENCE_SECONDS = 600;

interface Options {
  /** More variables of the service. */
  readonly env?: Readonly<Record<string, string>>;
  readonly createMs?: number;
  readonly bootMs?: number;
  readonly speed?: number;
  /** So long Google's access tokens are good. */
  readonly tokenSeconds?: number;
}

export type Cloud = Awaited<ReturnType<typeof startCloud>>;

/**
 * Google Cloud on this machine with the clock as in life, only that machines come within seconds: stand-ins for Cloud
 * Storage (with its notifications, pushed by Pub/Sub), GKE, Kubernetes, Cloud Scheduler and the metadata server; pods that
 * are real processes with the buckets mounted; and the service, a process that they call.
 */
export async function startCloud(test: { after(fn: () => unknown): void }, options: Options = {}) {
  const t = lastFirst(test);
  const { env = {}, createMs = 4000, bootMs = 2000, speed = 10, tokenSeconds = 3599 } = options;
  const dir = mkdtempSync(join(tmpdir(), 'tablao-cloud-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 10 }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const issuer = await startIssuer(t);
  const metadata = await startMetadata({ lifeSeconds: tokenSeconds });
  t.after(() => metadata.close());
  const isGoogleToken = (header: string | undefined) =>
    metadata.isGood(header) || header === 'Bearer of-gcloud';
  const push = startPush(t, {
    endpoint: `${url}/events/storage`,
    token: () => issuer.signed(ACCOUNTS.events, AUDIENCE),
  });
  const storage = await startStorage({
    buckets: Object.values(BUCKETS),
    token: isGoogleToken,
    onFinalized: (object) => {
      if (object.bucket === BUCKETS.scenes) push.publish(finalizeMessage(object));
    },
  });
  t.after(() => storage.close());
  const gke = await startGke({
    ...{ clock, createMs, deleteMs: createMs },
    token: (header) => isGoogleToken(header) || header === `Bearer ${ACCOUNTS.deadman}`,
  });
  t.after(() => gke.close());

  const every = setInterval(() => {
    for (const listener of clock.listeners) listener();
  }, 100);
  t.after(() => clearInterval(every));
  const cluster = createCluster({ clock, bootMs, endMs: null });
  const mounts = {
    scenes: await mountBucket(t, { storageUrl: storage.url, bucket: BUCKETS.scenes, dir, isReadOnly: true }),
    renders: await mountBucket(t, {
      storageUrl: storage.url,
      bucket: BUCKETS.renders,
      dir,
      isReadOnly: false,
    }),
  };
  const kubelet = startKubelet(t, { cluster, dir: join(dir, 'pods'), mounts, blender: BLENDER, speed });
  const kube = await startKube({ clock, cluster, token: isGoogleToken, upstream: kubelet.managerUrl });
  t.after(() => kube.close());
  gke.setEndpoint(kube.host);
  // With a cluster its machines go, and all that stood on them.
  let hadCluster = false;
  clock.listen(() => {
    const hasCluster = gke.clusters().length > 0;
    if (hadCluster && !hasCluster) {
      cluster.clear();
      void kubelet.shutDown();
    }
    hadCluster = hasCluster;
  });

  const oidcToken = { serviceAccountEmail: ACCOUNTS.tick, audience: AUDIENCE };
  const scheduler = await startScheduler(
    t,
    [
      { name: TICK_JOB, schedule: '* * * * *', httpTarget: { uri: `${url}/tick`, oidcToken } },
      { name: DEADMAN_JOB, schedule: '0 0 1 1 *', state: 'PAUSED' },
    ],
    {
      token: isGoogleToken,
      call: createCalls({
        ...{ oidc: issuer.signed, oauth: (email: string) => email },
        hosts: { 'container.googleapis.com': gke.url },
      }),
    },
  );
  let minute = Math.floor(Date.now() / 60_000);
  clock.listen(() => {
    const now = Math.floor(Date.now() / 60_000);
    if (now !== minute) scheduler.fireDue(Date.now());
    minute = now;
  });

  const service = await startServiceProcess(t, {
    ...{ port, dir, metadataHost: metadata.host },
    places: {
      ...{ storage: storage.url, gke: gke.url, gkePort: gke.port },
      ...{ schedulerPort: scheduler.port, issuer: `http://${issuer.server.host}` },
    },
    env: { ...variables(), ...env },
  });

  const tokenFile = join(dir, 'gcloud-token');
  writeFileSync(tokenFile, 'of-gcloud');
  const gcloudEnv = {
    ...{ ...process.env, CLOUDSDK_CONFIG: join(dir, 'gcloud'), CLOUDSDK_CORE_PROJECT: PROJECT },
    ...{ CLOUDSDK_CORE_DISABLE_PROMPTS: '1', CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1' },
    ...{ CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1', CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: tokenFile },
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${storage.url}/storage/v1/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${gke.url}/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER: `http://${scheduler.host}/`,
  };
  /** Google's own program on these stand-ins: what it printed. */
  const gcloud = async (...args: string[]) =>
    (await promisify(execFile)('gcloud', args, { env: gcloudEnv, encoding: 'buffer', ...GCLOUD_LIMITS }))
      .stdout;

  const read = <T>(name: string): T | null => {
    const object = storage.find(BUCKETS.state, name);
    return object === null ? null : (JSON.parse(object.bytes.toString()) as T);
  };
  return {
    ...{ url, dir, storage, gke, kube, cluster, scheduler, metadata, issuer, push, kubelet, service, gcloud },
    gcloudJson: async (...args: string[]) => JSON.parse(String(await gcloud(...args, '--format=json'))),
    /** Uploads to the scenes bucket. */
    put: async (name: string, content: string | Buffer) => {
      const query = `uploadType=media&name=${encodeURIComponent(name)}`;
      const answer = await fetch(`${storage.url}/upload/storage/v1/b/${BUCKETS.scenes}/o?${query}`, {
        ...{ method: 'POST', body: new Uint8Array(Buffer.from(content as string)) },
        headers: { authorization: 'Bearer of-gcloud' },
      });
      if (!answer.ok) throw new Error(`the upload of ${name}: ${answer.status}`);
    },
    status: () => read<StatusDocument>('status.json'),
    runs: () =>
      storage
        .names(BUCKETS.state)
        .filter((name) => name.startsWith('runs/'))
        .flatMap((name) => read<RunRecord>(name) ?? []),
    frames: (folder: string) =>
      storage.names(BUCKETS.renders).filter((name) => name.startsWith(folder) && /_\d+\.png$/.test(name)),
  };
}

/** What was begun last is ended first: a folder in which a bucket is mounted cannot be removed. */
function lastFirst(test: { after(fn: () => unknown): void }): { after(fn: () => unknown): void } {
  const ends: (() => unknown)[] = [];
  test.after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return { after: (end) => void ends.push(end) };
}

/** As the deployment sets them; only waits are shorter. */
function variables(): Readonly<Record<string, string>> {
  const [pool] = [{ name: 'cpu', machineType: 'c3d-standard-4', vcpu: 4, memoryGiB: 16 }];
  return {
    ...{ PROJECT, REGION, ROLE: 'control', ZONES: `${REGION}-b,${REGION}-c` },
    ...{ SCENES_BUCKET: BUCKETS.scenes, RENDERS_BUCKET: BUCKETS.renders, STATE_BUCKET: BUCKETS.state },
    POOLS: JSON.stringify([
      { ...pool, device: 'cpu', spotPricePerHour: 0.05, onDemandPricePerHour: 0.2, max: 2 },
    ]),
    PRICES_DATE: new Date().toISOString().slice(0, 10),
    ...{
      MANAGER_IMAGE: 'images.test/manager:1',
      WORKER_IMAGE: 'images.test/worker:1',
      BLENDERS: BLENDER.version,
    },
    ...{ NODE_SERVICE_ACCOUNT: account('nodes'), DEADMAN_SERVICE_ACCOUNT: ACCOUNTS.deadman },
    ...{ TICK_SERVICE_ACCOUNT: ACCOUNTS.tick, EVENTS_SERVICE_ACCOUNT: ACCOUNTS.events },
    ...{ HELM: installTools().helm, AUTH_MODE: 'public', AUTH_AUDIENCE: AUDIENCE, KNOWN_HOSTS: '127.0.0.1' },
    ...{ SETTLE_SECONDS: '1', IDLE_TEARDOWN_SECONDS: '5' },
  };
}

/** Why Google's program cannot be asked here; `false` = it can. */
export const gcloudAbsent =
  spawnSync('gcloud', ['version']).error === undefined ? false : 'gcloud is not on this machine';

export async function until<T>(
  what: string,
  ask: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  explain: () => unknown,
  seconds = PATIENCE_SECONDS,
): Promise<T> {
  const endsAt = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false && answer !== null) return answer;
    if (Date.now() > endsAt) throw new Error(`${what} did not come within ${seconds} s: ${explain()}`);
    await delay(100);
  }
}
