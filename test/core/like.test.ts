import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  expectedSeconds,
  learn,
  leastLikely,
  secondsAroundTask,
  secondsPerFrame,
} from '../../services/control/core/frame-times.ts';
import { likenessOf, withLearned } from '../../services/control/core/like.ts';
import { NEW_RUN } from '../../services/control/core/run.ts';

const NOW = 1_000_000_000;
const PICTURE = { engine: 'CYCLES', isOnGpu: false, work: 2_000_000 * 64 };
const record = (seconds: number, loadSeconds: number) => ({
  ...({
    frame: 1,
    run: 'r',
    state: 'done',
    attempt: 1,
    startedAt: null,
    worker: 'w',
    seconds,
    loadSeconds,
  } as const),
  ...{ peakMemoryMiB: null, device: null, files: [], warnings: [], error: null },
});

/** The first version of a shot when it has ended, its frames having taken so long. */
function ended(seconds: readonly number[], version: number | null = 1) {
  const times = seconds.reduce((sum, one) => learn(sum, record(one, 90), 0), NEW_RUN.times);
  return { times, version, picture: PICTURE };
}

describe('what the next version of a shot learns', () => {
  const learned = withLearned(null, ended([30, 40, 50]));

  test('is the mean of the frames, their spread and the loading', () => {
    assert.ok(learned !== null);
    assert.deepEqual([learned.version, learned.seconds, learned.loadSeconds], [1, 40, 90]);
    assert.ok(Math.abs(learned.spread - 0.204) < 0.001);
  });

  test('is not taken from a run without frames, nor from one with a few where more is known', () => {
    assert.equal(withLearned(null, ended([])), null);
    assert.equal(withLearned(null, ended([10, 10, 10], null)), null);
    assert.equal(withLearned(learned, ended([1, 1], 2)), learned);
    assert.equal(withLearned(learned, ended([1, 1, 1], 2))?.version, 2);
    assert.equal(withLearned(null, ended([7]))?.seconds, 7);
  });

  test('is corrected by pixels and samples; another engine or kind of machine, or twenty times the picture, is not like it', () => {
    const like = (changes: object) => likenessOf(learned, { ...PICTURE, ...changes });
    assert.equal(like({})?.seconds, 40);
    assert.equal(like({ work: PICTURE.work * 4 })?.seconds, 160);
    assert.equal(like({ work: PICTURE.work / 8 })?.seconds, 5);
    assert.equal(like({ engine: 'BLENDER_EEVEE' }), null);
    assert.equal(like({ isOnGpu: true }), null);
    assert.equal(like({ work: PICTURE.work * 21 }), null);
    assert.equal(like({ work: 0 }), null);
    assert.equal(likenessOf(null, PICTURE), null);
    assert.equal(likenessOf({ ...(learned ?? assert.fail()), picture: null }, PICTURE)?.seconds, 40);
  });
});

describe('a run that is like an earlier one', () => {
  const like = { version: 1, seconds: 600, spread: 0.2, loadSeconds: 90 };
  const run = { times: NEW_RUN.times, standstill: {}, like };

  test('is taken to need as long, until its own frames say otherwise', () => {
    assert.deepEqual([expectedSeconds(run, NOW), secondsPerFrame(run)], [600, 600]);
    assert.equal(expectedSeconds(run, NOW, 10), 600, 'whatever other shots take');
    assert.equal(leastLikely(run, NOW), 300);
    const taught = { ...run, times: learn(NEW_RUN.times, record(20, 5), 0) };
    assert.deepEqual([expectedSeconds(taught, NOW), secondsPerFrame(taught)], [20, 20]);
  });

  test('is taken to load as long, until one has loaded', () => {
    assert.equal(secondsAroundTask(run), 95);
    assert.equal(secondsAroundTask({ ...run, times: learn(NEW_RUN.times, record(20, 5), 0) }), 10);
    assert.equal(secondsAroundTask({ ...run, like: { ...like, loadSeconds: null } }), 10);
  });

  test('is overruled by frames that run for longer', () => {
    const standstill = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`t${at}`, { steps: 1, since: NOW - 2_000_000 }]),
    );
    assert.ok(expectedSeconds({ ...run, standstill }, NOW) > 2500);
  });
});
