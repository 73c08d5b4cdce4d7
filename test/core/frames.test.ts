import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chunkSizeFor, cutIntoChunks } from '../../services/control/core/chunks.ts';
import { formatFrames, framesOf, parseFrames } from '../../services/control/core/frames.ts';
import { frameFiles, outputNames } from '../../services/control/core/output-names.ts';
import { wantedWorkers } from '../../services/control/core/pool-size.ts';

const someFrames = fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 200 });

describe('frame expressions', () => {
  test('read what they write', () => {
    fc.assert(
      fc.property(someFrames, (frames) => {
        assert.deepEqual(
          framesOf(formatFrames(frames)),
          frames.toSorted((a, b) => a - b),
        );
      }),
    );
  });

  for (const bad of ['', '-5-3', '1-', '5-1', 'a', '1;2', '1-99999999', '1..5']) {
    test(`refuse "${bad}" with advice`, () => {
      const parsed = parseFrames(bad);
      assert.equal(parsed.ok, false);
      assert.ok(!parsed.ok && parsed.action.length > 10);
    });
  }
});

describe('chunks', () => {
  test('hold every frame once, in order', () => {
    fc.assert(
      fc.property(someFrames, fc.integer({ min: 1, max: 50 }), (frames, size) => {
        const sorted = frames.toSorted((a, b) => a - b);
        assert.deepEqual(
          cutIntoChunks(sorted, size).flatMap((chunk) => [...framesOf(chunk)]),
          sorted,
        );
      }),
    );
  });

  test('are as large as a person says, and one frame when frames are slow', () => {
    assert.equal(chunkSizeFor(100, 1, 4, 7), 7);
    assert.equal(chunkSizeFor(100, 3600, 1, null), 1);
  });
});

describe('the pool size', () => {
  const pool = {
    name: 'p',
    max: 20,
    pricePerHour: 0.2,
    tag: null,
    bootSeconds: 150,
    tailSeconds: 60,
    hasGpu: null,
    memoryGiB: null,
    isMemoryShared: false,
  };

  test('stays between 0 and what can run at all', () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.float({ min: 0, max: 10_000, noNaN: true }),
        fc.nat(100),
        (runnable, secondsPerTask, value) => {
          const size = wantedWorkers({ runnable, secondsPerTask }, pool, 0.2, value);
          assert.ok(size >= 0 && size <= Math.min(runnable, pool.max));
          assert.equal(size === 0, runnable === 0);
        },
      ),
    );
  });

  test('never falls when time is worth more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.nat(50),
        (runnable, secondsPerTask, value) => {
          const size = (perHour: number) => wantedWorkers({ runnable, secondsPerTask }, pool, 0.2, perHour);
          assert.ok(size(value + 10) >= size(value));
        },
      ),
    );
  });
});

describe('output names', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['//render/take_###', 'take_007.png', ['']],
    ['/tmp/', 'sh010_0007.png', ['']],
    ['//out/clip', 'clip0007.png', ['']],
    ['//out/a#b_####.png', 'a_b_0007.png', ['']],
    ['//out/{blend_name}_##', '_blend_name__07.png', ['']],
    ['//out/eye_####', 'eye_0007_L.png', ['_L', '_R']],
    // In bytes, and no character is cut in two: 40 of three bytes each.
    [`//out/${'\u65e5'.repeat(200)}_###`, `${'\u65e5'.repeat(40)}007.png`, ['']],
    [`//out/a${'\u65e5'.repeat(200)}`, `a${'\u65e5'.repeat(39)}0007.png`, ['']],
    [`//out/f${'#'.repeat(200)}${'x'.repeat(200)}`, `f${'7'.padStart(20, '0')}${'x'.repeat(40)}.png`, ['']],
  ];
  for (const [path, expected, views] of cases) {
    test(`make ${expected} of ${path}`, () => {
      const names = outputNames('film/sh010', path, '.png', views[0] === '' ? null : views);
      assert.equal(frameFiles(names, 7)[0], expected);
    });
  }
});
