import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import type { FarmMemory, Policy, PoolPolicy } from '../../services/control/core/model.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { EpochMs } from '../../services/control/core/time.ts';
import type { Ports } from '../../services/control/reconcile/ports.ts';
import { blend } from '../closure/blends.ts';
import { FakeScenes } from '../fakes/fake-buckets.ts';
import { FakeLease } from '../fakes/fake-lease.ts';
import type { FakeMessenger } from '../fakes/fake-messenger.ts';
import { POLICY, POOL } from '../reconcile/world.ts';
import { Bill } from './bill.ts';
import { SimClock } from './clock.ts';
import { SimCluster } from './cluster.ts';
import type { PoolKind } from './machines.ts';
import { SimManager } from './manager.ts';
import { SimPool } from './pool.ts';
import { SimRecords } from './records.ts';
import { SimRenders } from './renders.ts';
import { SimService } from './service.ts';
import type { ShotPhysics } from './shots.ts';
import { Tally } from './tally.ts';
import { type CloudTimes, parseTrace } from './trace.ts';

const HOUR_MS = 3_600_000;

/** The cloud of a trace that says nothing about it. */
export const USUAL_CLOUD: CloudTimes = parseTrace({
  name: 'usual',
  jobs: [{ atSeconds: 0, frames: 1, secondsPerFrame: { mean: 1, cv: 0 } }],
  policy: { maxWorkers: 1, valueOfTimePerHour: 0 },
}).cloud;

export interface WorldOptions {
  readonly seed: number;
  readonly cloud?: CloudTimes;
  readonly policy?: Partial<Policy>;
  readonly startsAt?: EpochMs;
  /** Left out = nobody outside is told. */
  readonly receiver?: FakeMessenger;
}

/** Everything that there is: the cloud, the buckets, and what it all costs. */
export interface SimWorld {
  readonly seed: number;
  readonly startedAt: EpochMs;
  readonly clock: SimClock;
  readonly bill: Bill;
  readonly tally: Tally;
  readonly manager: SimManager;
  readonly cluster: SimCluster;
  readonly pool: SimPool;
  readonly scenes: FakeScenes;
  readonly renders: SimRenders;
  readonly records: SimRecords;
  readonly policy: Policy;
  readonly ports: Ports;
  readonly shots: Map<string, ShotPhysics>;
  /** Services that were started; dead ones as well. */
  readonly services: SimService[];
}

export function createSimWorld({
  seed,
  cloud = USUAL_CLOUD,
  policy: changes = {},
  startsAt,
  receiver,
}: WorldOptions): SimWorld {
  const policy = simPolicy(cloud, changes);
  const clock = new SimClock(startsAt);
  const bill = new Bill();
  const tally = new Tally();
  const renders = new SimRenders(clock);
  const manager = new SimManager(clock);
  const shots = new Map<string, ShotPhysics>();
  const startedAt = clock.now();
  const cluster: SimCluster = new SimCluster({
    ...{ seed, times: cloud, clock, bill, manager },
    onDelete: (goneAt) => pool.endAll(goneAt),
  });
  const pool = new SimPool({
    ...{ seed, times: cloud, clock, bill, startedAt },
    pools: policy.pools.flatMap(toKinds),
    isClusterUp: () => cluster.upSince !== null,
    worker: {
      ...{ clock, manager, renders, tally },
      rendersRoot: policy.rendersRoot,
      physicsOf: (shot) => shots.get(shot) ?? QUICK,
    },
  });
  const scenes = new FakeScenes({ clock });
  const records = new SimRecords();
  const lease = new FakeLease({ clock });
  const ports = {
    ...{ scenes, renders, records, lease, farm: cluster, workers: pool, manager, blendTools, clock },
    ...(receiver !== undefined && { messenger: receiver }),
  };
  const parts = {
    clock,
    bill,
    tally,
    manager,
    cluster,
    pool,
    scenes,
    renders,
    records,
    policy,
    ports,
    shots,
  };
  return { seed, startedAt, ...parts, services: [] };
}

