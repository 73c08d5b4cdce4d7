import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Draft } from '../../services/control/core/draft.ts';
import { suspectWorkers } from '../../services/control/core/suspects.ts';
import { aRun } from '../http/app-for-tests.ts';

const cases: readonly [string, number, readonly string[], readonly string[]][] = [
  ['after one failure', 1, ['a'], []],
  ['after two on the same', 2, ['a'], ['a']],
  ['after two on different ones', 2, ['a', 'b'], []],
  ['after two of which nobody knows where', 2, [], []],
  ['when the frame is given up', 3, ['a'], []],
];

describe('a worker is suspected', () => {
  for (const [when, attempts, workers, expected] of cases)
    test(`${expected.length > 0 ? '' : 'not '}${when}`, () => {
      const trouble = { frame: 1, attempts, message: 'it broke', log: '', workers };
      const run = aRun({ troubles: [trouble] });
      const draft = { runs: new Map([[run.id, run]]) } as unknown as Draft;
      assert.deepEqual([...suspectWorkers(draft)], expected);
    });
});
