import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { barrenMs, followBarren, restBarren } from '../../services/control/core/barren.ts';
import type { Draft, Sight } from '../../services/control/core/draft.ts';
import type { TaskObserved } from '../../services/control/core/model.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import { aRun } from '../http/app-for-tests.ts';

const NOW = 10_000;
const BEFORE = aRun({ proved: '1-2', barren: { ms: 500, since: 9000, steps: 3 } });

function follow(run: RunRecord, tasks: readonly TaskObserved[]): RunRecord['barren'] {
  return followBarren(sight(), draft(run), run, tasks).barren;
}

function sight(): Sight {
  return { now: NOW, observed: { runs: new Map([[BEFORE.id, BEFORE]]) } } as unknown as Sight;
}

function draft(run: RunRecord): Draft {
  return { runs: new Map([[run.id, run]]) } as unknown as Draft;
}

function task(status: string, stepsCompleted: number): TaskObserved {
  const name = 'render-3-9';
  return { id: 't', name, status, updatedAt: 0, stepsCompleted, stepsTotal: 7, workerId: 'w' };
}

const TROUBLE = { frame: 3, attempts: 1, message: 'it broke', log: '', workers: [] };

describe('the time in which nothing moves', () => {
  const cases: readonly [string, RunRecord, readonly TaskObserved[], RunRecord['barren']][] = [
    ['goes on while the same is in hand', BEFORE, [task('active', 3)], BEFORE.barren],
    ['goes on with less in hand than before', BEFORE, [task('active', 1)], BEFORE.barren],
    ['stops while nobody has a task', BEFORE, [task('queued', 0)], { ms: 1500, since: null, steps: 3 }],
    ['begins anew with a step', BEFORE, [task('active', 4)], { ms: 0, since: NOW, steps: 4 }],
    [
      'begins anew with a frame that came out',
      { ...BEFORE, proved: '1-3' },
      [task('active', 1)],
      { ms: 0, since: NOW, steps: 1 },
    ],
    [
      'begins anew with an attempt that was counted',
      { ...BEFORE, troubles: [TROUBLE] },
      [],
      { ms: 0, since: null, steps: 0 },
    ],
  ];
  for (const [what, run, tasks, expected] of cases)
    test(what, () => assert.deepEqual(follow(run, tasks), expected));

  test('is what was counted and what goes on now', () => {
    assert.equal(barrenMs(BEFORE, NOW), 1500);
    const rested = restBarren(sight(), draft(BEFORE), BEFORE);
    assert.deepEqual([barrenMs(rested, NOW), barrenMs(rested, NOW + 99)], [1500, 1500]);
  });
});
