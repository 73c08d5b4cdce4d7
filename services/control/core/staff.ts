import { withLearnedBoot } from './boot-times.ts';
import { type Demand, demandOf, type Hurried } from './demand.ts';
import { act, type Draft, note, remember, type Sight } from './draft.ts';
import { mustNotBeLost } from './hurry.ts';
import type { ManagerWorkerObserved, Observed, PoolPolicy, PoolVariant, WorkerObserved } from './model.ts';
import { moreWorkers } from './pool-size.ts';
import { runsOfPool, variantOf, withRoom } from './pools.ts';
import { refusedAction } from './refusals.ts';
import type { RunRecord } from './run.ts';
import { suspectWorkers } from './suspects.ts';
import type { EpochMs } from './time.ts';
import { lastingVariant, limitOf, moveOn, variantFor } from './variants.ts';

/**
 * A worker that runs and that the manager is not seen to know for so long is a stranger to it (the manager was new). When it was
 * started says nothing here: a cluster's clock is not ours, and one that is a minute off would end every worker as it comes.
 */
const STRANGER_AFTER_MS = 60_000;
/** One that Flamenco lost sight of (after 3 minutes) and that has said nothing for so long stands still: it never will. */
const FROZEN_AFTER_MS = 10 * 60_000;
/** One that boots for longer than usual will be there after this share of the usual time, at a guess. */
const LAST_OF_BOOT = 0.1;

/** Orders workers that are wanted, drains those that are not (idle ones first), and forgets those that are gone. */
export function staffFarm(sight: Sight, draft: Draft): void {
  const { farm, workers, managerWorkers } = sight.observed;
  if (farm === 'unknown' || farm.state !== 'up' || workers === 'unknown') return;
  const living = workers.filter((worker) => worker.state !== 'ended');
  // They boot for longer than the manager takes to start: the first ones are ordered before it knows anybody.
  const isFirstOrder = farm.manager === 'starting' && living.length === 0;
  if (managerWorkers === 'unknown' && !isFirstOrder) return;
  const registered = managerWorkers === 'unknown' ? [] : managerWorkers;
  // What ended meanwhile, and how, is looked at together with the tasks that it had: that needs the manager.
  if (managerWorkers !== 'unknown') clearEnded(draft, workers, registered);
  const known = new Map(registered.map((worker) => [worker.name, worker]));
  endStrangers(sight, draft, living, known);
  if (draft.memory.stage === 'deleting') return;
  const { pools } = sight.policy;
  for (const pool of pools) staffPool(sight, draft, pool, living, known);
  const strays = living.filter((worker) => pools.every(({ name }) => name !== worker.pool));
  sendStraysHome(sight, draft, strays, known);
}

function staffPool(
  sight: Sight,
  draft: Draft,
  configured: PoolPolicy,
  everyone: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
): void {
  const demands = demandOf(sight, draft, configured);
  if (demands === null) return;
  const { all: demand, payable, hurried } = demands;
  const runs = runsOfPool(sight, draft, configured);
  const pool = poolAtHand(sight, draft, configured, runs);
  const living = everyone.filter((worker) => worker.pool === pool.name);
  const leaving = [...sendSuspectsHome(sight, draft, living, known), ...moveOn(sight, draft, pool, living)];
  const lasting = mustNotBeLost(sight, draft, pool) ? lastingVariant(sight, pool) : null;
  const everybody = teamOf(
    sight,
    pool,
    demand.busy,
    living,
    known,
    new Set([...suspectWorkers(draft), ...leaving.map(({ name }) => name)]),
  );
  // A spot machine that is to go after its task does not take what must not be lost.
  const team = everybody.filter(
    ({ worker, row }) => lasting === null || row?.isDraining !== true || !isSpot(pool, worker),
  );
  const unoccupied = team.filter(({ isBusy }) => !isBusy).map(({ freeAt }) => freeAt);
  // What a cap leaves wavers with each frame: nobody is ordered for more, but who is on his way is not sent back for that.
  const freeAt = team.map((one) => one.freeAt);
  const more = moreWorkers({ ...payable, freeAt, unoccupied, elsewhere: [] }, pool, sight.policy);
  const moreFor = ({ demand: ahead, hurry }: Hurried) => {
    const others = team.filter(({ row, isBusy }) => isBusy && !ahead.busy.has(row?.id ?? ''));
    const elsewhere = others.map((one) => one.freeAt);
    return moreWorkers({ ...ahead, freeAt, unoccupied, elsewhere }, pool, sight.policy, hurry);
  };
  takeBackDrains(draft, demand, team);
  const count = Math.min(Math.max(more, ...hurried.map(moreFor)), pool.max - living.length);
  if (count > 0) order(sight, draft, pool, living.length, count, lasting);
  else letGoOf(sight, draft, demand, team, known);
}

