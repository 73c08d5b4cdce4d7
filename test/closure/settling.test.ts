import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sight } from '../../services/control/core/draft.ts';
import { stillSettling } from '../../services/control/core/judge-inputs.ts';
import { NEW_RUN, type RunRecord } from '../../services/control/core/run.ts';
import { catalogOf } from './bucket.ts';

const SETTLE_MS = 20_000;
const catalog = catalogOf({
  blends: {
    'film/a.blend': ['//lib/b.blend', { path: '//cache', kind: 'cache', shape: 'folder', isOptional: true }],
    'film/lib/b.blend': ['//tex/wood.png'],
  },
  files: [],
});

/** Whether the shot waits still, 20 s after it came and so long after that upload. */
function waits(path: string, agoMs: number, change: Partial<RunRecord> = {}): boolean {
  const now = SETTLE_MS;
  const run = { ...NEW_RUN, scenePath: 'film/a.blend', receivedAt: 0, ...change } as RunRecord;
  const observed = { catalog, memory: { recentUploads: [{ path, at: now - agoMs }] } };
  const sight = { observed, policy: { settleMs: SETTLE_MS }, now };
  return stillSettling(sight as never as Sight, run) !== null;
}

describe('an upload that goes on', () => {
  for (const path of ['film/other.png', 'film/lib/tex/bark.png', 'film/cache/data/fluid_0001.vdb'])
    test(`keeps a shot waiting while files come to where its own are: ${path}`, () => {
      assert.deepEqual([waits(path, SETTLE_MS - 1), waits(path, SETTLE_MS)], [true, false]);
    });

  for (const path of ['film2/x.png', 'film/lib/y/x.png', 'film/cache2/x.vdb', 'film/a.blend'])
    test(`elsewhere matters to no shot: ${path}`, () => assert.equal(waits(path, 0), false));

  test('is waited for also by a version that follows one which was overwritten, not by one that a person sent', () => {
    assert.equal(waits('film/x.png', 0, { isReleased: true }), true);
    assert.equal(waits('film/x.png', 0, { isExplicit: true }), false);
    assert.equal(waits('film/x.png', 0, { requestedBy: 'me' }), false);
  });
});
