import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createFlamencoManager } from './adapters/flamenco/manager.ts';
import { blendTools } from './adapters/local/blend-tools.ts';
import { type BlenderFound, findBlenders } from './adapters/local/blenders.ts';
import { createLocalFarm } from './adapters/local/farm.ts';
import { findFlamenco } from './adapters/local/flamenco-programs.ts';
import { createLocalLease } from './adapters/local/lease.ts';
import { createLocalRecords } from './adapters/local/records.ts';
import { createLocalRenders } from './adapters/local/renders.ts';
import { createLocalScenes } from './adapters/local/scenes.ts';
import { createStorageClock } from './adapters/local/storage-clock.ts';
import { createLocalTicker } from './adapters/local/ticker.ts';
import { tellUploads } from './adapters/local/upload-events.ts';
import { createLocalUploads } from './adapters/local/uploads.ts';
import { plainEnvironment } from './adapters/local/worker-env.ts';
import { createLocalWorkers } from './adapters/local/workers.ts';
import { createWebhook } from './adapters/webhook/messenger.ts';
import type { LocalConfig } from './config.ts';
import type { StatusDocument } from './core/status-document.ts';
import { buildApp } from './http/app.ts';
import { once } from './http/page-files.ts';
import { localPolicy } from './local-policy.ts';
import { createOneTick } from './one-tick.ts';
import type { Records } from './ports/records.ts';
import type { Ports } from './reconcile/ports.ts';
import { createReconciler } from './reconcile/reconcile.ts';

const SERVICES_DIR = resolve(import.meta.dirname, '..');
const clock = { now: () => Date.now() };
/** So long may the farm's processes take to sign off when the service ends; a dead service's lease (30 s) may be in the way. */
const FAREWELL_MS = 50_000;

export interface LocalService {
  readonly app: FastifyInstance;
  readonly blenders: readonly BlenderFound[];
  readonly scenesDir: string;
  readonly rendersDir: string;
  /** What `status.json` says; `null` before the first pass. */
  status(): Promise<StatusDocument | null>;
  start(): void;
  /** Ends the loop and the farm's processes; `false` = another service works in this folder, and the farm is left to it. */
  stop(): Promise<boolean>;
}

/** Everything of local mode, put together: folders are the buckets, processes are the farm. */
export async function composeLocal(config: LocalConfig, log: Logger): Promise<LocalService> {
  const bucket = resolve(config.bucketDir);
  const dirs = {
    scenes: join(bucket, 'scenes'),
    renders: join(bucket, 'renders'),
    state: join(bucket, '.tablao'),
  };
  for (const dir of Object.values(dirs)) await mkdir(dir, { recursive: true });
  const surroundings = { env: process.env, platform: process.platform };
  const blenders = await findBlenders({
    ...surroundings,
    blenderPaths: config.blenderPaths,
    cacheFile: join(dirs.state, 'blenders.json'),
  });
  const ports = await localPorts(config, dirs, blenders, log);
  const { wait, ask, oneAtATime } = createOneTick();
  const reconciler = createReconciler({
    ports,
    policy: localPolicy(config, dirs, blenders),
    log,
    holder: randomUUID(),
    intakeSince: 0,
    wait,
  });
  // Not only the ticker's: POST /tick is answered here, too.
  const runTick = oneAtATime(reconciler.runTick);
  const ticks = createLocalTicker({
    onTick: runTick,
    onError: (error) => log.error({ err: error }, 'tick failed'),
    clock,
  });
  const ticker = {
    kick: async () => {
      ask();
      await ticks.kick();
    },
  };
  const uploads = createLocalUploads({
    scenesDir: dirs.scenes,
    uploadsDir: join(dirs.state, 'uploads'),
    clock,
  });
  let managerUrl: string | null = null;
  const watchManager = setInterval(() => {
    ports.farm
      .look()
      .then((farm) => {
        managerUrl = farm.state === 'up' ? farm.managerUrl : null;
      })
      .catch(() => {});
  }, 5000);
  const app = buildApp({
    log,
    records: ports.records,
    renders: ports.renders,
    scenes: ports.scenes,
    uploads,
    uploadStore: uploads,
    ticker,
    runTick,
    clock,
    newId: randomUUID,
    manager: {
      prefix: '',
      find: async () => (managerUrl === null ? null : { origin: managerUrl, headers: {} }),
    },
    serves: 'all',
    isReady: () => true,
    // The bundler is loaded when somebody looks, not at each start.
    page: once(async () => (await import('../page/build.ts')).buildPage()),
    knownHosts: ['127.0.0.1', 'localhost', '[::1]'],
    project: null,
  });
  const onError = (error: unknown) => log.error({ err: error }, 'upload not told');
  const events = tellUploads({ scenesDir: dirs.scenes, records: ports.records, ticker, onError });
  return {
    app,
    blenders,
    scenesDir: dirs.scenes,
    rendersDir: dirs.renders,
    status: () => readStatus(ports.records),
    start: () => ticks.start(),
    stop: async () => {
      clearInterval(watchManager);
      events.stop();
      reconciler.stop();
      ask();
      await ticks.stop();
      await app.close();
      const isOurs = await takeFarmDown(ports, reconciler.hold, log);
      await reconciler.release().catch(onError);
      return isOurs;
    },
  };
}

