import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { begin, createWorld, HOUR, POOL, pass } from './world.ts';

describe('a worker that the manager does not know', () => {
  test('is a stranger when it was seen to run for a minute, not that long after it was ordered', async () => {
    const of = createWorld({ droughtMs: 100 * HOUR, pools: [{ ...POOL, max: 1 }] });
    of.workers.without.set(null, 'FailedScaleUp: none');
    await begin(of, { chunkSize: 1, video: false });
    await pass(of, 120);
    assert.deepEqual(of.workers.callsOf('remove'), [], 'it waits for a machine, for hours');
    of.workers.without.clear();
    await pass(of);
    assert.deepEqual(of.workers.callsOf('remove'), []);
    const [worker] = await of.workers.list();
    of.manager.forgetEverything();
    await pass(of);
    assert.deepEqual(of.workers.callsOf('remove'), [], 'how long ago it was started says nothing');
    await pass(of);
    assert.deepEqual(of.workers.callsOf('remove')[0], [worker?.name]);
  });
});
