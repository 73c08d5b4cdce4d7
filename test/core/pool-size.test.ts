import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { secondsUntilDone } from '../../services/control/core/forecast.ts';
import { expectedSeconds } from '../../services/control/core/frame-times.ts';
import { moreWorkers } from '../../services/control/core/pool-size.ts';
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
  });

  test('are half as much again as running ones have taken, before the first has ended', () => {
    assert.equal(expectedSeconds(runWith(0, 0, [90, 90, 90]), NOW), (30 + 3 * 135) / 4);
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

const left = (queued: number, secondsPerTask: number, freeAt: readonly number[] = []) => ({
  ...{ queued, secondsPerTask, freeAt },
});

describe('the forecast', () => {
  test('is whole waves, and not over before those who are busy are done', () => {
    const until = (queued: number, freeAt: readonly number[], more: number) =>
      Math.round(secondsUntilDone(left(queued, 100, freeAt), more, 150));
    assert.equal(until(10, [], 10), 250);
    assert.equal(until(10, [], 5), 350);
    assert.equal(until(10, [], 6), 350);
    assert.equal(until(2, [0, 30], 0), 130);
    assert.equal(until(3, [0, 30], 0), 200);
    assert.equal(until(0, [0, 500], 0), 500);
    assert.equal(until(1, [], 0), Number.POSITIVE_INFINITY);
  });

  const someWork = fc.record({
    queued: fc.integer({ min: 1, max: 300 }),
    secondsPerTask: fc.integer({ min: 1, max: 5000 }),
    freeAt: fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 20 }),
  });

  test('never gets longer with one more worker', () => {
    fc.assert(
      fc.property(someWork, fc.nat(30), (work, more) => {
        const slack = 1 + work.secondsPerTask * 0.002;
        assert.ok(secondsUntilDone(work, more + 1, 150) <= secondsUntilDone(work, more, 150) + slack);
      }),
    );
  });
});

describe('more workers', () => {
  const many = { ...POOL, max: 100, bootSeconds: 150, tailSeconds: 60, pricePerHour: 0.2 };
  const worth = (valueOfTimePerHour: number) => ({ fixedPricePerHour: 0.2, valueOfTimePerHour });

  test('are none for no task, and never more than tasks or maximum', () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.integer({ min: 1, max: 5000 }),
        fc.array(fc.nat(1000), { maxLength: 120 }),
        fc.nat(100),
        (queued, secondsPerTask, freeAt, value) => {
          const more = moreWorkers(left(queued, secondsPerTask, freeAt), many, worth(value), true);
          assert.ok(more >= 0 && more <= queued && more <= Math.max(0, many.max - freeAt.length));
          if (queued > 0 && freeAt.length === 0) assert.ok(more > 0);
        },
      ),
    );
  });

  test('are never fewer when time is worth more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 10, max: 5000 }),
        fc.nat(50),
        (queued, secondsPerTask, value) => {
          const more = (perHour: number) =>
            moreWorkers(left(queued, secondsPerTask), many, worth(perHour), true);
          assert.ok(more(value + 10) >= more(value));
        },
      ),
    );
  });

  test('are not ordered when they would boot after the work is gone', () => {
    const pool = { ...many, bootSeconds: 60 };
    const more = (queued: number, seconds: number, freeAt: readonly number[]) =>
      moreWorkers(left(queued, seconds, freeAt), pool, worth(50), true);
    assert.equal(more(2, 29, [0, 0]), 0);
    assert.ok(more(20, 60, [0, 0]) > 0);
  });

  test('are few while nobody knows how long a frame takes', () => {
    const more = (isKnown: boolean, freeAt: readonly number[] = []) =>
      moreWorkers(left(1000, 30, freeAt), many, worth(1.8), isKnown);
    assert.equal(more(false), 10);
    assert.equal(more(false, [0, 0, 0]), 7);
    assert.ok(more(true) > 20);
  });

  test('are enough for a deadline that can be met, at the least cost; for one that cannot, as fast as is worth anything', () => {
    const more = (by: number) => moreWorkers(left(100, 600), many, worth(0), true, by);
    const free = more(Number.POSITIVE_INFINITY);
    assert.ok(free < 40);
    assert.ok(secondsUntilDone(left(100, 600), more(2000), 150) <= 2000);
    assert.equal(more(2000), 34);
    assert.equal(more(10), 100);
  });

  test('cost nothing on machines that cost nothing: everybody is wanted', () => {
    assert.equal(moreWorkers(left(7, 30), { ...many, pricePerHour: 0 }, worth(2), false), 7);
  });
});
