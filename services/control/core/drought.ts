import { type Draft, openRuns, remember, type Sight } from './draft.ts';
import type { Unknown, WorkerObserved } from './model.ts';
import { wantsFarm } from './run.ts';
import { setBack } from './setback.ts';
import { runnableTasks } from './tasks.ts';
import { isWithoutMachine } from './variants.ts';

/** A farm that works so long has got over what broke the one before. */
const SOUND_AFTER_MS = 10 * 60_000;

/**
 * Notes since when there is work and not a single machine for it. After `DROUGHT_MINUTES` the farm goes down: it costs money
 * and does nothing, and is tried again later.
 */
export function watchMachines(sight: Sight, draft: Draft): void {
  const { farm, workers } = sight.observed;
  if (farm === 'unknown' || workers === 'unknown') return;
  if (farm.state !== 'up') {
    remember(draft, { drySince: null, waitedLong: [] });
    return;
  }
  noteLongWaits(draft, workers);
  const isRunning = workers.some(({ state }) => state === 'running');
  const { setback, stage, stageSince } = draft.memory;
  const isSound = stage === 'ready' && sight.now - stageSince >= SOUND_AFTER_MS && setback?.kind === 'broken';
  if (setback !== null && (isRunning || isSound)) remember(draft, { setback: null });
  const waits = isWorkWaiting(sight, draft);
  if (isRunning || waits === false) {
    remember(draft, { drySince: null });
    return;
  }
  // Neither begun anew nor over: a failed look says nothing about machines.
  if (waits === 'unknown') return;
  const drySince = draft.memory.drySince ?? sight.now;
  remember(draft, { drySince });
  const isOver = sight.now - drySince >= sight.policy.droughtMs;
  const isTold = setback !== null && sight.now < setback.until;
  if (isOver && !isTold) setBack(sight, draft, 'noMachines', messageOf(workers));
}

/** `'unknown'` = some job could not be read: then nobody is ordered for its pool, and what waits there does not wait in vain. */
function isWorkWaiting({ observed }: Sight, draft: Draft): boolean | Unknown {
  const wanting = openRuns(draft).filter(({ state, stopping }) => wantsFarm(state) && stopping === null);
  const tasks = wanting.map(({ id }) => observed.details.get(id)?.tasks ?? 'unknown');
  if (tasks.includes('unknown')) return 'unknown';
  return tasks.some((each) => each !== 'unknown' && runnableTasks(each).length > 0);
}

function messageOf(workers: readonly WorkerObserved[]): string {
  const why = workers.find(isWithoutMachine)?.why ?? null;
  return `No machine was to be had for its workers${why === null ? '' : ` (${why})`}`;
}

function noteLongWaits(draft: Draft, workers: readonly WorkerObserved[]): void {
  const { waitedLong } = draft.memory;
  const living = workers.filter(({ state }) => state !== 'ended');
  const names = living
    .filter((worker) => isWithoutMachine(worker) || waitedLong.includes(worker.name))
    .map(({ name }) => name);
  if (names.join() !== waitedLong.join()) remember(draft, { waitedLong: names });
}
