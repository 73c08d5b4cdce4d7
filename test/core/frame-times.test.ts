import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { learn, PARTS, partAt, secondsLeft, trendAhead } from '../../services/control/core/frame-times.ts';
import type { FrameRecord } from '../../services/control/core/proof.ts';
import { NEW_RUN } from '../../services/control/core/run.ts';

const NOW = 1_000_000_000;
const record = (seconds: number): FrameRecord => ({
  ...{ frame: 1, run: 'r', state: 'done', attempt: 1, startedAt: null, worker: 'w', seconds, loadSeconds: 0 },
  ...{ peakMemoryMiB: null, device: null, files: [], warnings: [], error: null },
});

/** A run of so many frames of which these have ended, in order; `ages` = running ones at a place, for so long. */
function runOf(frames: number, ended: readonly number[], ages: readonly [place: number, age: number][] = []) {
  const times = ended.reduce(
    (sum, seconds, place) => learn(sum, record(seconds), partAt(place, frames)),
    NEW_RUN.times,
  );
  const standstill = Object.fromEntries(
    ages.map(([place, age]) => [`t${place}`, { steps: 1, since: NOW - age * 1000 }]),
  );
  const running = ages.map(([place]) => ({ taskId: `t${place}`, part: partAt(place, frames) }));
  return trendAhead({ times, standstill }, running, NOW);
}

function many<T>(count: number, of: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => of(index));
}

/** The same wavering for everyone: 48 to 72 s. */
const wavering = (index: number) => 60 + 12 * Math.sin(index * 2.4);

describe('the trend of frame times', () => {
  test('is none where they only waver, and nothing is known of what has not been seen', () => {
    const { factor, unseen } = runOf(240, many(120, wavering));
    assert.ok(Math.abs(factor - 1) < 0.05, `${factor}`);
    assert.ok(unseen > 0.45 && unseen < 0.6, `${unseen}`);
    assert.deepEqual(runOf(240, []), { factor: 1, unseen: 1 });
    assert.equal(runOf(240, [0, 0, 0, 0]).factor, 1, 'nor where their records say that they took no time');
  });

  test('shows when the last ones are slower, also in those that still run', () => {
    const slower = runOf(
      240,
      many(140, (index) => wavering(index) * (index < 120 ? 1 : 3)),
    );
    assert.ok(slower.factor > 1.9 && slower.factor < 2.6, `${slower.factor}`);
    const running = many(12, (at): [number, number] => [120 + at, 150]);
    const seen = runOf(240, many(120, wavering), running);
    assert.ok(seen.factor > 1.8, `${seen.factor}`);
  });

  test('is not told by one slow frame, nor by running ones that are younger than most', () => {
    const one = runOf(240, [...many(119, wavering), 180]);
    assert.ok(one.factor < 1.2, `${one.factor}`);
    const young = many(12, (at): [number, number] => [120 + at, 30]);
    assert.equal(runOf(240, many(120, wavering), young).factor, runOf(240, many(120, wavering)).factor);
  });

  test('a place belongs to one of the parts, in order', () => {
    assert.deepEqual([partAt(0, 1), partAt(0, 240), partAt(239, 240)], [0, 0, PARTS - 1]);
  });
});

describe('what is left of a frame', () => {
  test('is nearly all of it at first, and never nothing', () => {
    assert.ok(Math.abs(secondsLeft(0, 60, 0.2) - 60) < 1);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e4, noNaN: true }),
        fc.double({ min: 0.1, max: 1e4, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (age, mean, spread) => {
          const left = secondsLeft(age, mean, spread);
          assert.ok(Number.isFinite(left) && left >= 0, `${left}`);
        },
      ),
    );
  });

  test('is a little where all take equally long, and as much again where they differ much', () => {
    assert.ok(secondsLeft(90, 60, 0.2) < 15);
    assert.ok(secondsLeft(300, 60, 1.5) > 150);
  });
});
