import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorld, pass, upload } from './world.ts';

describe('the pool of a shot that never rendered', () => {
  for (const [checkFirst, most] of [
    ['auto', 1],
    ['always', 1],
    ['never', 4],
  ] as const)
    test(`CHECK_FIRST=${checkFirst}: ${most} ordered until the check has passed, also while the farm is made`, async () => {
      const of = createWorld({ checkFirst });
      await upload(of, { chunkSize: 1, video: false });
      await pass(of, 20);
      const ordered = of.workers.callsOf('order').flatMap(([, names]) => names as readonly string[]);
      assert.equal(ordered.length, most, ordered.join());
    });
});
