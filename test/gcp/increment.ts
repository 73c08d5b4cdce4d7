// One of several processes that count up in one record until it is killed: records.test.ts starts it.
// argv: the address of Cloud Storage, the name of this process. Its own count goes up by one for each increment that it
// knows of.
import { createCloudRecords } from '../../services/control/adapters/gcp/records.ts';
import { createWritePace } from '../../services/control/adapters/gcp/write-pace.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import { clientOf } from './storage/storage-world.ts';

const [url = '', name = ''] = process.argv.slice(2);
const records = createCloudRecords({
  openBucket: clientOf(url),
  bucket: 'state',
  pace: createWritePace(0),
});

for (;;) {
  try {
    await increment();
  } catch (error) {
    if (!isPortError(error, 'conflict', 'transient')) throw error;
  }
}

async function increment(): Promise<void> {
  const seen = await records.read('count.json');
  const counts = countsOf(seen?.value);
  const own = (counts[name] ?? 0) + 1;
  const next = { ...counts, [name]: own, total: (counts.total ?? 0) + 1 };
  if (seen === null) await records.create('count.json', next);
  else await records.replace('count.json', next, seen.generation);
  process.stdout.write(`${own}\n`);
}

function countsOf(value: unknown): Record<string, number> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
