import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { secondsUntilDone } from '../../services/control/core/forecast.ts';
import { expectedSeconds, learnLoading, leastSeconds } from '../../services/control/core/frame-times.ts';
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

/** None has ended, and a record of one that runs says that it loaded in no time. */
const loadedAtOnce = (ages: readonly number[]) => {
  const run = runWith(0, 0, ages);
  return { ...run, times: learnLoading(run.times, 0) };
};

describe('the seconds that a frame is taken to need', () => {
  test('are the mean of those that ended, while none runs as long', () => {
    assert.ok(Math.abs(expectedSeconds(runWith(10, 60, [10, 20]), NOW) - 60) < 0.5);
  });

  test('grow with a running frame that takes longer, by more than it has taken', () => {
    const expected = expectedSeconds(runWith(3, 60, [180]), NOW);
    assert.ok(expected > (3 * 60 + 180) / 4 && expected < 120, `${expected} s`);
  });

  test('grow when one has ended and many run as long already: the first to end are the fastest', () => {
    const alone = expectedSeconds(runWith(1, 100, []), NOW);
    const first = expectedSeconds(
      runWith(
        1,
        100,
        Array.from({ length: 11 }, () => 99),
      ),
      NOW,
    );
    assert.equal(alone, 100);
    assert.ok(first > 110 && first < 180, `${first} s`);
  });

  test('are half as much again as running ones have taken, before the first has ended', () => {
    assert.equal(expectedSeconds(loadedAtOnce([200, 200, 200]), NOW), (120 + 3 * 300) / 4);
  });

  test('know nothing of one that may be loading still: no record says yet that loading is over', () => {
    assert.equal(expectedSeconds(runWith(0, 0, [290, 290]), NOW), 120);
    assert.equal(expectedSeconds(runWith(0, 0, [500]), NOW), (120 + 300) / 2);
  });

  test('leave out what a task took to load, where it is known', () => {
    const run = runWith(3, 60, [130]);
    const loaded = { ...run, times: { ...run.times, loads: 2, sumLoadSeconds: 200 } };
    assert.ok(expectedSeconds(loaded, NOW) < 61 && expectedSeconds(run, NOW) > 70);
  });

  test('never fall below the mean, and rise little above the longest that is known', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }),
        (frames, seconds, ages) => {
          const expected = expectedSeconds(runWith(frames, seconds, ages), NOW);
          assert.ok(expected >= seconds * 0.999 && expected <= 1.6 * Math.max(seconds, ...ages) + 1e-9);
        },
      ),
    );
  });

  test('are at the very least what a running one has taken, before any has ended', () => {
    assert.equal(leastSeconds(runWith(0, 0, []), NOW), 5);
    assert.equal(leastSeconds(loadedAtOnce([40, 70]), NOW), 70);
    assert.equal(leastSeconds(runWith(0, 0, [40, 70]), NOW), 5);
  });
});

const hurry = (seconds: number, given = seconds) => ({ seconds, given });

const left = (queued: number, secondsPerTask: number, freeAt: readonly number[] = []) => ({
  ...{ queued, secondsPerTask, freeAt, leastPerTask: secondsPerTask },
  ...{ framesPerTask: 1, aroundPerTask: 0, isKnown: true, isLike: false },
  ...{ unoccupied: [], elsewhere: [] as readonly number[] },
});

