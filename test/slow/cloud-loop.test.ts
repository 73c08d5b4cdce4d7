// The whole loop on the cloud's adapters: real clients, the real Helm and our chart on stand-ins for Cloud Storage, GKE,
// Kubernetes and Cloud Scheduler, flamenco-lite as the manager behind the service proxy. Only Blender is played.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { GoogleAuth } from 'google-auth-library';
import { composeCloudPorts } from '../../services/control/compose-cloud.ts';
import { framesOf } from '../../services/control/core/frames.ts';
import type { Policy } from '../../services/control/core/model.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import { createReconciler } from '../../services/control/reconcile/reconcile.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { startLite, type TestWorker } from '../flamenco-lite/lite-manager.ts';
import { startGke } from '../gcp/gke/stand-in.ts';
import { DEADMAN_JOB, SETTINGS, signedIn, ZONES } from '../gcp/gke-world.ts';
import { createCluster } from '../gcp/kube/cluster.ts';
import { startKube } from '../gcp/kube/stand-in.ts';
import { NAMESPACE, startManagerPod } from '../gcp/kube-world.ts';
import { startScheduler } from '../gcp/scheduler-stand-in.ts';
import { startStorage } from '../gcp/storage/stand-in.ts';
import { installTools, toolsAbsent } from '../tools/tools.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SAMPLE = readFileSync(join(ROOT, 'services/flamenco-lite/sample/tablao.blend'));
const JOB_TYPE = readFileSync(join(ROOT, 'services/blender-kit/tablao_render.js'), 'utf8');
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
);
const TAG = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const TICK_JOB = 'projects/p/locations/europe-west1/jobs/tablao-tick';
const MINUTE = 60_000;

const POLICY: Policy = {
  settleMs: 20_000,
  maxAtOnce: 3,
  missingFilesGraceMs: 24 * 60 * MINUTE,
  idleTeardownMs: 10 * MINUTE,
  keepControlPlane: false,
  listEveryMs: 15 * MINUTE,
  lookEveryMs: 5000,
  maxFarmMs: 24 * 60 * MINUTE,
  maxUnknownMs: 180 * MINUTE,
  droughtMs: 20 * MINUTE,
  pricesAt: null,
  checkFirst: 'never',
  allowSceneScripts: true,
  valueOfTimePerHour: 2,
  fixedPricePerHour: 0.2,
  monthlyBudgetDollars: null,
  budgetStop: 'drain',
  isIgnored: () => false,
  parseTime: Date.parse,
  hash: (text) => createHash('sha256').update(text).digest('hex'),
  blenders: [{ version: '4.5.3', hasDenoiser: true, devices: ['CPU'] }],
  pools: [
    {
      ...{ name: 'cpu', max: 4, pricePerHour: 0.2, tag: TAG, bootSeconds: 90, tailSeconds: 30 },
      ...{ hasGpu: false, memoryGiB: 52, isMemoryShared: false },
    },
  ],
  scenesRoot: '/tablao/scenes',
  rendersRoot: '/tablao/renders',
};

const TROUBLES = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429 },
  { kind: 'reset', acts: false },
  { kind: 'reset', acts: true },
] as const;

interface Command {
  readonly name: string;
  readonly parameters: { readonly args: readonly string[] };
}

