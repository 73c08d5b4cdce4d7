import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import type { JobOrder } from '../../services/control/core/actions.ts';
import { createIgnore } from '../../services/control/core/catalog.ts';
import { framesOf } from '../../services/control/core/frames.ts';
import type { FarmMemory, Policy, PoolPolicy } from '../../services/control/core/model.ts';
import { type RunRecord, rendersFolder } from '../../services/control/core/run.ts';
import { runnableTasks } from '../../services/control/core/tasks.ts';
import type { TaskSeen } from '../../services/control/ports/manager.ts';
import { createReconciler } from '../../services/control/reconcile/reconcile.ts';
import { FakeRenders, FakeScenes } from '../fakes/fake-buckets.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeFarm } from '../fakes/fake-farm.ts';
import { FakeLease } from '../fakes/fake-lease.ts';
import { FakeManager, type TaskPlan } from '../fakes/fake-manager.ts';
import type { FakeMessenger } from '../fakes/fake-messenger.ts';
import { FakeRecords } from '../fakes/fake-records.ts';
import { FakeWorkers } from '../fakes/fake-workers.ts';

/** 24 frames, called `tablao_####.png`. */
export const SAMPLE = readFileSync(
  join(import.meta.dirname, '../../services/flamenco-lite/sample/tablao.blend'),
);
const SHOT = 'film/sh010';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const POOL: PoolPolicy = {
  name: 'p',
  max: 4,
  pricePerHour: 0.2,
  tag: null,
  bootSeconds: 60,
  tailSeconds: 30,
  hasGpu: false,
  memoryGiB: 16,
  isMemoryShared: false,
};

export const POLICY: Policy = {
  settleMs: 20_000,
  maxAtOnce: 3,
  missingFilesGraceMs: 24 * HOUR,
  idleTeardownMs: 10 * MINUTE,
  keepControlPlane: false,
  listEveryMs: 15 * MINUTE,
  // Longer than a tick, so that each tick is one pass.
  lookEveryMs: MINUTE,
  maxFarmMs: 24 * HOUR,
  maxUnknownMs: 3 * HOUR,
  deadmanMs: HOUR,
  droughtMs: 20 * MINUTE,
  pricesAt: null,
  checkFirst: 'never',
  allowSceneScripts: false,
  valueOfTimePerHour: 2,
  fixedPricePerHour: 0.2,
  monthlyBudgetDollars: null,
  budgetStop: 'drain',
  isIgnored: createIgnore([]),
  parseTime: Date.parse,
  hash: (text) => createHash('sha256').update(text).digest('hex'),
  blenders: [{ version: '3.4.1', hasDenoiser: false, devices: [] }],
  pools: [POOL],
  scenesRoot: '/scenes',
  rendersRoot: '/renders',
};

export interface World {
  readonly clock: FakeClock;
  readonly scenes: FakeScenes;
  readonly renders: FakeRenders;
  readonly records: FakeRecords;
  readonly lease: FakeLease;
  readonly farm: FakeFarm;
  readonly workers: FakeWorkers;
  readonly manager: FakeManager;
  /** Holds for services that are started afterwards; left out = nobody outside is told. */
  messenger?: FakeMessenger;
  /** A change holds for services that are started afterwards. */
  policy: Policy;
  service: { runTick(trigger: string): Promise<unknown> };
}

/** One service on fakes of every port; its Flamenco compiles a job as ours does. Tests hand out the work. */
export function createWorld(policy: Partial<Policy> = {}): World {
  const clock = new FakeClock();
  // First, so that a manager and a worker that come within one step come in this order.
  const farm: FakeFarm = new FakeFarm({
    clock,
    onNewManager: () => manager.forgetEverything(),
    onDelete: () => workers.endAll('done'),
  });
  const workers: FakeWorkers = new FakeWorkers({
    clock,
    onRunning: ({ name }) => void manager.addWorker(name),
    onEnded: ({ name }) => manager.loseWorker(name, 'signedOff'),
  });
  const manager: FakeManager = new FakeManager({
    clock,
    compile,
    onSignedOff: (name) => workers.end(name, 'done'),
    isAlive: (name) => workers.isAlive(name),
  });
  const ports = {
    clock,
    workers,
    manager,
    scenes: new FakeScenes({ clock }),
    renders: new FakeRenders({ clock }),
    records: new FakeRecords(),
    lease: new FakeLease({ clock }),
    farm,
  };
  const service = { runTick: async () => undefined };
  const of: World = { ...ports, policy: { ...POLICY, ...policy }, service };
  restart(of, 'one');
  return of;
}

function compile({ settings }: JobOrder): readonly TaskPlan[] {
  const chunks = String(settings.chunks).split(';');
  return [
    ...(settings.check === true ? [{ name: 'check', steps: 1 }] : []),
    ...chunks.map((chunk) => ({ name: `render-${chunk}`, steps: framesOf(chunk).length })),
    ...(settings.video === true ? [{ name: 'preview-video', steps: 1 }] : []),
  ];
}

/** A new process of the service takes the place of the one before. */
export function restart(of: World, holder: string): void {
  const { policy, service: _, ...ports } = of;
  of.service = createReconciler({
    ports: { ...ports, blendTools },
    policy,
    log: { debug: () => {}, info: () => {}, warn: () => {} },
    holder,
    intakeSince: 0,
    wait: async (ms) => of.clock.advance(ms),
  });
}

