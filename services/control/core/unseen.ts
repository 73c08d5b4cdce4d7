import { type Draft, openRuns, type Sight, updateRun } from './draft.ts';
import type { RunRecord } from './run.ts';
import type { EpochMs } from './time.ts';

/** Between two ticks nobody looks for that long. */
const USUAL_MS = 2 * 60_000;

/**
 * A time in which nobody looked (the service was gone, the computer slept) counts as none in which frames stood still: they may have
 * been begun by somebody else meanwhile, or by nobody. One that hangs is found that much later.
 */
export function leaveOutUnseen({ observed, now }: Sight, draft: Draft): void {
  const { countedUntil } = observed.memory.ledger;
  const ms = countedUntil === null ? 0 : now - countedUntil - USUAL_MS;
  if (ms <= 0) return;
  const later = (since: EpochMs) => Math.min(now, since + ms);
  for (const run of openRuns(draft)) {
    if (run.barren.since === null && Object.keys(run.standstill).length === 0) continue;
    updateRun(draft, run, { barren: laterBarren(run, later), standstill: laterMarks(run, later) });
  }
}

type Later = (since: EpochMs) => EpochMs;

function laterBarren({ barren }: RunRecord, later: Later): RunRecord['barren'] {
  return { ...barren, since: barren.since === null ? null : later(barren.since) };
}

function laterMarks({ standstill }: RunRecord, later: Later): RunRecord['standstill'] {
  return Object.fromEntries(
    Object.entries(standstill).map(([task, mark]) => [task, { ...mark, since: later(mark.since) }]),
  );
}
