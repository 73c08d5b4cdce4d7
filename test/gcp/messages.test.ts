import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { cloudSettings } from '../../services/control/cloud-settings.ts';
import { composeCloudPorts } from '../../services/control/compose-cloud.ts';
import { parseConfig } from '../../services/control/config.ts';
import type { Outbox } from '../../services/control/core/outbox.ts';
import type { Records } from '../../services/control/ports/records.ts';
import { createNotifier } from '../../services/control/reconcile/notify.ts';
import { newFarmMemory } from '../../services/control/reconcile/state.ts';
import { isSigned, SECRET, startReceiver } from '../adapters/webhook/receiver.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import { aRun } from '../http/app-for-tests.ts';
import { storageWorld } from './storage/storage-world.ts';

async function outboxIn(records: Records): Promise<Outbox> {
  const record = await records.read('messages.json');
  assert.ok(record);
  return record.value as Outbox;
}

describe('messages of a project in the cloud', () => {
  test('are kept in Cloud Storage until the receiver has taken them', async (t) => {
    const receiver = await startReceiver(t);
    receiver.answer = (response) => response.writeHead(503).end();
    const env = { ...CLOUD_ENV, NOTIFY_WEBHOOK_URL: receiver.url, NOTIFY_WEBHOOK_SECRET: SECRET };
    const config = parseConfig(env, []);
    assert.ok(config.mode === 'cloud');
    const { storage } = await storageWorld(t, { buckets: [config.buckets.state] });
    let now = Date.now();
    const clock = { now: () => now };
    const log = { info: () => {}, warn: () => {} };
    const endpoints = { storage: { apiEndpoint: storage.url }, clock, writeGapMs: 0 };
    const begin = () => {
      const { records, messenger } = composeCloudPorts(cloudSettings(config), log, endpoints).ports;
      assert.ok(messenger);
      const hash = (text: string) => createHash('sha256').update(text).digest('hex');
      return { records, notifier: createNotifier({ records, messenger, hash, clock, log }) };
    };
    const standing = () => ({
      ...{ memory: newFarmMemory(0, 0), runs: [aRun({ state: 'rendering' })], now, day: '', month: '' },
      forecastOf: () => ({ p10: null, p50: null, p90: null }),
      policy: { monthlyBudgetDollars: null, budgetStop: 'drain' } as const,
    });
    const pass = async ({ notifier }: ReturnType<typeof begin>) => {
      const status = await notifier.note(standing());
      notifier.begin();
      await notifier.settle(() => true);
      return status;
    };

    const one = begin();
    assert.deepEqual(await pass(one), { waiting: 1, failure: null, lost: 0, lostReason: null });
    assert.match((await outboxIn(one.records)).failure?.message ?? '', /the receiver answered 503/);

    receiver.answer = (response) => response.writeHead(200).end();
    now += 5000;
    const two = begin();
    await pass(two);
    const [failed, taken, ...others] = receiver.got;
    assert.ok(failed && taken && isSigned(failed) && isSigned(taken));
    assert.deepEqual(others, []);
    assert.equal(taken.headers['webhook-id'], failed.headers['webhook-id']);
    assert.deepEqual((await outboxIn(two.records)).waiting, []);
  });
});
