import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalLease } from '../../../services/control/adapters/local/lease.ts';
import { createLocalRecords } from '../../../services/control/adapters/local/records.ts';
import { createStorageClock } from '../../../services/control/adapters/local/storage-clock.ts';
import { describeLeaseContract } from '../../contracts/lease.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeLease } from '../../fakes/fake-lease.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeLeaseContract('fake', () => {
  const clock = new FakeClock();
  return { lease: new FakeLease({ clock }), advance: (ms) => clock.advance(ms), now: clock.now };
});

describeLeaseContract('local', (t) => {
  const clock = new FakeClock();
  const records = createLocalRecords({ dir: temporaryFolder(t) });
  const lease = createLocalLease({ records, clock, storageNow: async () => clock.now() });
  return { lease, advance: (ms) => clock.advance(ms), now: clock.now };
});

test('a local lease outlives the process that took it, and ends although nobody gives it back', async (t) => {
  const dir = temporaryFolder(t);
  const clock = { now: () => Date.now() };
  const lease = () =>
    createLocalLease({
      records: createLocalRecords({ dir }),
      clock,
      storageNow: createStorageClock({ dir }),
    });
  assert.notEqual(await lease().acquire('killed', 300), null);
  assert.equal(await lease().acquire('next', 300), null);
  await new Promise((resolve) => setTimeout(resolve, 320));
  assert.notEqual(await lease().acquire('next', 300), null);
});

test('a clock that was set back locks nobody out', async (t) => {
  const records = createLocalRecords({ dir: temporaryFolder(t) });
  const clock = new FakeClock();
  const lease = createLocalLease({ records, clock, storageNow: async () => clock.now() });
  await lease.acquire('killed', 30_000);
  clock.advance(-3_600_000);
  assert.notEqual(await lease.acquire('next', 30_000), null);
});
