import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { watchScenes } from '../../../services/control/adapters/local/watch.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('tells of a file in a folder that came later, also when another folder has gone', {
  timeout: 10_000,
}, async (t) => {
  const dir = join(temporaryFolder(t), 'scenes');
  mkdirSync(join(dir, 'gone'), { recursive: true });
  const told = Promise.withResolvers<void>();
  const watching = watchScenes({
    dir,
    onChange: (path) => {
      if (path === 'film/shot.blend') told.resolve();
    },
  });
  t.after(() => watching.stop());
  rmSync(join(dir, 'gone'), { recursive: true });
  mkdirSync(join(dir, 'film'));
  // The watch of a new folder takes its moment to stand: a hint may be missed, so write until it is seen.
  const writing = setInterval(() => writeFileSync(join(dir, 'film', 'shot.blend'), 'x'), 20);
  t.after(() => clearInterval(writing));
  await told.promise;
  assert.ok(true);
});
