import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { beyond, longestOf, secondsLeft } from '../../services/control/core/spread.ts';
import { lognormalOf, randomOf } from '../sim/random.ts';

const isAbout = (value: number, wanted: number, share: number) => {
  assert.ok(Math.abs(value / wanted - 1) < share, `${value}, not about ${wanted}`);
};

/** Drawn times, to count what the formulas say. */
function drawn(count: number, mean: number, spread: number): readonly number[] {
  const random = randomOf(1, 'spread', `${mean} ${spread}`);
  return Array.from({ length: count }, () => lognormalOf(random, mean, spread));
}

describe('what is left of a frame', () => {
  test('is nearly all of it at first, and never nothing', () => {
    assert.ok(Math.abs(secondsLeft(0, { mean: 60, spread: 0.2 }) - 60) < 1);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e4, noNaN: true }),
        fc.double({ min: 0.1, max: 1e4, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (age, mean, spread) => {
          const left = secondsLeft(age, { mean, spread });
          assert.ok(Number.isFinite(left) && left >= 0, `${left}`);
        },
      ),
    );
  });

  test('is a little where all take equally long, and as much again where they differ much', () => {
    assert.ok(secondsLeft(90, { mean: 60, spread: 0.2 }) < 15);
    assert.ok(secondsLeft(300, { mean: 60, spread: 1.5 }) > 150);
  });

  for (const [spread, age] of [
    [0.2, 65],
    [0.5, 90],
    [1.5, 120],
  ] as const)
    test(`beyond ${age} s is what those take that last so long, at a spread of ${spread}`, () => {
      const longer = drawn(40_000, 60, spread).filter((seconds) => seconds > age);
      const mean = longer.reduce((sum, one) => sum + one, 0) / longer.length;
      isAbout(beyond(age, { mean: 60, spread }).mean, mean, 0.05);
      const square = longer.reduce((sum, one) => sum + one ** 2, 0) / longer.length;
      // The square of times that differ much hangs on the few longest ones that were drawn.
      isAbout(beyond(age, { mean: 60, spread }).square, square, spread > 1 ? 0.3 : 0.1);
    });
});

test('the longest of many is as long as drawn ones are', () => {
  for (const [count, spread] of [
    [8, 0.2],
    [100, 0.2],
    [100, 1.5],
  ] as const) {
    const all = drawn(count * 400, 60, spread);
    const longest = Array.from({ length: 400 }, (_, at) =>
      Math.max(...all.slice(at * count, (at + 1) * count)),
    );
    longest.sort((a, b) => a - b);
    isAbout(longestOf(count, 0.5, { mean: 60, spread }), longest[200] ?? 0, 0.1);
    isAbout(longestOf(count, 0.9, { mean: 60, spread }), longest[360] ?? 0, 0.15);
  }
});