const QUICK: ShotPhysics = { loadSeconds: 1, memoryGiB: 1, secondsOf: () => 10 };

/** The production policy of a cloud like this. What only measuring tells (boot) is the deployment's guess. */
function simPolicy(cloud: CloudTimes, changes: Partial<Policy>): Policy {
  return {
    ...POLICY,
    lookEveryMs: 5000,
    fixedPricePerHour: cloud.clusterFeePerHour + cloud.managerPricePerHour,
    pools: [
      {
        ...POOL,
        name: 'cpu',
        max: 20,
        pricePerHour: cloud.spotPricePerHour,
        bootSeconds: 150,
        tailSeconds: cloud.nodeReleaseSeconds,
        memoryGiB: 52,
      },
    ],
    ...changes,
  };
}

function toKinds({
  name,
  tag,
  max,
  pricePerHour,
  memoryGiB,
  variants = [],
}: PoolPolicy): readonly PoolKind[] {
  const kind = { name, tag, max, memoryGiB: memoryGiB ?? Number.POSITIVE_INFINITY };
  if (variants.length === 0) return [{ ...kind, variant: null, isSpot: true, pricePerHour }];
  return variants.map((one) => ({
    ...kind,
    variant: one.name,
    isSpot: one.isSpot,
    pricePerHour: one.pricePerHour,
  }));
}

/** Starts the service; `kick`s of uploads reach it. */
export function startService(
  world: SimWorld,
  options: Partial<ConstructorParameters<typeof SimService>[0]> = {},
): SimService {
  const { clock, ports, policy, services } = world;
  const holder = `service-${services.length + 1}`;
  const service = new SimService({ ports, policy, clock, holder, ...options });
  services.push(service);
  service.start();
  return service;
}

/** A shot of this kind with these settings comes into the bucket, and the event of it reaches the service. */
export function upload(
  world: SimWorld,
  shot: string,
  physics: ShotPhysics,
  settings: Readonly<Record<string, unknown>> = {},
): void {
  const { scenes, shots } = world;
  shots.set(shot, physics);
  scenes.put(`${shot}.render.json`, JSON.stringify({ video: false, ...settings }));
  scenes.put(`${shot}.blend`, blend({ samples: shots.size }));
  tellUpload(world, `${shot}.blend`);
}

/** The event of an upload: the record that it leaves, and the kick. */
export function tellUpload(world: SimWorld, path: string): void {
  const { records, clock, services } = world;
  const id = `${String(clock.now())}-${path.replaceAll('/', '_')}`;
  const command = { kind: 'uploaded', path, generation: null, by: null };
  void records.create(`commands/${id}.json`, command).catch(() => {});
  clock.changed();
  for (const service of services) service.kick();
}

export function runsOf({ records }: SimWorld): readonly RunRecord[] {
  return records.valuesUnder('runs/') as readonly RunRecord[];
}

export function memoryOf({ records }: SimWorld): FarmMemory | undefined {
  return records.valueAt('farm.json') as FarmMemory | undefined;
}

/** Whether every run has ended and nothing is there or costs anything any more. */
export function isOver(world: SimWorld): boolean {
  const memory = memoryOf(world);
  return (
    world.bill.isQuiet && memory !== undefined && memory.stage === 'absent' && memory.openRuns.length === 0
  );
}

/** Lets the world go on until it is over; throws when it is not in this time. */
export async function runToEnd(world: SimWorld, hours: number): Promise<void> {
  const { clock } = world;
  const didEnd = await clock.run(clock.now() + hours * HOUR_MS, () => isOver(world));
  if (didEnd) return;
  const runs = runsOf(world).map(({ shot, state, reason }) => `${shot} ${state} ${reason?.code ?? ''}`);
  throw new Error(`not over after ${hours} h (seed ${world.seed}): ${runs.join(', ')}`);
}
