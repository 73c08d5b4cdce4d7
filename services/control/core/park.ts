import { type Draft, moveRun, type Sight } from './draft.ts';
import type { Reason, RunRecord } from './run.ts';

/**
 * Sends a run back to wait; what it delivered stays. It goes on with a job of the next round, for what is missing then:
 * its present job ends because nothing wants it any more.
 */
export function parkRun(sight: Sight, draft: Draft, run: RunRecord, reason: Reason): RunRecord {
  const round = run.round === 0 ? 0 : run.round + 1;
  return moveRun(sight, draft, run, 'waiting', reason, {
    round,
    jobId: null,
    stopping: null,
    standstill: {},
    counted: {},
  });
}
