// One of several processes that count up in one record until it is killed: increments.test.ts starts it.
// argv: the address of Cloud Storage, the name of this process.
import { createCloudRecords } from '../../services/control/adapters/gcp/records.ts';
import { createWritePace } from '../../services/control/adapters/gcp/write-pace.ts';
import { countUp } from '../contracts/count-up.ts';
import { clientOf } from './storage/storage-world.ts';

const [url = '', name = ''] = process.argv.slice(2);
const records = createCloudRecords({
  openBucket: clientOf(url),
  bucket: 'state',
  pace: createWritePace(0),
});
await countUp(records, name);
