import { join } from 'node:path';
import { test } from 'node:test';
import { createCloudRecords } from '../../services/control/adapters/gcp/records.ts';
import { createWritePace } from '../../services/control/adapters/gcp/write-pace.ts';
import { noIncrementIsLost } from '../contracts/killed-writers.ts';
import { storageWorld } from './storage/storage-world.ts';

test('records in Cloud Storage lose no increment of processes that are killed at random', {
  timeout: 60_000,
}, async (t) => {
  const { storage, openBucket } = await storageWorld(t);
  const records = createCloudRecords({ openBucket, bucket: 'state', pace: createWritePace(0) });
  const script = join(import.meta.dirname, 'increment.ts');
  await noIncrementIsLost(records, ['a', 'b', 'c'], script, [storage.url]);
});
