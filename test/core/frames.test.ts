import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chunkSizesFor, cutIntoChunks, leastForLoading } from '../../services/control/core/chunks.ts';
import { formatFrames, framesOf, parseFrames } from '../../services/control/core/frames.ts';
import { frameFiles, outputNames } from '../../services/control/core/output-names.ts';

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
  const taught = (seconds: number) => ({ frames: 1, sumSeconds: seconds });
  const UNKNOWN = { frames: 0, sumSeconds: 0 };

  test('hold every frame once, each chunk frames that follow one another, in the sizes that were asked for', () => {
    fc.assert(
      fc.property(someFrames, fc.integer({ min: 1, max: 50 }), (frames, size) => {
        const sorted = frames.toSorted((a, b) => a - b);
        const sizes = chunkSizesFor(sorted.length, UNKNOWN, 20, size);
        const chunks = cutIntoChunks(sorted, sizes).map((chunk) => framesOf(chunk));
        assert.deepEqual(
          chunks.map((chunk) => chunk.length),
          sizes,
        );
        const inPlace = chunks.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
        assert.deepEqual(inPlace.flat(), sorted);
      }),
    );
  });

  test('are handed out spread over the shot: whatever the number, the first ones leave no large part out', () => {
    assert.deepEqual(cutIntoChunks(framesOf('1-9'), [2, 2, 2, 2, 1]), ['1-2', '8-9', '5-6', '3-4', '7']);
    for (const count of [8, 40, 77, 500]) {
      const all = cutIntoChunks(framesOf(`0-${count - 1}`), new Array<number>(count).fill(1)).map(Number);
      const first = [...all.slice(0, 8), count].sort((a, b) => a - b);
      const widest = Math.max(...first.map((frame, at) => frame - (first[at - 1] ?? 0)));
      assert.ok(widest <= count / 3, `${widest} of ${count}`);
    }
  });

  test('are as large as a person says, and one frame when frames are slow', () => {
    assert.deepEqual(chunkSizesFor(20, taught(1), 20, 7), [7, 7, 6]);
    assert.deepEqual(chunkSizesFor(3, taught(3600), 20, null), [1, 1, 1]);
  });

  test('are large at first and small at the end, never longer than ten minutes by what is known', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 200 }),
        (frames, seconds, most) => {
          const sizes = chunkSizesFor(frames, taught(seconds), most, null);
          assert.equal(
            sizes.reduce((sum, size) => sum + size, 0),
            frames,
          );
          assert.ok(sizes.every((size, at) => at === 0 || size <= (sizes[at - 1] ?? 0)));
          assert.ok((sizes.at(-1) ?? 0) <= Math.max(1, frames / 125));
          assert.ok((sizes[0] ?? 0) * seconds <= Math.max(600, seconds));
        },
      ),
    );
  });

  test('are few, so that loading costs little, but enough for everybody', () => {
    assert.ok(chunkSizesFor(1000, UNKNOWN, 50, null).length < 110);
    assert.ok(chunkSizesFor(240, UNKNOWN, 50, null).length >= 60);
    assert.equal(chunkSizesFor(30, UNKNOWN, 50, null).length, 30);
    const three = chunkSizesFor(60, UNKNOWN, 3, null).length;
    assert.ok(three >= 9 && three < 25, `${three} tasks for three workers`);
  });

  test('are larger where a shot loads for long, though never fewer than the workers that it is worth', () => {
    const heavy = { each: 10, around: 95 };
    // A fifth of loading would be 38 frames: 26 tasks for ten workers are thirty, without a last wave that is half empty.
    assert.equal(leastForLoading(1000, heavy, 10), 34);
    assert.equal(leastForLoading(200, heavy, 10), 20);
    assert.equal(leastForLoading(200, heavy, 3), 34);
    assert.equal(leastForLoading(1000, { each: 60, around: 10 }, 10), 1);
    const sizes = chunkSizesFor(200, taught(10), 50, null, false, 20);
    assert.deepEqual(new Set(sizes), new Set([20]));
    assert.ok(chunkSizesFor(200, taught(10), 50, null, true, 20).length > 40, 'unless it is in a hurry');
    assert.equal(chunkSizesFor(200, taught(10), 50, 3, false, 20)[0], 3);
  });

  test('are smaller in a hurry: one frame while there are fewer than six for each worker', () => {
    assert.deepEqual(new Set(chunkSizesFor(48, UNKNOWN, 50, null, true)), new Set([1]));
    assert.equal(chunkSizesFor(299, UNKNOWN, 50, null, true)[0], 1);
    assert.equal(chunkSizesFor(300, UNKNOWN, 50, null, true)[0], 2);
    assert.equal(chunkSizesFor(48, UNKNOWN, 50, 7, true)[0], 7);
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
