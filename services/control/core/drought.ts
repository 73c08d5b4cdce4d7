import { type Draft, openRuns, remember, type Sight } from './draft.ts';
import type { PoolPolicy, Unknown, WorkerObserved } from './model.ts';
import { poolOf } from './pools.ts';
import { refusedAction } from './refusals.ts';
import { wantsFarm } from './run.ts';
import { setBack } from './setback.ts';
import { runnableTasks } from './tasks.ts';
import { isWithoutMachine, longestSearchMs, triedAll } from './variants.ts';

/** A farm that works so long has got over what broke the one before. */
const SOUND_AFTER_MS = 10 * 60_000;

/**
 * Notes since when there is work and not a single machine for it. After `DROUGHT_MINUTES`, and when all variants of the
 * pools that wait were tried, the farm goes down: it costs money and does nothing, and is tried again later.
 */
export function watchMachines(sight: Sight, draft: Draft): void {
  const { farm, workers } = sight.observed;
  if (farm === 'unknown' || workers === 'unknown') return;
  if (farm.state !== 'up') {
    remember(draft, { drySince: null, dryPools: {}, waitedLong: [] });
    return;
  }
  noteLongWaits(draft, workers);
  const isRunning = workers.some(({ state }) => state === 'running');
  const { setback, stage, stageSince } = draft.memory;
  const isSound = stage === 'ready' && sight.now - stageSince >= SOUND_AFTER_MS && setback?.kind === 'broken';
  if (setback !== null && (isRunning || isSound)) remember(draft, { setback: null });
  const waiting = waitingPools(sight, draft);
  if (waiting !== 'unknown') noteDryPools(sight, draft, waiting, workers);
  if (isRunning || (waiting !== 'unknown' && waiting.length === 0)) {
    remember(draft, { drySince: null });
    return;
  }
  // Neither begun anew nor over: a failed look says nothing about machines.
  if (waiting === 'unknown') return;
  const drySince = draft.memory.drySince ?? sight.now;
  remember(draft, { drySince });
  const dryMs = sight.now - drySince;
  const isSearched = waiting.every(
    (pool) => dryMs >= longestSearchMs(sight.observed, pool) || triedAll(sight, pool, workers),
  );
  const isOver = dryMs >= sight.policy.droughtMs && isSearched;
  const isTold = setback !== null && sight.now < setback.until;
  if (isOver && !isTold) setBack(sight, draft, 'noMachines', messageOf(sight, workers));
}

/**
 * The pools for which work waits. `'unknown'` = some job could not be read: then nobody is ordered for its pool, and what
 * waits there does not wait in vain.
 */
function waitingPools({ observed, policy }: Sight, draft: Draft): readonly PoolPolicy[] | Unknown {
  const wanting = openRuns(draft).filter(({ state, stopping }) => wantsFarm(state) && stopping === null);
  const waiting = new Set<PoolPolicy>();
  for (const run of wanting) {
    const tasks = observed.details.get(run.id)?.tasks ?? 'unknown';
    if (tasks === 'unknown') return 'unknown';
    if (runnableTasks(tasks).length > 0) waiting.add(poolOf(policy, run));
  }
  return [...waiting];
}

function noteDryPools(
  { now }: Sight,
  draft: Draft,
  waiting: readonly PoolPolicy[],
  workers: readonly WorkerObserved[],
): void {
  const before = draft.memory.dryPools;
  const running = new Set(workers.filter(({ state }) => state === 'running').map(({ pool }) => pool));
  const dry = waiting.map(({ name }) => name).filter((name) => !running.has(name));
  if (dry.toSorted().join() === Object.keys(before).toSorted().join()) return;
  remember(draft, { dryPools: Object.fromEntries(dry.map((name) => [name, before[name] ?? now])) });
}

function messageOf({ observed }: Sight, workers: readonly WorkerObserved[]): string {
  const refusal = refusedAction(observed, 'orderWorkers');
  if (refusal !== null) return `No worker could be ordered (${refusal})`;
  const noMachine = 'No machine was to be had for its workers';
  const told = workers.find(isWithoutMachine)?.why ?? null;
  if (told !== null) return `${noMachine} (${told})`;
  // Perhaps they have one, and their image cannot be fetched.
  const other = workers.find(({ state, why }) => state === 'waiting' && why)?.why ?? null;
  return other === null ? noMachine : `None of its workers began (${other})`;
}

function noteLongWaits(draft: Draft, workers: readonly WorkerObserved[]): void {
  const { waitedLong } = draft.memory;
  const living = workers.filter(({ state }) => state !== 'ended');
  const names = living
    .filter((worker) => isWithoutMachine(worker) || waitedLong.includes(worker.name))
    .map(({ name }) => name);
  if (names.join() !== waitedLong.join()) remember(draft, { waitedLong: names });
}
