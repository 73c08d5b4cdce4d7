import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startService, until } from './service.ts';

describe('two services in one folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-two-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  test('the one that ends leaves the farm to the one that works', async (t) => {
    const bucket = join(folder, 'both-live');
    const first = await startService(t, { bucket });
    await first.post('/farm/wake', { minutes: 60 });
    const since = await until('the farm', async () => {
      const { farm } = await first.status();
      return farm?.stage === 'ready' || farm?.stage === 'letting-go' ? farm.since : undefined;
    });
    const second = await startService(t, { bucket });
    assert.equal(await second.stop(), 0);
    assert.match(second.said(), /the farm stays up: another Tablao works in this folder/);
    const { farm } = await first.status();
    assert.equal(farm.since, since, `the farm is ${farm.stage}`);
    assert.equal(await first.stop(), 0);
    assert.doesNotMatch(first.said(), /the farm stays up/);
  });
});
