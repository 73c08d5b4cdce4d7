import { type Draft, type Sight, updateRun } from './draft.ts';
import type { TaskObserved } from './model.ts';
import type { RunRecord } from './run.ts';
import type { EpochMs } from './time.ts';

/**
 * Counts for how long tasks of a run were in hand and nothing moved. A hung frame that is cut off each time (spot machines that
 * are taken away, a farm that is too old) stands still for long enough in no single attempt.
 */
export function followBarren(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  tasks: readonly TaskObserved[],
): RunRecord {
  const active = tasks.filter(({ status }) => status === 'active');
  const steps = active.reduce((sum, { stepsCompleted }) => sum + stepsCompleted, 0);
  if (hasMoved(sight, run, steps)) {
    const barren = { ms: 0, since: active.length > 0 ? sight.now : null, steps };
    return updateRun(draft, run, { barren });
  }
  if (active.length === 0) return restBarren(sight, draft, run);
  if (run.barren.since !== null) return run;
  return updateRun(draft, run, { barren: { ...run.barren, since: sight.now } });
}

/** Nobody has a task of it in hand. */
export function restBarren({ now }: Sight, draft: Draft, run: RunRecord): RunRecord {
  if (run.barren.since === null) return run;
  return updateRun(draft, run, { barren: { ...run.barren, ms: barrenMs(run, now), since: null } });
}

export function barrenMs({ barren }: Pick<RunRecord, 'barren'>, now: EpochMs): number {
  return barren.ms + (barren.since === null ? 0 : now - barren.since);
}

/** A frame came out or was counted as an attempt, or the tasks in hand have got further than any before them. */
function hasMoved({ observed }: Sight, run: RunRecord, steps: number): boolean {
  const before = observed.runs.get(run.id);
  return before?.proved !== run.proved || before.troubles !== run.troubles || steps > run.barren.steps;
}
