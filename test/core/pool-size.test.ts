import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { expectedSeconds } from '../../services/control/core/frame-times.ts';
import { isWorthBooting, wantedWorkers } from '../../services/control/core/pool-size.ts';
import { NEW_RUN } from '../../services/control/core/run.ts';
import { POOL } from '../reconcile/world.ts';

const NOW = 1_000_000_000;
const runWith = (frames: number, seconds: number, ages: readonly number[]) => ({
  times: { ...NEW_RUN.times, frames, sumSeconds: frames * seconds },
  standstill: Object.fromEntries(
    ages.map((age, index) => [`t${index}`, { steps: 0, since: NOW - age * 1000 }] as const),
  ),
});

describe('the seconds that a frame is taken to need', () => {
  test('are the mean of those that ended, while no running one takes longer', () => {
    assert.equal(expectedSeconds(runWith(10, 60, [10, 59]), NOW), 60);
  });

  test('grow with a running frame that takes longer, from the first one on', () => {
    assert.equal(expectedSeconds(runWith(3, 60, [180]), NOW), 90);
    assert.equal(expectedSeconds(runWith(0, 0, [90, 90, 90]), NOW), (30 + 3 * 90) / 4);
  });

  test('never fall below the mean, and never rise above the longest that is known', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }),
        (frames, seconds, ages) => {
          const expected = expectedSeconds(runWith(frames, seconds, ages), NOW);
          assert.ok(expected >= seconds - 1e-9 && expected <= Math.max(seconds, ...ages) + 1e-9);
        },
      ),
    );
  });
});

describe('workers', () => {
  test('are at least as many as a deadline asks for, within tasks and maximum', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.integer({ min: 1, max: 3000 }),
        fc.nat(100),
        (runnable, secondsPerTask, atLeast) => {
          const demand = { runnable, secondsPerTask };
          const size = wantedWorkers(demand, POOL, 0.2, 0, atLeast);
          assert.ok(size <= Math.min(runnable, POOL.max));
          // Whole waves: fewer workers are enough when they take as many rounds.
          const rounds = (workers: number) => Math.ceil(runnable / Math.max(1, workers));
          assert.ok(rounds(size) <= rounds(Math.min(atLeast, runnable, POOL.max)));
        },
      ),
    );
  });

  test('are not ordered when they would boot after the work is gone', () => {
    const pool = { ...POOL, bootSeconds: 60 };
    assert.equal(isWorthBooting({ runnable: 4, secondsPerTask: 30 }, pool, 2), false);
    assert.equal(isWorthBooting({ runnable: 5, secondsPerTask: 30 }, pool, 2), true);
    assert.equal(isWorthBooting({ runnable: 1, secondsPerTask: 1 }, pool, 0), true);
  });
});
