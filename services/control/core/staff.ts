import { withLearnedBoot } from './boot-times.ts';
import { act, type Draft, note, openRuns, remember, type Sight } from './draft.ts';
import type { ManagerWorkerObserved, Observed, PoolPolicy, WorkerObserved } from './model.ts';
import { demandOf, isWorthBooting, neededByDeadline, wantedWorkers } from './pool-size.ts';
import { poolOf, withRoom } from './pools.ts';
import { wantsFarm } from './run.ts';
import { suspectWorkers } from './suspects.ts';
import { limitOf, moveOn, variantFor } from './variants.ts';

/** A worker that the manager does not know this long after it was started is a stranger to it (the manager was new). */
const STRANGER_AFTER_MS = 60_000;
/** One that Flamenco lost sight of (after 3 minutes) and that has said nothing for so long stands still: it never will. */
const FROZEN_AFTER_MS = 10 * 60_000;

/** Orders workers that are wanted, drains those that are not (idle ones first), and forgets those that are gone. */
export function staffFarm(sight: Sight, draft: Draft): void {
  const { farm, workers, managerWorkers } = sight.observed;
  if (farm === 'unknown' || farm.state !== 'up' || workers === 'unknown' || managerWorkers === 'unknown')
    return;
  clearEnded(draft, workers, managerWorkers);
  const living = workers.filter((worker) => worker.state !== 'ended');
  const known = new Map(managerWorkers.map((worker) => [worker.name, worker]));
  endStrangers(sight, draft, living, known);
  if (draft.memory.stage === 'deleting') return;
  const { pools } = sight.policy;
  for (const pool of pools) staffPool(sight, draft, pool, living, known);
  const strays = living.filter((worker) => pools.every(({ name }) => name !== worker.pool));
  fewer(sight, draft, strays, known, strays.length);
}

function staffPool(
  sight: Sight,
  draft: Draft,
  configured: PoolPolicy,
  everyone: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
): void {
  const demand = demandOf(sight, draft, configured);
  if (demand === null) return;
  const runs = openRuns(draft).filter(
    (run) => wantsFarm(run.state) && poolOf(sight.policy, run) === configured,
  );
  const variant = variantFor(sight, draft.memory, configured);
  const limit = limitOf(sight.observed, configured, variant)?.workers ?? configured.max;
  const roomy = withRoom(withLearnedBoot(configured, draft.memory), runs);
  const pool = { ...roomy, max: Math.min(roomy.max, limit) };
  const { fixedPricePerHour, valueOfTimePerHour } = sight.policy;
  const deadline = neededByDeadline(sight, draft, pool, demand);
  const wanted = wantedWorkers(demand, pool, fixedPricePerHour, valueOfTimePerHour, deadline);
  const living = everyone.filter((worker) => worker.pool === pool.name);
  const leaving = [...sendSuspectsHome(sight, draft, living, known), ...moveOn(sight, draft, pool, living)];
  const staying = living.filter(
    ({ name }) => known.get(name)?.isDraining !== true && leaving.every((worker) => worker.name !== name),
  );
  if (staying.length < wanted && isWorthBooting(demand, pool, staying.length))
    more(sight, draft, pool, living, known, wanted - staying.length);
  else if (staying.length > wanted) fewer(sight, draft, staying, known, staying.length - wanted);
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
    const { startedAt = worker.orderedAt } = worker;
    // One that waits for a machine, which may take minutes, cannot have said who it is.
    if (status !== undefined || startedAt === null || sight.now - startedAt < STRANGER_AFTER_MS) continue;
    act(draft, { kind: 'removeWorker', name: worker.name, reason: 'the manager does not know it' });
  }
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

/** Drains are taken back before anything new is ordered. */
function more(
  sight: Sight,
  draft: Draft,
  pool: PoolPolicy,
  living: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
  count: number,
): void {
  const suspects = suspectWorkers(draft);
  const returning = living
    .flatMap(({ name }) => known.get(name) ?? [])
    .filter(({ name, isDraining, status }) => isDraining && status === 'awake' && !suspects.has(name));
  for (const worker of returning.slice(0, count)) {
    act(draft, { kind: 'keepWorker', workerId: worker.id, name: worker.name, reason: 'there is work again' });
  }
  const variant = variantFor(sight, draft.memory, pool)?.name ?? null;
  const room = pool.max - living.length;
  const missing = Math.min(count - returning.length, room);
  if (missing <= 0) return;
  const serial = draft.memory.workerSerial;
  const names = Array.from({ length: missing }, (_, index) => `${pool.name}-${serial + index + 1}`);
  remember(draft, { workerSerial: serial + missing });
  note(
    sight,
    draft,
    `${missing} more worker${missing === 1 ? '' : 's'} ordered`,
    `${living.length} there, tasks are waiting`,
  );
  act(draft, { kind: 'orderWorkers', pool: pool.name, names, variant, reason: 'tasks are waiting' });
}

/** Those that wait for a machine go first, then idle ones. */
function fewer(
  sight: Sight,
  draft: Draft,
  staying: readonly WorkerObserved[],
  known: ReadonlyMap<string, ManagerWorkerObserved>,
  count: number,
): void {
  const reason = 'nothing is left for it';
  const waiting = staying.filter(({ name, state }) => state === 'waiting' && !known.has(name));
  const withdrawn = waiting.slice(0, count);
  for (const { name } of withdrawn) {
    act(draft, { kind: 'withdrawWorker', name, reason });
    note(sight, draft, `worker ${name}: not waited for`, reason);
  }
  const busy = busyWorkers(sight.observed.details);
  const idOf = (name: string) => known.get(name)?.id ?? '';
  const candidates = staying
    .filter(({ name }) => ['awake', 'asleep'].includes(known.get(name)?.status ?? ''))
    .sort((a, b) => Number(busy.has(idOf(a.name))) - Number(busy.has(idOf(b.name))));
  letGo(sight, draft, candidates.slice(0, count - withdrawn.length), known, reason);
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