/** Passes a minute apart. */
export async function pass(of: World, times = 1): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    of.clock.advance(MINUTE);
    await of.service.runTick('test');
  }
}

/** Uploads the sample with these settings, and lets the loop go on until its job is there and workers are awake. */
export async function begin(of: World, settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await upload(of, settings);
  await pass(of, 12);
}

/** The sample, with these settings, as a shot of its own name. */
export async function upload(
  of: World,
  settings: Readonly<Record<string, unknown>> = {},
  shot = SHOT,
): Promise<void> {
  of.scenes.put(`${shot}.render.json`, JSON.stringify(settings));
  of.scenes.put(`${shot}.blend`, SAMPLE);
  await command(of, { kind: 'uploaded', path: `${shot}.blend`, generation: null });
}

/** The newest run. */
export async function run(of: World): Promise<RunRecord> {
  const names = await of.records.list('runs/');
  const runs = names.map((name) => of.records.valueAt(name) as RunRecord);
  const [newest] = runs.sort((a, b) => b.receivedAt - a.receivedAt);
  if (newest === undefined) throw new Error('there is no run');
  return newest;
}

export function memory(of: World): FarmMemory {
  return of.records.valueAt('farm.json') as FarmMemory;
}

export async function command(of: World, value: Readonly<Record<string, unknown>>): Promise<void> {
  await of.records.create(`commands/${of.records.calls.length}.json`, { by: null, ...value });
}

/** Each free worker takes a task, as Flamenco hands them out. How many did. */
export async function takeTasks(of: World): Promise<number> {
  let taken = 0;
  for (const worker of await of.manager.workers()) {
    if (worker.status !== 'awake' || worker.isDraining) continue;
    const all = await allTasks(of);
    if (all.some((task) => task.status === 'active' && task.workerId === worker.id)) continue;
    const next = await nextTask(of);
    if (next === undefined) return taken;
    of.manager.startTask(next.id, worker.id);
    taken += 1;
  }
  return taken;
}

async function nextTask(of: World): Promise<TaskSeen | undefined> {
  for (const job of await of.manager.jobs()) {
    if (job.status !== 'queued' && job.status !== 'active') continue;
    const runnable = new Set(runnableTasks(of.manager.tasksOf(job.id)).map(({ id }) => id));
    const next = of.manager.tasksOf(job.id).find(({ id, status }) => status === 'queued' && runnable.has(id));
    if (next !== undefined) return next;
  }
  return undefined;
}

/** Whether this frame breaks on the worker of this name. */
type IsBad = (frame: number, worker: string) => boolean;

/** Every running task ends with all its frames written, but not those that `isBad` says. */
export async function endTasks(
  of: World,
  { seconds = 60, isBad = () => false }: { seconds?: number; isBad?: IsBad } = {},
): Promise<void> {
  const { id } = await run(of);
  const names = new Map((await of.manager.workers()).map((worker) => [worker.id, worker.name]));
  for (const task of await allTasks(of)) {
    if (task.status !== 'active') continue;
    const frames = task.name.startsWith('render-') ? framesOf(task.name.slice('render-'.length)) : [];
    const worker = names.get(task.workerId ?? '') ?? '';
    for (const frame of frames)
      await putFrame(of, { frame, run: id, worker, seconds, isBad: isBad(frame, worker) });
    of.manager.endTask(task.id, 'completed');
  }
}

/** Works everything off, a pass between a task's start and its end. */
export async function workOff(of: World, seconds = 60): Promise<void> {
  for (let round = 0; round < 30; round += 1) {
    const taken = await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds });
    await pass(of);
    if (taken === 0 && (await allTasks(of)).every(({ status }) => status !== 'queued')) return;
  }
}

export async function allTasks(of: World): Promise<readonly TaskSeen[]> {
  return (await of.manager.jobs()).flatMap(({ id }) => of.manager.tasksOf(id));
}

const PNG = new Uint8Array([
  ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  ...[0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82],
]);

interface Frame {
  readonly frame: number;
  readonly run: string;
  readonly worker: string;
  readonly seconds: number;
  readonly isBad: boolean;
}

/** A frame with its record, as the kit leaves them. */
export async function putFrame(of: World, { frame, run: id, worker, seconds, isBad }: Frame): Promise<void> {
  const name = String(frame).padStart(4, '0');
  const folder = rendersFolder(await run(of));
  if (!isBad) of.renders.put(`${folder}/tablao_${name}.png`, PNG);
  const end = isBad ? { state: 'failed', error: 'it broke' } : { state: 'done' };
  const record = { schema: 1, frame, run: id, ...end, attempt: 1, worker, seconds };
  of.renders.put(`${folder}/records/${name}.json`, JSON.stringify(record));
}

/** From the `calls`th moment on (before and after each port call counts) every call fails, as for a dead process. */
export function dieAfter(of: World, calls: number): { revive(): boolean } {
  const { scenes, renders, records, lease, farm, workers, manager, messenger } = of;
  const ports = [scenes, renders, records, lease, farm, workers, manager];
  const fakes = messenger === undefined ? ports : [...ports, messenger];
  let left = calls;
  for (const fake of fakes)
    fake.onCall = () => {
      left -= 1;
      if (left <= 0) throw new Error('the service is dead');
    };
  return {
    revive: () => {
      for (const fake of fakes) fake.onCall = null;
      return left <= 0;
    },
  };
}
