import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { GoogleAuth } from 'google-auth-library';
import { createHelmInstall } from '../../services/control/adapters/gcp/helm.ts';
import type { CloudConfig } from '../../services/control/cloud-config.ts';
import { cloudPolicy } from '../../services/control/cloud-policy.ts';
import { cloudSettings, tagOf } from '../../services/control/cloud-settings.ts';
import { composeCloudPorts } from '../../services/control/compose-cloud.ts';
import { parseConfig } from '../../services/control/config.ts';
import { framesOf } from '../../services/control/core/frames.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { createReconciler } from '../../services/control/reconcile/reconcile.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { type LiteManager, startLite, type TestWorker } from '../flamenco-lite/lite-manager.ts';
import { startGke } from '../gcp/gke/stand-in.ts';
import { signedIn } from '../gcp/gke-world.ts';
import { createCluster } from '../gcp/kube/cluster.ts';
import { startKube } from '../gcp/kube/stand-in.ts';
import { NAMESPACE, startManagerPod } from '../gcp/kube-world.ts';
import { finalizeMessage, startPush } from '../gcp/pubsub.ts';
import { startScheduler } from '../gcp/scheduler-stand-in.ts';
import { startStorage } from '../gcp/storage/stand-in.ts';
import { makeApp } from '../http/app-for-tests.ts';
import { MINUTE, SAMPLE } from '../reconcile/world.ts';
import { installTools, toolsAbsent } from '../tools/tools.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const JOB_TYPE = readFileSync(join(ROOT, 'services/blender-kit/tablao_render.js'), 'utf8');
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
);
export const FRAMES = 24;

/** As a deployment sets them. */
const DEPLOYED = {
  ...CLOUD_ENV,
  BLENDERS: '4.5.3',
  CHECK_FIRST: 'never',
  HELM: toolsAbsent === false ? installTools().helm : 'helm',
};
const CONFIG = cloudConfig(DEPLOYED);
const { scenes: SCENES, renders: RENDERS, state: STATE } = CONFIG.buckets;
export const { deadman: DEADMAN_JOB } = CONFIG.jobs;
export const [FIRST_ZONE = ''] = CONFIG.zones;

function cloudConfig(env: Readonly<Record<string, string>>): CloudConfig {
  const config = parseConfig(env, []);
  if (config.mode !== 'cloud') throw new Error('PROJECT is not set');
  return config;
}

interface Command {
  readonly name: string;
  readonly parameters: { readonly args: readonly string[] };
}

/** What a worker has in hand. */
interface Task {
  readonly uuid: string;
  readonly commands: readonly Command[];
}

interface Options {
  /** Helm, or what stands for it. */
  readonly helm?: string;
  /** Is called with each step of time, once it has gone by. */
  readonly onStep?: (world: LoopWorld) => void | Promise<void>;
}

export type LoopWorld = Awaited<ReturnType<typeof startLoopWorld>>;

/**
 * The whole loop on the cloud's adapters, with a clock that runs as fast as it can: real clients, the real Helm and our
 * chart on stand-ins for Cloud Storage, Pub/Sub, GKE, Kubernetes and Cloud Scheduler, flamenco-lite as the manager behind
 * the service proxy. Only Blender is played.
 */