interface Dirs {
  readonly scenes: string;
  readonly renders: string;
  readonly state: string;
}

async function localPorts(
  config: LocalConfig,
  dirs: Dirs,
  blenders: readonly BlenderFound[],
  log: Logger,
): Promise<Ports> {
  const surroundings = { env: process.env, platform: process.platform };
  const programs = await findFlamenco({
    ...surroundings,
    flamencoDir: config.flamencoDir,
    servicesDir: SERVICES_DIR,
  });
  const env = await plainEnvironment(surroundings);
  const storageNow = createStorageClock({ dir: dirs.state });
  const records = createLocalRecords({ dir: dirs.state });
  const farm = createLocalFarm({
    stateDir: dirs.state,
    rendersDir: dirs.renders,
    kitDir: join(SERVICES_DIR, 'blender-kit'),
    programs,
    blenders,
    env,
    clock,
    deadmanMs: config.deadmanMs,
  });
  const managerUrl = async () => {
    const seen = await farm.look();
    return seen.state === 'up' ? seen.managerUrl : null;
  };
  return {
    scenes: createLocalScenes({
      dir: dirs.scenes,
      storageNow,
      onOddName: (path) => log.warn({ path }, 'file left out: its name is no UTF-8'),
    }),
    renders: createLocalRenders({ dir: dirs.renders }),
    records,
    lease: createLocalLease({ records, storageNow, clock }),
    farm,
    workers: createLocalWorkers({ stateDir: dirs.state, program: programs.worker, env, clock }),
    manager: createFlamencoManager({ url: managerUrl }),
    blendTools,
    ...(config.notify !== null && { messenger: createWebhook({ ...config.notify, clock }) }),
    clock,
  };
}

async function readStatus(records: Records): Promise<StatusDocument | null> {
  const seen = await records.read('status.json').catch(() => null);
  return (seen?.value as StatusDocument | undefined) ?? null;
}

/**
 * Runs that were not finished go on when the service is started again. `false` = another service holds the lease and goes on
 * telling: the farm is its own, and may be rendering.
 */
async function takeFarmDown(ports: Ports, hold: () => Promise<boolean>, log: Logger): Promise<boolean> {
  const endsAt = clock.now() + FAREWELL_MS;
  const lastTold = await readStatus(ports.records);
  let isOurs = false;
  while (clock.now() < endsAt) {
    isOurs = await hold();
    if (isOurs) {
      const farm = await ports.farm.look();
      if (farm.state === 'absent') return true;
      await ports.farm.delete();
    } else if ((await readStatus(ports.records))?.asOf !== lastTold?.asOf) return false;
    await delay(300);
  }
  log.error({ leftovers: await ports.farm.leftovers() }, 'the farm did not go down in time');
  return isOurs;
}
