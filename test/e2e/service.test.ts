import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Service, startService, until } from './service.ts';

describe('the service on one machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-service-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  async function raiseFarm(service: Service): Promise<string> {
    await service.post('/farm/wake', { minutes: 60 });
    return until('the farm', async () => {
      const { farm } = await service.status();
      return farm?.stage === 'ready' ? farm.since : undefined;
    });
  }

  test('makes one pass at a time, whoever asks for one', async (t) => {
    const service = await startService(t, { bucket: join(folder, 'ticks') });
    await raiseFarm(service);
    const answers = await Promise.all([1, 2, 3].map(() => service.post('/tick', {})));
    for (const { body } of answers)
      assert.deepEqual(body, { lookAgainAt: null, passes: 0, isElsewhere: true }, 'the ticker does it');
  });

  test('when it ends takes the farm down, though the terminal is closed', async (t) => {
    const bucket = join(folder, 'hang-up');
    const service = await startService(t, { bucket });
    await raiseFarm(service);
    const farm = join(bucket, '.tablao/farm/farm.json');
    assert.ok(existsSync(farm));
    assert.equal(await service.hangUp(), 0);
    assert.equal(existsSync(farm), false, 'the farm is down');
  });

  test('when it ends leaves the farm to another one that works in the same folder', async (t) => {
    const bucket = join(folder, 'both-live');
    const first = await startService(t, { bucket });
    const since = await raiseFarm(first);
    const second = await startService(t, { bucket });
    assert.equal(await second.stop(), 0);
    assert.match(second.said(), /the farm stays up: another Tablao works in this folder/);
    const { farm } = await first.status();
    assert.equal(farm.since, since, `the farm is ${farm.stage}`);
    assert.equal(await first.stop(), 0);
    assert.doesNotMatch(first.said(), /the farm stays up/);
  });
});