export async function startLoopWorld(t: TestContext, { helm, onStep = () => {} }: Options = {}) {
  const clock = new FakeClock();
  const cluster = createCluster({ clock });
  const newLite = async () => {
    const started = await startLite(t, { scripts: { 'tablao_render.js': JOB_TYPE } });
    started.advance(clock.now() - Date.parse('2026-11-01T12:00:00Z'));
    return started;
  };
  let lite: LiteManager = await newLite();
  let managerUrl: string | null = null;
  let managers = 0;
  let isTokenGood = true;
  const token = () => isTokenGood;
  const kube = await startKube({ clock, cluster, token, upstream: () => managerUrl });
  const gke = await startGke({ clock, token });
  gke.setEndpoint(kube.host);
  const storage = await startStorage({ clock, token, buckets: Object.values(CONFIG.buckets) });
  for (const server of [kube, gke, storage]) t.after(() => server.close());
  const jobs = [{ name: DEADMAN_JOB, state: 'PAUSED' }, { name: CONFIG.jobs.tick }];
  const scheduler = await startScheduler(t, jobs, { clock, token });
  const apis = [storage, gke, kube, scheduler];
  const rest = (port: number) => ({
    ...{ apiEndpoint: '127.0.0.1', port, protocol: 'http' as const },
    authClient: signedIn(),
  });
  const warnings: string[] = [];
  let config = CONFIG;
  let settings = cloudSettings(config);
  const compose = () =>
    composeCloudPorts(
      { ...settings, helm: { ...settings.helm, ...(helm !== undefined && { program: helm }) } },
      { warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`) },
      {
        google: {
          auth: async () => new GoogleAuth({ authClient: signedIn() }),
          token: async () => 'google-token',
        },
        storage: { apiEndpoint: storage.url, authClient: signedIn(), useAuthWithCustomEndpoint: true },
        ...{ container: rest(gke.port), scheduler: rest(scheduler.port) },
        ...{ compute: gke.url, serverOf: (endpoint: string) => `http://${endpoint}`, clock, writeGapMs: 0 },
      },
    );
  const { ports, ticker } = compose();
  const { app } = makeApp(t, { records: ports.records, ticker });
  const push = startPush(t, {
    endpoint: `${await app.listen({ host: '127.0.0.1', port: 0 })}/events/storage`,
    token: null,
  });

  const workers = new Map<string, TestWorker>();
  const tasks = new Map<string, Task>();
  /** What happens outside the service while time goes by. */
  async function advance(ms: number): Promise<void> {
    clock.advance(ms);
    lite.advance(ms);
    lite.tick();
    const isInstalled = cluster.get('deployments', NAMESPACE, 'tablao-manager') !== undefined;
    if (isInstalled && managerUrl === null) {
      managers += 1;
      startManagerPod(cluster, `tablao-manager-${managers}`, true);
      managerUrl = lite.url;
    }
    for (const pod of cluster.all('pods', NAMESPACE)) {
      const name = pod.metadata.labels?.['batch.kubernetes.io/job-name'];
      if (name === undefined || pod.status?.phase !== 'Running' || workers.has(name)) continue;
      const worker = await lite.addWorker(name);
      await lite.call('POST', `worker-mgt/workers/${worker.id}/settags`, { tag_ids: [tagOf('cpu')] });
      workers.set(name, worker);
    }
    // Another manager knows nothing of it: the liveness probe ends it.
    for (const [name, worker] of workers)
      await work(name, worker).catch(() => lose(name, () => cluster.end(name, 1)));
    await onStep(world);
  }

  /** A task takes two steps: it is taken in one and done in the next. */
  async function work(name: string, worker: TestWorker): Promise<void> {
    const task = tasks.get(name);
    if (task !== undefined) {
      tasks.delete(name);
      for (const command of task.commands) renderedBy(command, name);
      await worker.report(task.uuid, { taskStatus: 'completed', activity: 'done' });
      return;
    }
    const { status, body } = await worker.take();
    if (status === 200) tasks.set(name, body);
    if (status === 423 && body.status_requested === 'offline') {
      await worker.call('POST', 'sign-off');
      cluster.end(name, 0);
      workers.delete(name);
    }
    if (status === 423 && body.status_requested === 'awake')
      await worker.call('POST', 'state-changed', { status: 'awake' });
  }

  function lose(name: string, how: () => void): void {
    how();
    workers.delete(name);
    tasks.delete(name);
  }

  /** What Blender and our kit would have written: the kit's arguments end with its settings, the folder and the frames. */
  function renderedBy({ name, parameters }: Command, worker: string): void {
    if (name !== 'blender-render' || !parameters.args.includes('{tablao-kit}/render.py')) return;
    const [settings = '', place = '', frames = ''] = parameters.args.slice(-3);
    const { run, name: pattern, extension } = JSON.parse(Buffer.from(settings, 'base64').toString());
    const folder = place.replace('/tablao/renders/', '');
    for (const frame of framesOf(frames)) {
      const number = String(frame).padStart(4, '0');
      storage.put(RENDERS, `${folder}/${pattern.replace('####', number)}${extension}`, PNG);
      const record = { schema: 1, frame, run, state: 'done', attempt: 1, worker, seconds: 5 };
      storage.put(RENDERS, `${folder}/records/${number}.json`, JSON.stringify(record));
    }
  }

  const actions: string[] = [];
  const start = () =>
    createReconciler({
      // As a new process: with clients, memories and connections of its own.
      ...{
        ports: compose().ports,
        policy: cloudPolicy(config),
        holder: `process ${actions.length} ${clock.now()}`,
      },
      ...{ intakeSince: 0, wait: advance },
      log: {
        debug: () => {},
        info: ({ results }) => {
          for (const { kind } of results as readonly { kind: string }[]) actions.push(kind);
        },
        warn: (fields, message) => void warnings.push(`${message} ${String(fields.err)}`),
      },
    });
  const readState = <T>(name: string): T | null => {
    const object = storage.find(STATE, name);
    return object === null ? null : (JSON.parse(object.bytes.toString()) as T);
  };
  const runs = () =>
    storage
      .names(STATE)
      .filter((name) => name.startsWith('runs/'))
      .flatMap((name) => readState<RunRecord>(name) ?? []);

  let reconciler: ReturnType<typeof start> | null = null;
  /** Each tick takes most of its minute; every third one is another process, as Cloud Run stops what has nothing to do. */
  async function tickUntil(what: string, isSo: () => boolean, minutes = 120): Promise<void> {
    const startedAt = clock.now();
    for (let minute = 0; minute < minutes; minute += 1) {
      if (isSo()) return;
      reconciler ??= start();
      await reconciler.runTick('tick').catch((error: unknown) => {
        warnings.push(`tick failed ${String(error)}`);
      });
      await advance(Math.max(10_000, (minute + 1) * MINUTE - (clock.now() - startedAt)));
      if (minute % 3 === 2) reconciler = null;
    }
    for (const server of apis) server.mend();
    const state = JSON.stringify([
      runs().map(({ state: is, reason }) => [is, reason]),
      await ports.farm.look().catch(String),
      gke.clusters(),
    ]);
    assert.fail(`${what} does not come: ${state}\n${warnings.slice(-20).join('\n')}`);
  }
  const count = (kind: string) => actions.filter((each) => each === kind).length;
  const framesThere = () =>
    Array.from({ length: FRAMES }, (_, index) => index + 1).filter(
      (frame) =>
        storage.find(RENDERS, `film/shot/v001/tablao_${String(frame).padStart(4, '0')}.png`) !== null,
    ).length;
  const world = {
    ...{ clock, cluster, gke, kube, storage, scheduler, push, apis, ports, runs, actions, count, warnings },
    ...{ tickUntil, framesThere, shot: () => storage.find(SCENES, 'film/shot.blend') },
    status: () => readState<StatusDocument>('status.json'),
    /** An upload as it is told by the bucket's notification. */
    upload: async (path = 'film/shot.blend') => {
      push.publish(finalizeMessage(storage.put(SCENES, path, SAMPLE)));
      await push.settled();
    },
    /** Workers that have a task in hand. */
    busy: () => [...tasks.keys()],
    /** A worker's machine is taken away in mid-frame, with or without the word that lets it sign off. */
    preempt: async (name: string, how: 'disrupted' | 'gone') => {
      if (how === 'disrupted') await workers.get(name)?.call('POST', 'sign-off');
      lose(name, () => cluster.preempt(name, how));
    },
    runOutOfMemory: (name: string) => lose(name, () => cluster.outOfMemory(name)),
    /** The manager's machine breaks: another pod comes, whose memory is empty. */
    loseManager: async () => {
      for (const pod of cluster.all('pods', NAMESPACE))
        if (pod.metadata.name.startsWith('tablao-manager')) cluster.remove('pods', pod);
      managerUrl = null;
      await lite.stop();
      lite = await newLite();
    },
    /** A deployment with other values for the chart, by a Helm that is killed after so long. */
    upgradeChart: (timeoutMs: number) =>
      createHelmInstall({
        ...{ ...settings.helm, release: NAMESPACE, namespace: NAMESPACE, timeoutMs },
        values: { ...settings.helm.values, manager: { name: 'Another' } },
        ...{ token: async () => 'google-token', serverOf: () => kube.url },
      })({ name: '', zone: '', state: 'up', createdAt: 0, endpoint: '', message: '' }),
    /** The process is gone: what it would have done next is never asked for, and another one begins. */
    newProcess: () => {
      reconciler = null;
    },
    /** Another version of the service: from now on each process has these settings besides. */
    deploy: (env: Readonly<Record<string, string>>) => {
      config = cloudConfig({ ...DEPLOYED, ...env });
      settings = cloudSettings(config);
      reconciler = null;
    },
    /** Whether Google takes our token. */
    setTokenGood: (isGood: boolean) => {
      isTokenGood = isGood;
    },
    /** Ticks until the run has ended so. */
    untilRun: (state: RunRecord['state']) =>
      tickUntil(
        `a run that is ${state}`,
        () => runs().length > 0 && runs().every((run) => run.state === state),
      ),
    /** Ticks until no cluster is left. */
    untilGone: async () => {
      await tickUntil('the end of the farm', () => gke.clusters().length === 0);
      await tickUntil('its proof', () => readState<StatusDocument>('status.json')?.leftovers?.length === 0);
    },
  };
  return world;
}