/** A pool as it is for these runs now: with the boot time that was learned, and no more workers than have room and quotas leave. */
export function poolAtHand(
  sight: Sight,
  { memory }: Draft,
  configured: PoolPolicy,
  runs: readonly RunRecord[],
): PoolPolicy {
  const variant = variantFor(sight, memory, configured);
  const limit = limitOf(sight.observed, configured, variant)?.workers ?? configured.max;
  const pool = withRoom(withLearnedBoot(configured, memory), runs);
  return { ...pool, max: Math.min(pool.max, limit) };
}

/** A worker that can be counted on for another task. */
export interface Member {
  readonly worker: WorkerObserved;
  /** As the manager knows it; `null` = not yet. */
  readonly row: ManagerWorkerObserved | null;
  readonly isBusy: boolean;
  /** Seconds until it asks for its next task, by what is known. */
  readonly freeAt: number;
}

/** Everybody of a pool who is there or on his way, nobody leaving; to the manager they may be unknown. */
export function whoIsThere(
  sight: Sight,
  pool: PoolPolicy,
  workers: readonly WorkerObserved[],
  busy: Demand['busy'],
): readonly Member[] {
  const { managerWorkers } = sight.observed;
  const rows = managerWorkers === 'unknown' ? [] : managerWorkers;
  const known = new Map(rows.map((row) => [row.name, row] as const));
  const living = workers.filter((worker) => worker.pool === pool.name && worker.state !== 'ended');
  return teamOf(sight, pool, busy, living, known, new Set());
}

/** Everybody but those that leave: a draining one counts while it has a task, because a drain can be taken back. */
function teamOf(
  { now }: Sight,
  pool: PoolPolicy,
  busy: Demand['busy'],
  living: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
  leaving: ReadonlySet<string>,
): readonly Member[] {
  return living.flatMap((worker): readonly Member[] => {
    const row = known.get(worker.name) ?? null;
    if (leaving.has(worker.name) || row?.status === 'error' || row?.status === 'offline') return [];
    if (row === null || row.status !== 'awake') {
      const age = (now - worker.orderedAt) / 1000;
      const freeAt = Math.max(pool.bootSeconds - age, LAST_OF_BOOT * pool.bootSeconds);
      return [{ worker, row, isBusy: false, freeAt }];
    }
    const left = busy.get(row.id);
    if (left !== undefined) return [{ worker, row, isBusy: true, freeAt: left }];
    return row.isDraining ? [] : [{ worker, row, isBusy: false, freeAt: 0 }];
  });
}

/** What waits is taken by those that are free first: they stay. */
function takeBackDrains(draft: Draft, { queued }: Demand, team: readonly Member[]): void {
  const first = [...team].sort((a, b) => a.freeAt - b.freeAt).slice(0, queued);
  for (const { row } of first)
    if (row?.isDraining === true)
      act(draft, { kind: 'keepWorker', workerId: row.id, name: row.name, reason: 'there is work again' });
}

function isSpot(pool: PoolPolicy, { variant }: WorkerObserved): boolean {
  return variantOf(pool, variant)?.isSpot === true;
}

/** `lasting` = machines that are not taken away, where one more loss would be too late. */
function order(
  sight: Sight,
  draft: Draft,
  pool: PoolPolicy,
  there: number,
  wanted: number,
  lasting: PoolVariant | null,
): void {
  const variant = (lasting ?? variantFor(sight, draft.memory, pool))?.name ?? null;
  const limit = lasting === null ? null : limitOf(sight.observed, pool, lasting);
  const count = Math.min(wanted, limit?.workers ?? wanted);
  const serial = draft.memory.workerSerial;
  const names = Array.from({ length: count }, (_, index) => `${pool.name}-${serial + index + 1}`);
  remember(draft, { workerSerial: serial + count });
  const what = `${count} more worker${count === 1 ? '' : 's'} ordered`;
  // Tried at each look while it is refused: what else was decided must not be lost among that.
  if (refusedAction(sight.observed, 'orderWorkers') === null || draft.memory.decisions[0]?.what !== what)
    note(
      sight,
      draft,
      what,
      `${there} there, tasks are waiting${lasting === null ? '' : '; not spot: a frame lost again would miss its deadline'}`,
    );
  act(draft, { kind: 'orderWorkers', pool: pool.name, names, variant, reason: 'tasks are waiting' });
}

/**
 * Whoever will find no task: those that wait for a machine, then idle ones; and when nobody waits for a worker any more the
 * busy ones as well, so that each goes the moment that its task is done. While something waits for what runs, the one that
 * needs longest stays for it.
 */
