import { type Draft, openRuns } from './draft.ts';
import type { RunSettings } from './run.ts';
import type { EpochMs } from './time.ts';

/** Most that a run is put before another one by its deadline; less where others stand in between. */
const STEP = 8;
const HIGHEST = 100;
/** One that leaves less than this share of the other's time goes first; where they are alike the older one does. */
const CLEARLY_NEARER = 0.8;

/**
 * Where no person gave a priority, runs with a deadline go before those that have none or one that is clearly later, so that neither their
 * tasks nor the lesson of their first frames wait for those. The manager is told once, with the job.
 */
export function withDeadlinePriority(
  draft: Draft,
  settings: RunSettings,
  finishBy: EpochMs | null,
  now: EpochMs,
): RunSettings {
  const { priority } = settings;
  if (finishBy === null || finishBy <= now || priority.origin !== 'default') return settings;
  let [above, notAbove] = [priority.value, HIGHEST];
  for (const { settings: other, finishBy: by } of openRuns(draft)) {
    if (other?.priority.origin !== 'default') continue;
    const isLater = by === null || finishBy - now < CLEARLY_NEARER * (by - now);
    if (isLater) above = Math.max(above, other.priority.value);
    else notAbove = Math.min(notAbove, other.priority.value);
  }
  const between = Math.ceil((above + notAbove) / 2);
  return {
    ...settings,
    priority: { ...priority, value: Math.min(HIGHEST, above + STEP, Math.max(above, between)) },
  };
}
