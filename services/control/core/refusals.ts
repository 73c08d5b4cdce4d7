import type { Action, Refusal } from './actions.ts';
import { type Draft, moveRun, note, openRuns, type Sight } from './draft.ts';
import type { Observed } from './model.ts';
import type { Reason, RunRecord } from './run.ts';

/** A job that Flamenco refuses so often in a row will not be taken the next time: more tries would only keep a farm up. */
const REFUSED_FOR_GOOD = 5;

/** Says once what could not be done, and ends runs whose job Flamenco does not take. */
export function tellRefusals(sight: Sight, draft: Draft): void {
  // A farm that is tried again after a back-off was refused before: that is known.
  const isKnown = (kind: Action['kind']) => kind === 'createFarm' && draft.memory.setback !== null;
  for (const { action, message, times } of sight.observed.refusals)
    if (times === 1 && !isKnown(action.kind))
      note(sight, draft, `could not be done: ${action.kind}`, message);
  for (const run of openRuns(draft)) {
    const refusal = refusedJob(sight.observed, run);
    if (refusal === null || refusal.code !== 'invalid' || refusal.times < REFUSED_FOR_GOOD) continue;
    moveRun(sight, draft, run, 'failed', {
      code: 'notTaken',
      message: `Flamenco does not take its job: ${refusal.message}`,
      action: 'Look at its settings in what is said here; then render again.',
    });
  }
}

/** Why the job of a run could not be handed over; `null` = it was not refused. */
export function whyNotSubmitted(observed: Observed, run: RunRecord): Reason | null {
  const refusal = refusedJob(observed, run);
  if (refusal === null) return null;
  const message = `Its job could not be handed to Flamenco and is tried again: ${refusal.message}`;
  return { code: 'notTaken', message, action: null };
}

/** What the port said about the last action of this kind; `null` = it did not refuse. */
export function refusedAction({ refusals }: Observed, kind: Action['kind']): string | null {
  return refusals.find(({ action }) => action.kind === kind)?.message ?? null;
}

function refusedJob({ refusals }: Observed, run: RunRecord): Refusal | null {
  const isIts = ({ action }: Refusal) => action.kind === 'submitJob' && action.job.runId === run.id;
  return refusals.find(isIts) ?? null;
}