function letGoOf(
  sight: Sight,
  draft: Draft,
  { queued, hasMoreBehind }: Demand,
  team: readonly Member[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
): void {
  const reason = 'nothing is left for it';
  const free = team.filter(({ isBusy }) => !isBusy);
  const busy = team.filter(({ isBusy }) => isBusy).sort((a, b) => a.freeAt - b.freeAt);
  const stay = Math.max(queued, hasMoreBehind && busy.length === 0 ? 1 : 0);
  const surplus = [...free].sort((a, b) => a.freeAt - b.freeAt).slice(stay);
  for (const { worker, row } of surplus) {
    if (row !== null || worker.state !== 'waiting') continue;
    act(draft, { kind: 'withdrawWorker', name: worker.name, reason });
    note(sight, draft, `worker ${worker.name}: not waited for`, reason);
  }
  const done = queued > 0 ? [] : busy.slice(0, hasMoreBehind ? -1 : undefined);
  const going = [...surplus, ...done].filter(({ row }) => row?.status === 'awake' && !row.isDraining);
  letGo(
    sight,
    draft,
    going.map(({ worker }) => worker),
    known,
    reason,
  );
}

/** A record whose process is gone goes at once: it hands the task back without waiting for a time-out. */
function clearEnded(
  draft: Draft,
  workers: readonly WorkerObserved[],
  managerWorkers: readonly ManagerWorkerObserved[],
): void {
  const living = new Set(workers.filter(({ state }) => state !== 'ended').map(({ name }) => name));
  for (const worker of managerWorkers) {
    if (living.has(worker.name) || worker.status === '') continue;
    act(draft, {
      kind: 'forgetWorker',
      workerId: worker.id,
      name: worker.name,
      reason: 'its process is gone',
    });
  }
  for (const worker of workers) {
    if (worker.state === 'ended')
      act(draft, { kind: 'removeWorker', name: worker.name, reason: 'it has ended' });
  }
}

function endStrangers(
  sight: Sight,
  draft: Draft,
  living: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
): void {
  const strangers: Record<string, EpochMs> = {};
  for (const worker of living) {
    const status = known.get(worker.name)?.status;
    if (isFrozen(sight, known.get(worker.name))) {
      act(draft, { kind: 'removeWorker', name: worker.name, reason: 'it stands still' });
      note(sight, draft, `worker ${worker.name}: ended`, 'it stands still; its task was given to others');
      continue;
    }
    if (status === 'error') {
      const workerId = known.get(worker.name)?.id ?? '';
      act(draft, {
        kind: 'keepWorker',
        workerId,
        name: worker.name,
        reason: 'it lives, though the manager lost sight of it',
      });
    }
    // One that waits for a machine, which may take minutes, cannot have said who it is.
    if (status !== undefined || worker.startedAt === null) continue;
    const since = draft.memory.strangers[worker.name] ?? sight.now;
    strangers[worker.name] = since;
    if (sight.now - since < STRANGER_AFTER_MS) continue;
    act(draft, { kind: 'removeWorker', name: worker.name, reason: 'the manager does not know it' });
  }
  remember(draft, { strangers });
}

/** Its task was handed out again when Flamenco lost sight of it: nothing is cut off. */
function isFrozen({ now }: Sight, worker: ManagerWorkerObserved | undefined): boolean {
  if (worker?.status !== 'error') return false;
  const { lastSeenAt = null } = worker;
  return lastSeenAt !== null && now - lastSeenAt >= FROZEN_AFTER_MS;
}

/** Those that broke a frame twice leave when another one is there to try it. */
function sendSuspectsHome(
  sight: Sight,
  draft: Draft,
  living: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
): readonly WorkerObserved[] {
  const suspects = suspectWorkers(draft);
  const awake = living.filter(({ name }) => {
    const worker = known.get(name);
    return worker?.status === 'awake' && !worker.isDraining;
  });
  const leaving = awake.filter(({ name }) => suspects.has(name));
  if (leaving.length === awake.length) return [];
  letGo(sight, draft, leaving, known, 'a frame broke on it twice: its last attempt goes to another one');
  return leaving;
}

/** Workers of a pool that is not configured any more finish what they have in hand. */
function sendStraysHome(
  sight: Sight,
  draft: Draft,
  strays: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
): void {
  const reason = 'its pool is not configured any more';
  for (const { name, state } of strays)
    if (state === 'waiting' && !known.has(name)) act(draft, { kind: 'withdrawWorker', name, reason });
  const awake = strays.filter(({ name }) => {
    const row = known.get(name);
    return (row?.status === 'awake' || row?.status === 'asleep') && !row.isDraining;
  });
  letGo(sight, draft, awake, known, reason);
}

function letGo(
  sight: Sight,
  draft: Draft,
  leaving: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
  reason: string,
): void {
  for (const { name } of leaving) {
    act(draft, { kind: 'drainWorker', workerId: known.get(name)?.id ?? '', name, reason });
    note(sight, draft, `worker ${name}: let go`, reason);
  }
}

/** Ids of the workers that render now. */
export function busyWorkers(details: Observed['details']): ReadonlySet<string> {
  const busy = new Set<string>();
  for (const { tasks } of details.values()) {
    if (tasks === 'unknown') continue;
    for (const task of tasks) if (task.status === 'active' && task.workerId !== null) busy.add(task.workerId);
  }
  return busy;
}