async function world(t: TestContext) {
  const clock = new FakeClock();
  const cluster = createCluster({ clock });
  const lite = await startLite(t, { scripts: { 'tablao_render.js': JOB_TYPE } });
  lite.advance(clock.now() - Date.parse('2026-11-01T12:00:00Z'));
  let managerUrl: string | null = null;
  const kube = await startKube({ clock, cluster, token: null, upstream: () => managerUrl });
  const gke = await startGke({ clock });
  gke.setEndpoint(kube.host);
  const storage = await startStorage({ clock });
  for (const server of [kube, gke, storage]) t.after(() => server.close());
  const scheduler = await startScheduler(t, [{ name: DEADMAN_JOB, state: 'PAUSED' }, { name: TICK_JOB }]);
  const rest = (port: number) => ({
    ...{ apiEndpoint: '127.0.0.1', port, protocol: 'http' as const },
    authClient: signedIn(),
  });
  const warnings: string[] = [];
  const { ports } = composeCloudPorts(
    {
      cluster: SETTINGS,
      zones: ZONES,
      buckets: { scenes: 'scenes', renders: 'renders', state: 'state' },
      jobs: { tick: TICK_JOB, deadman: DEADMAN_JOB },
      deadman: { account: 'deadman@p.iam.gserviceaccount.com', afterMs: 60 * MINUTE },
      helm: {
        program: installTools().helm,
        chart: join(ROOT, 'charts', 'flamenco'),
        values: {
          images: { manager: 'images.test/manager:1', worker: 'images.test/worker:1' },
          buckets: { scenes: 'scenes', renders: 'renders' },
          blenders: ['4.5.3'],
          pools: {
            cpu: { tag: TAG, nodePools: { 'cpu-spot': { spot: true, cpu: '14', memory: '52Gi' } } },
          },
        },
      },
      nodePoolsOf: () => ['cpu-spot'],
    },
    { warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`) },
    {
      google: {
        auth: async () => new GoogleAuth({ authClient: signedIn() }),
        token: async () => 'google-token',
      },
      ...{
        storage: { apiEndpoint: storage.url },
        container: rest(gke.port),
        scheduler: rest(scheduler.port),
      },
      ...{ compute: gke.url, serverOf: (endpoint: string) => `http://${endpoint}`, clock, writeGapMs: 0 },
    },
  );

  const workers = new Map<string, TestWorker>();
  /** What happens outside the service while time goes by. */
  async function advance(ms: number): Promise<void> {
    clock.advance(ms);
    lite.advance(ms);
    if (cluster.get('deployments', NAMESPACE, 'tablao-manager') !== undefined && managerUrl === null) {
      startManagerPod(cluster, 'tablao-manager-1', true);
      managerUrl = lite.url;
    }
    for (const pod of cluster.all('pods', NAMESPACE)) {
      const name = pod.metadata.labels?.['batch.kubernetes.io/job-name'];
      if (name === undefined || pod.status?.phase !== 'Running') continue;
      if (workers.has(name)) continue;
      const worker = await lite.addWorker(name);
      await lite.call('POST', `worker-mgt/workers/${worker.id}/settags`, { tag_ids: [TAG] });
      workers.set(name, worker);
    }
    for (const [name, worker] of workers) await work(name, worker);
  }

  /** One task, or the end that the manager asked for. */
  async function work(name: string, worker: TestWorker): Promise<void> {
    const { status, body } = await worker.take();
    if (status === 423 && body.status_requested === 'offline') {
      await worker.call('POST', 'sign-off');
      cluster.end(name, 0);
      workers.delete(name);
    }
    if (status !== 200) return;
    for (const command of body.commands) renderedBy(command);
    await worker.report(body.uuid, { taskStatus: 'completed', activity: 'done' });
  }

  /** What Blender would have written: our kit's arguments end with its settings, the folder and the frames. */
  function renderedBy({ name, parameters }: Command): void {
    if (name !== 'blender-render' || !parameters.args.includes('{tablao-kit}/render.py')) return;
    const [settings = '', folder = '', frames = ''] = parameters.args.slice(-3);
    const { name: pattern, extension } = JSON.parse(Buffer.from(settings, 'base64').toString());
    for (const frame of framesOf(frames)) {
      const file = pattern.replace('####', String(frame).padStart(4, '0')) + extension;
      storage.put('renders', `${folder.replace('/tablao/renders/', '')}/${file}`, PNG);
    }
  }

  const actions: string[] = [];
  const start = () =>
    createReconciler({
      ...{ ports, policy: POLICY, holder: 'one', intakeSince: 0, wait: advance },
      log: {
        info: ({ results }) => {
          for (const { kind } of results as readonly { kind: string }[]) actions.push(kind);
        },
        warn: (fields, message) => void warnings.push(`${message} ${String(fields.err)}`),
      },
    });
  const run = async () => {
    const [name, ...others] = await ports.records.list('runs/');
    assert.deepEqual(others, []);
    return name === undefined ? null : ((await ports.records.read(name))?.value as RunRecord);
  };
  /** Ticks each minute until it is so; two hours at most. */
  async function tickUntil(isSo: () => Promise<boolean>): Promise<void> {
    const startedAt = clock.now();
    let reconciler = start();
    for (let minute = 0; minute < 120; minute += 1) {
      if (await isSo().catch(() => false)) return;
      await reconciler
        .runTick('tick')
        .catch((error: unknown) => warnings.push(`tick failed ${String(error)}`));
      // A tick takes most of its minute, or fails at once.
      await advance(Math.max(10_000, (minute + 1) * MINUTE - (clock.now() - startedAt)));
      // Cloud Run stops an instance that has nothing to do: each tick may be another process.
      if (minute % 3 === 2) reconciler = start();
    }
    for (const server of [storage, gke, kube, scheduler]) server.mend();
    const state = JSON.stringify([(await run())?.state, await ports.farm.look(), gke.clusters()]);
    assert.fail(`it comes to no end: ${state} ${warnings.slice(-20).join('\n')}`);
  }
  const framesThere = () =>
    Array.from({ length: 24 }, (_, index) => index + 1).filter(
      (frame) =>
        storage.find('renders', `film/shot/v001/tablao_${String(frame).padStart(4, '0')}.png`) !== null,
    ).length;
  return {
    clock,
    cluster,
    gke,
    kube,
    storage,
    scheduler,
    ports,
    run,
    tickUntil,
    framesThere,
    actions,
    warnings,
  };
}

