import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expectedTimes, learn, PARTS, partAt, rareFactor } from '../../services/control/core/frame-times.ts';
import { timesByPart } from '../../services/control/core/neighbours.ts';
import type { FrameRecord } from '../../services/control/core/proof.ts';
import { NEW_RUN } from '../../services/control/core/run.ts';

const NOW = 1_000_000_000;
const record = (seconds: number): FrameRecord => ({
  ...{ frame: 1, run: 'r', state: 'done', attempt: 1, startedAt: null, worker: 'w', seconds, loadSeconds: 0 },
  ...{ peakMemoryMiB: null, device: null, files: [], warnings: [], error: null },
});

/** A run of so many frames of which these have ended, by place; `ages` = running ones at a place, for so long. */
function runOf(
  frames: number,
  ended: readonly (readonly [place: number, seconds: number])[],
  ages: readonly (readonly [place: number, age: number])[] = [],
) {
  const times = ended.reduce(
    (sum, [place, seconds]) => learn(sum, record(seconds), partAt(place, frames)),
    NEW_RUN.times,
  );
  const standstill = Object.fromEntries(
    ages.map(([place, age]) => [`t${place}`, { steps: 1, since: NOW - age * 1000 }]),
  );
  const running = ages.map(([place]) => ({ taskId: `t${place}`, part: partAt(place, frames) }));
  return timesByPart({ times, standstill }, running, USUAL, NOW);
}

const USUAL = 100;
const isAbout = (value: number | undefined, wanted: number) => {
  assert.ok(value !== undefined && Math.abs(value / wanted - 1) < 0.15, `${value}, not about ${wanted}`);
};

/** The first ones of a run, one after the other. */
function inOrder(count: number, seconds: (place: number) => number): readonly (readonly [number, number])[] {
  return many(count, (place) => [place, seconds(place)] as const);
}

function many<T>(count: number, of: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => of(index));
}

/** The same wavering for everyone: 48 to 72 s. */
const wavering = (index: number) => 60 + 12 * Math.sin(index * 2.4);

describe('frames of which some still run', () => {
  const known = (ended: readonly number[], ages: readonly number[]) => {
    const times = ended.reduce((sum, seconds) => learn(sum, record(seconds), 0), NEW_RUN.times);
    const marks = ages.map((age, at) => [`t${at}`, { steps: 1, since: NOW - age * 1000 }]);
    return expectedTimes({ times, standstill: Object.fromEntries(marks) }, NOW);
  };

  test('take what those that have ended took, where none runs', () => {
    const { mean, spread } = known(many(50, wavering), []);
    isAbout(mean, 60);
    assert.ok(spread > 0.1 && spread < 0.2, `${spread}`);
  });

  test('have a spread, too, where their records say that they took no time', () => {
    assert.deepEqual(Object.values(known([0, 0, 0], [])).map(Number.isFinite), [true, true]);
  });

  test('are slower and differ more than the first to end, where some have run for longer than these', () => {
    const first = known(many(5, wavering), []);
    const young = known(many(5, wavering), [5, 5, 5]);
    isAbout(young.mean, first.mean);
    const old = known(many(5, wavering), [300, 250, 200]);
    assert.ok(old.mean > 140 && old.mean < 240, `${old.mean}`);
    assert.ok(old.spread > 2 * first.spread, `${old.spread}`);
  });
});

describe('frame times by part', () => {
  const everywhere = (value: boolean) => many(PARTS, () => value);

  test('are the same everywhere where they only waver; far from all that has ended nothing is known', () => {
    const { seconds, isKnown } = runOf(240, inOrder(120, wavering));
    for (const one of seconds) isAbout(one, USUAL);
    assert.deepEqual(isKnown, [...many(14, () => true), ...many(10, () => false)]);
  });

  test('are those of anywhere while nothing has ended, or nobody knows where', () => {
    const nothing = { seconds: many(PARTS, () => USUAL), isKnown: everywhere(false) };
    assert.deepEqual(runOf(240, []), nothing);
    assert.deepEqual(
      runOf(
        240,
        inOrder(4, () => 0),
      ),
      nothing,
      'their records say that they took no time',
    );
    const { parts: _, ...old } = learn(NEW_RUN.times, record(60), 0);
    assert.deepEqual(timesByPart({ times: old, standstill: {} }, [], USUAL, NOW), nothing);
  });

  test('follow what the nearest ones took: where the last ones are slower, so are those behind them', () => {
    const { seconds } = runOf(
      240,
      inOrder(140, (place) => wavering(place) * (place < 120 ? 1 : 3)),
    );
    // All together took 77 s on average, and count as the usual 100 s.
    isAbout(seconds[4], (USUAL * 60) / 77);
    isAbout(seconds[20], (USUAL * 180) / 77);
  });

  test('are known everywhere where the first ones are spread over the run', () => {
    const spread = many(12, (at) => [20 * at, wavering(at) * (at < 8 ? 1 : 3)] as const);
    const { seconds, isKnown } = runOf(240, spread);
    assert.deepEqual(isKnown, everywhere(true));
    assert.ok((seconds[22] ?? 0) > 2 * (seconds[3] ?? 0), `${seconds}`);
  });

  test('are open where all near ones still run though others have ended: even odds that it is as long again', () => {
    const quick = many(16, (at) => [10 * at, wavering(at)] as const);
    const old = many(8, (at): [number, number] => [160 + 10 * at, 110]);
    const { seconds, isKnown } = runOf(240, quick, old);
    assert.ok((seconds[22] ?? 0) > 2 * 110 && (seconds[22] ?? 0) < 2.5 * 110, `${seconds}`);
    assert.ok((seconds[3] ?? 0) < USUAL);
    assert.deepEqual([isKnown[3], isKnown[22]], [true, false]);
    const young = many(8, (at): [number, number] => [160 + 10 * at, 30]);
    assert.deepEqual(runOf(240, quick, young).seconds, runOf(240, quick).seconds);
  });

  test('are not changed by one slow frame', () => {
    const one = runOf(240, [...inOrder(119, wavering), [119, 180]]);
    for (const seconds of one.seconds) isAbout(seconds, USUAL);
  });

  test('a place belongs to one of the parts, in order', () => {
    assert.deepEqual([partAt(0, 1), partAt(0, 240), partAt(239, 240)], [0, 0, PARTS - 1]);
  });
});

describe('a frame that hardly one is longer than', () => {
  const factorOf = (...all: readonly number[]) =>
    rareFactor(all.reduce((times, seconds) => learn(times, record(seconds), 0), NEW_RUN.times));

  test('takes a little more than the others where they are alike, and many times as long where they differ', () => {
    assert.ok(factorOf(58, 60, 62) < 1.3);
    const wide = factorOf(20, 60, 100, 300);
    assert.ok(wide > 15 && wide < 40, `${wide}`);
  });
});
