import { type Draft, openRuns, type Sight, updateRun } from './draft.ts';
import { poolOf, waitsForGonePool } from './pools.ts';
import { isLiveJob } from './progress.ts';
import { type Reason, type RunRecord, wantsFarm } from './run.ts';

const CODE = 'poolMissing';

/** Says at once of a run that no worker will come to it, as long as nothing else is done: pools were changed while a farm is up. */
export function tellMissingPools(sight: Sight, draft: Draft): void {
  for (const run of openRuns(draft)) {
    if (!wantsFarm(run.state)) continue;
    const reason = whyNoPool(sight, run);
    if (reason === 'unknown' || isTold(run, reason)) continue;
    if (reason !== null || run.reason?.code === CODE) updateRun(draft, run, { reason });
  }
}

/** Each refusal names other workers: what is wrong, and to be done, is the same. */
function isTold({ reason: told }: RunRecord, reason: Reason | null): boolean {
  return told?.code === CODE && told.action === reason?.action;
}

/** `null` = its pool is there, as far as anybody knows; `'unknown'` = its job cannot be seen. */
function whyNoPool(sight: Sight, run: RunRecord): Reason | null | 'unknown' {
  const { observed, policy } = sight;
  const job = observed.details.get(run.id)?.job ?? 'unknown';
  if (job === 'unknown') return 'unknown';
  if (job === null || !isLiveJob(job)) return null;
  const pool = poolOf(policy, run);
  if (waitsForGonePool(sight, run))
    return {
      code: CODE,
      message: `Its job waits for workers of pool "${run.pool}", which is not configured any more; others do not take it.`,
      action: `Configure "${run.pool}" again; or cancel it and render it again, on a pool that there is. Else it goes on there when the farm has gone for want of machines.`,
    };
  const refused = observed.refusals.find(
    ({ action, code }) => action.kind === 'orderWorkers' && action.pool === pool.name && code === 'invalid',
  );
  if (refused === undefined) return null;
  return {
    code: CODE,
    message: `No worker of pool "${pool.name}" can be ordered on the farm that is up, which as a rule was made before the pool was configured as it is: ${refused.message}`,
    action:
      'Tear the farm down once nothing else renders on it: the next one has what is configured. It also goes by itself when there was no machine for long.',
  };
}
