import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDraft, type Sight } from '../../services/control/core/draft.ts';
import { NEW_LEDGER } from '../../services/control/core/model.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import { leaveOutUnseen } from '../../services/control/core/unseen.ts';
import { newFarmMemory } from '../../services/control/reconcile/state.ts';
import { aRun } from '../http/app-for-tests.ts';

const MINUTE = 60_000;
const NOW = 100 * MINUTE;
const RUN = aRun({
  state: 'rendering',
  barren: { ms: 7, since: 10 * MINUTE, steps: 1 },
  standstill: { a: { steps: 1, since: 12 * MINUTE }, b: { steps: 0, since: 15 * MINUTE } },
});

/** What is on record of the run afterwards; the last look was so long ago, `null` = not known. */
function after(run: RunRecord, agoMs: number | null): RunRecord | undefined {
  const ledger = { ...NEW_LEDGER, countedUntil: agoMs === null ? null : NOW - agoMs };
  const memory = { ...newFarmMemory(0, 0), openRuns: [run.id], ledger };
  const observed = { memory, runs: new Map([[run.id, run]]) };
  const sight = { observed, now: NOW } as unknown as Sight;
  const draft = createDraft(sight.observed);
  leaveOutUnseen(sight, draft);
  return draft.runs.get(run.id);
}

describe('a time in which nobody looked', () => {
  for (const [what, ago] of [
    ['between two ticks', 2 * MINUTE],
    ['that is not known', null],
    ['of a clock that is put back', -5 * MINUTE],
  ] as const)
    test(`${what} changes nothing`, () => assert.equal(after(RUN, ago), RUN));

  test('counts as none in which frames stood still', () => {
    const run = after(RUN, 62 * MINUTE);
    assert.deepEqual(run?.barren, { ms: 7, since: 70 * MINUTE, steps: 1 });
    const since = Object.values(run?.standstill ?? {}).map((mark) => mark.since / MINUTE);
    assert.deepEqual(since, [72, 75]);
  });

  test('puts no beginning into the future', () => {
    const run = after(RUN, 99 * MINUTE);
    assert.deepEqual([run?.barren.since, run?.standstill.a?.since], [NOW, NOW]);
  });

  test('changes nothing of a run that has nothing in hand', () => {
    const run = aRun({ state: 'rendering' });
    assert.equal(after(run, 62 * MINUTE), run);
  });
});
