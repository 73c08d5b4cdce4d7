import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_COSTS } from '../../services/control/core/costs.ts';
import type { Draft, Sight } from '../../services/control/core/draft.ts';
import { hurryOf } from '../../services/control/core/hurry.ts';
import { lostShare, timesAgain } from '../../services/control/core/losses.ts';
import { NEW_RUN, type RunRecord } from '../../services/control/core/run.ts';
import { HOUR, POOL } from '../reconcile/world.ts';

const costs = (lost: number, rendering: number) => ({ costs: { ...NO_COSTS, lost, rendering } });

describe('what was lost with machines', () => {
  test('is a share of what frames cost, and never nearly all of it: that may be few', () => {
    assert.equal(lostShare(costs(0, 0)), 0);
    assert.equal(lostShare(costs(1, 3)), 0.25);
    assert.equal(lostShare(costs(1, 0)), 0.5);
  });

  test('is lost again, the more often the more of the last frames there are', () => {
    assert.equal(timesAgain(0, 50), 0);
    assert.equal(timesAgain(0.2, 0), 0);
    const one = timesAgain(0.2, 1);
    const many = timesAgain(0.2, 50);
    // Of each the quarter, about, is lost: of fifty some are lost twice.
    assert.ok(one > 0.2 && one < 0.6, `${one}`);
    assert.ok(many > 1.5 && many < 4, `${many}`);
    assert.ok(timesAgain(0.4, 50) > many);
  });
});

describe('the time that a deadline leaves', () => {
  const now = 1_000_000_000;
  const sight = { now, policy: { pools: [POOL] } } as unknown as Sight;
  const draft = { memory: { stage: 'ready', stageSince: 0 } } as unknown as Draft;
  const secondsOf = (more: Partial<RunRecord>) => {
    const times = { ...NEW_RUN.times, frames: 10, sumSeconds: 12_000, sumSquaredSeconds: 10 * 1200 ** 2 };
    const run = { ...NEW_RUN, frames: '1-48', proved: '1-10', finishBy: now + HOUR, times, ...more };
    return hurryOf(sight, draft, run as RunRecord)?.seconds ?? Number.NaN;
  };

  test('is less by what is likely lost again, once something was', () => {
    const none = secondsOf({});
    const some = secondsOf(costs(0.2, 1));
    // Of four at once a frame of 20 minutes is lost half-way about once, and somebody boots: half of that is kept.
    assert.ok(none - some > 200 && none - some < 600, `${none - some} s`);
    assert.ok(secondsOf({ ...costs(0.2, 1), proved: '1-47' }) > some);
  });
});
