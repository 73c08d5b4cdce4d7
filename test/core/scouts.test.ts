import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isWorthScouting, scoutsOf } from '../../services/control/core/scouts.ts';

describe('scouts', () => {
  const cases: readonly [readonly number[], readonly number[]][] = [
    [[], []],
    [[7], [7]],
    [
      [7, 9],
      [7, 9],
    ],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [
      [1, 2, 3, 4],
      [1, 2, 4],
    ],
    [
      [10, 20, 30, 40, 50],
      [10, 30, 50],
    ],
  ];
  for (const [frames, scouts] of cases)
    test(`of ${frames.join(', ') || 'nothing'} are ${scouts.join(', ') || 'none'}`, () => {
      assert.deepEqual(scoutsOf(frames), scouts);
      assert.equal(isWorthScouting(frames), frames.length > 3);
    });

  test('are at most three of the frames, the first and the last among them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5000), { minLength: 1 }), (unsorted) => {
        const frames = unsorted.toSorted((a, b) => a - b);
        const scouts = scoutsOf(frames);
        assert.ok(scouts.length <= 3 && scouts.every((frame) => frames.includes(frame)));
        assert.ok(scouts[0] === frames[0] && scouts.at(-1) === frames.at(-1));
      }),
    );
  });
});
