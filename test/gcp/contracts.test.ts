import { createCloudLease } from '../../services/control/adapters/gcp/lease.ts';
import { createCloudRecords } from '../../services/control/adapters/gcp/records.ts';
import { createCloudRenders } from '../../services/control/adapters/gcp/renders.ts';
import { createCloudScenes } from '../../services/control/adapters/gcp/scenes.ts';
import { createWritePace } from '../../services/control/adapters/gcp/write-pace.ts';
import { describeLeaseContract } from '../contracts/lease.ts';
import { describeRecordsContract } from '../contracts/records.ts';
import { describeRendersContract } from '../contracts/renders.ts';
import { describeScenesContract } from '../contracts/scenes.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { storageWorld } from './storage/storage-world.ts';

const pace = createWritePace(0);

describeScenesContract('Cloud Storage', async (t) => {
  const { storage, openBucket } = await storageWorld(t);
  return {
    scenes: createCloudScenes({ openBucket, bucket: 'scenes' }),
    put: (path, text) => void storage.put('scenes', path, text),
    remove: (path) => storage.remove('scenes', path),
  };
});

describeRendersContract('Cloud Storage', async (t) => {
  const { openBucket } = await storageWorld(t);
  return createCloudRenders({ openBucket, bucket: 'renders' });
});

describeRecordsContract('Cloud Storage', async (t) => {
  const { openBucket } = await storageWorld(t);
  return createCloudRecords({ openBucket, bucket: 'state', pace });
});

describeLeaseContract('Cloud Storage', async (t) => {
  const clock = new FakeClock();
  const { openBucket } = await storageWorld(t, { clock });
  const lease = createCloudLease({ openBucket, bucket: 'state', pace, clock });
  return { lease, advance: (ms) => clock.advance(ms), now: clock.now };
});