test('a shot that is uploaded becomes frames, and nothing is left', { skip: toolsAbsent }, async (t) => {
  const { storage, cluster, gke, ports, run, tickUntil, framesThere, actions, warnings, scheduler } =
    await world(t);
  storage.put('scenes', 'film/shot.blend', SAMPLE);
  await tickUntil(async () => (await run())?.state === 'completed');
  assert.equal(framesThere(), 24);
  assert.equal((await ports.farm.look()).state, 'up');
  assert.equal(scheduler.find(DEADMAN_JOB)?.state, 'ENABLED');

  await tickUntil(async () => (await ports.farm.look()).state === 'absent');
  assert.deepEqual(gke.clusters(), []);
  assert.deepEqual(await ports.farm.leftovers(), []);
  assert.deepEqual(cluster.all('jobs', NAMESPACE), []);
  const count = (kind: string) => actions.filter((each) => each === kind).length;
  assert.deepEqual(
    ['createFarm', 'installManager', 'submitJob', 'deleteFarm'].map((kind) => [kind, count(kind)]),
    [
      ['createFarm', 1],
      ['installManager', 1],
      ['submitJob', 1],
      ['deleteFarm', 1],
    ],
  );
  assert.deepEqual(warnings, []);
});

test('each API in trouble now and then, and a zone without machines: the same frames, and nothing is left', {
  skip: toolsAbsent,
}, async (t) => {
  const { storage, gke, kube, scheduler, ports, run, tickUntil, framesThere, warnings } = await world(t);
  gke.stockedOut.add(ZONES[0] ?? '');
  for (const server of [storage, gke, kube, scheduler])
    for (const [index, trouble] of TROUBLES.entries()) server.failSometimes(/./, trouble, 97 + 12 * index);
  storage.put('scenes', 'film/shot.blend', SAMPLE);
  await tickUntil(async () => (await run())?.state === 'completed');
  assert.equal(framesThere(), 24);
  // A look that fails starts the idle time anew, so the end is shown in peace.
  for (const server of [storage, gke, kube, scheduler]) server.mend();
  await tickUntil(async () => gke.clusters().length === 0);
  assert.ok(warnings.length > 10, `only ${warnings.length} troubles`);
  assert.deepEqual(await ports.farm.leftovers(), []);
});
