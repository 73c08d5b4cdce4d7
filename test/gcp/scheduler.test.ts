import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCloudTicker, createScheduler } from '../../services/control/adapters/gcp/scheduler.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import { signedIn } from './gke-world.ts';
import { startScheduler } from './scheduler-stand-in.ts';

const TICK = 'projects/p/locations/europe-west1/jobs/tablao-tick';

async function world(t: { after(fn: () => unknown): void }) {
  const scheduler = await startScheduler(t, [{ name: TICK, schedule: '* * * * *' }]);
  const endpoint = { apiEndpoint: '127.0.0.1', port: scheduler.port, protocol: 'http' as const };
  const call = createScheduler({
    projectId: 'p',
    endpoint: { ...endpoint, authClient: signedIn() },
  });
  return { scheduler, call };
}

test("a kick runs the tick's job now, as often as it is asked", async (t) => {
  const { scheduler, call } = await world(t);
  const ticker = createCloudTicker(call, TICK);
  await ticker.kick();
  await ticker.kick();
  assert.deepEqual(scheduler.runs, [TICK, TICK]);
  assert.equal(scheduler.requests[0]?.headers.authorization, 'Bearer good');
});

test('a kick that fails is told, and not tried again in secret', async (t) => {
  const { scheduler, call } = await world(t);
  const missing = createCloudTicker(call, `${TICK}-2`);
  await assert.rejects(missing.kick(), (error) => isPortError(error, 'notFound'));
  scheduler.forget();
  scheduler.fail(/:run/, { kind: 'status', status: 503 }, 9);
  await assert.rejects(createCloudTicker(call, TICK).kick(), (error) => isPortError(error, 'transient'));
  assert.equal(scheduler.asked.length, 1);
});
