import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tellUploads } from '../../../services/control/adapters/local/upload-events.ts';
import { FakeRecords } from '../../fakes/fake-records.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('tells of a file that came just before it began to watch', { timeout: 20_000 }, async (t) => {
  const scenesDir = join(temporaryFolder(t), 'scenes');
  mkdirSync(join(scenesDir, 'film'), { recursive: true });
  writeFileSync(join(scenesDir, 'film', 'shot.blend'), 'x');
  // A copy that keeps the time of the original.
  utimesSync(join(scenesDir, 'film', 'shot.blend'), 1000, 1000);
  const records = new FakeRecords();
  const kicked = Promise.withResolvers<void>();
  const onError = (error: unknown) => kicked.reject(error);
  const ticker = { kick: async () => kicked.resolve() };
  const telling = tellUploads({ scenesDir, records, ticker, onError });
  t.after(() => telling.stop());
  await kicked.promise;
  const [name = ''] = await records.list('commands/');
  assert.deepEqual(records.valueAt(name), { kind: 'uploaded', path: 'film/shot.blend', generation: null });
});