describe('the forecast', () => {
  const until = (queued: number, seconds: number, freeAt: readonly number[], more: number) =>
    secondsUntilDone(left(queued, seconds, freeAt), more, 150);

  test('is whole waves where frames are long, and not over before those who are busy are done', () => {
    const hours = (workers: number) => (until(6, 3600, [], workers) - 150) / 3600;
    assert.ok(hours(6) >= 1 && hours(6) < 1.1, `${hours(6)} h with six`);
    assert.ok(
      hours(5) > 1.5 && hours(3) > 1.9 && hours(3) < 2.4,
      `${hours(5)} h with five, ${hours(3)} h with three`,
    );
    // Who boots takes it: one more would bring nothing.
    assert.ok(until(1, 3600, [150], 0) - until(1, 3600, [150], 1) < 5);
    assert.equal(Math.round(until(0, 100, [0, 500], 0)), 500);
    assert.equal(until(1, 100, [], 0), Number.POSITIVE_INFINITY);
  });

  test('is the work shared out, and half a task, where frames are short and boots differ', () => {
    assert.ok(Math.abs(until(200, 10, [], 10) - (150 + 200 + 5)) < 3);
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
          const more = moreWorkers(left(queued, secondsPerTask, freeAt), many, worth(value));
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
          const more = (perHour: number) => moreWorkers(left(queued, secondsPerTask), many, worth(perHour));
          assert.ok(more(value + 10) >= more(value));
        },
      ),
    );
  });

  test('are not ordered when they would boot after the work is gone', () => {
    const pool = { ...many, bootSeconds: 60 };
    const more = (queued: number, seconds: number, freeAt: readonly number[]) =>
      moreWorkers(left(queued, seconds, freeAt), pool, worth(50));
    assert.equal(more(2, 29, [0, 0]), 0);
    assert.ok(more(20, 60, [0, 0]) > 0);
  });

  test('are few while nobody knows how long a frame takes, unless even the quickest frames would keep more busy', () => {
    const more = (leastPerTask: number, freeAt: readonly number[] = [], isKnown = false) =>
      moreWorkers({ ...left(1000, 60, freeAt), leastPerTask, isKnown }, many, worth(1.8));
    assert.equal(more(1), 10);
    assert.equal(more(1, [0, 0, 0]), 7);
    assert.ok(more(10) > 15 && more(10) < 30, `${more(10)}`);
    assert.ok(more(1, [], true) > 40);
  });

  test('are none when those who have no task, or boot, take all that waits', () => {
    const work = left(2, 3600, [150, 150, 3000]);
    assert.equal(moreWorkers({ ...work, unoccupied: [150, 150] }, many, worth(50)), 0);
    assert.equal(moreWorkers({ ...work, queued: 4, unoccupied: [150, 150] }, many, worth(50)), 2);
  });

  test('are not one or two for a large team: the next look may see it otherwise', () => {
    const more = (freeAt: number) => {
      const team = Array.from({ length: 30 }, () => freeAt);
      return moreWorkers(left(200, 100, team), many, worth(1.8));
    };
    const counts = Array.from({ length: 60 }, (_, index) => more(index * 10));
    assert.ok(counts.every((count) => count === 0 || count >= 3));
    assert.ok(counts.some((count) => count >= 3) && counts.includes(0), counts.join());
  });

  test('are enough for a deadline that can be met, at the least cost; for one that cannot, as fast as is worth anything', () => {
    const more = (by: number) => moreWorkers(left(100, 600), many, worth(0), hurry(by));
    const free = more(Number.POSITIVE_INFINITY);
    assert.ok(free < 40);
    assert.ok(secondsUntilDone(left(100, 600), more(2000), 150) <= 2000);
    assert.ok(secondsUntilDone(left(100, 600), more(2000) - 1, 150) > 2000);
    assert.equal(more(10), 100);
  });

  describe('while nobody knows how long a frame takes, and a deadline is to be kept', () => {
    const unknown = { ...left(240, 120), leastPerTask: 5, isKnown: false };
    const more = (by: number, given = by, of: Partial<typeof unknown> = {}) =>
      moreWorkers({ ...unknown, ...of }, many, worth(0), hurry(by, given));

    test('are few where there is time to see the first frame', () => {
      assert.equal(more(Number.POSITIVE_INFINITY), 2);
      assert.ok(more(36_000) < 10, 'ten hours');
      assert.equal(more(9000), 10, 'two and a half');
    });

    test('are enough for frames of three minutes, if the others come when the first has ended', () => {
      const count = more(1000);
      const until = (first: number) => {
        const team = Array.from({ length: first }, () => 150);
        const othersAt = 150 + 180 + 45 + 150;
        return secondsUntilDone(left(240, 180, team), 100 - first, othersAt) + 0.4 * 180;
      };
      assert.ok(count > 20 && count < 60, `${count}`);
      assert.ok(until(count) <= 1000 && until(count - 1) > 1000);
    });

    test('are more when the farm came late: how long a frame may take was meant for one that comes in time', () => {
      assert.ok(more(700, 1000) > more(700, 700), `${more(700, 1000)}, ${more(700, 700)}`);
    });

    test('are all where even the shortest frames would be late', () => assert.equal(more(150), 100));

    test('are as many as frames like those of an earlier run need', () => {
      const like = (each: number) =>
        more(1000, 1000, { isLike: true, secondsPerTask: each, leastPerTask: each / 2 });
      assert.ok(like(20) <= 12 && like(150) > 20 && like(150) < like(200), `${like(20)}, ${like(150)}`);
    });

    test('are a number even for frames that took no time', () => {
      assert.ok(
        more(1000, 1000, { isLike: true, secondsPerTask: 0, leastPerTask: 0, aroundPerTask: 0 }) <= 100,
      );
    });

    test('are not put off until the first has ended, once it runs for long: it may be lost with its machine', () => {
      const after = (seconds: number) =>
        more(5000, 5000, { queued: 48, freeAt: [50], leastPerTask: seconds });
      assert.equal(after(60), 9, 'ten in all');
      assert.ok(after(600) >= 20, `${after(600)}`);
    });

    test('are fewer where workers that have a task of another run come before a boot', () => {
      const team = Array.from({ length: 20 }, () => 20);
      const [own, elsewhere] = [
        more(1000, 1000, { freeAt: team }),
        more(1000, 1000, { freeAt: team, elsewhere: team }),
      ];
      assert.ok(elsewhere < own, `${elsewhere}, ${own}`);
    });

    test('are not one for each frame where all of them could begin at once: two or three follow each other', () => {
      const count = more(400, 400, { queued: 40 });
      assert.ok(count >= 12 && count <= 24, `${count}`);
    });
  });

  test('cost nothing on machines that cost nothing: everybody is wanted', () => {
    assert.equal(moreWorkers({ ...left(7, 30), isKnown: false }, { ...many, pricePerHour: 0 }, worth(2)), 7);
  });

  test('are all that there are tasks for, once a near deadline has no time for a slow frame to be lost', () => {
    const unknown = { ...left(30, 120, [50]), isKnown: false };
    const more = (leastPerTask: number, bySeconds: number) =>
      moreWorkers({ ...unknown, leastPerTask }, many, worth(0), hurry(bySeconds));
    assert.equal(more(80, 3000), 29 + 1);
    assert.equal(more(10, 3000), 9, 'short frames so far: the first ones are waited for');
    assert.equal(more(80, 7000), 9, 'there is time');
  });
});
