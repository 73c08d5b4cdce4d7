import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolSample } from '../../services/control/core/pool-sample.ts';
import { createHistory } from '../../services/control/reconcile/history.ts';
import { FakeRecords } from '../fakes/fake-records.ts';
import { aStatus } from '../http/app-for-tests.ts';

const START = Date.parse('2026-11-24T09:00:00.000Z');

function statusAt(seconds: number, busy: number) {
  const pool = { name: 'cpu', wanted: busy, booting: 0, busy, idle: 0, draining: 0, pricePerHour: 0.2 };
  return aStatus({ asOf: new Date(START + seconds * 1000).toISOString(), pools: [pool] });
}

async function samplesIn(records: FakeRecords): Promise<readonly PoolSample[]> {
  const record = await records.read('history.json');
  assert.ok(record);
  return (record.value as { samples: readonly PoolSample[] }).samples;
}

describe('the history', () => {
  it('takes a sample at most every 20 s while things move, and every 10 minutes at rest', async () => {
    const records = new FakeRecords();
    const history = createHistory(records);
    for (const [seconds, busy] of [
      [0, 1],
      [19, 2],
      [20, 2],
      [600, 2],
      [619, 2],
      [620, 2],
    ] as const)
      await history.add(statusAt(seconds, busy));
    const seconds = (await samplesIn(records)).map(({ at }) => (Date.parse(at) - START) / 1000);
    assert.deepEqual(seconds, [0, 20, 620]);
  });

  it('goes on after a restart, and stays small', async () => {
    const records = new FakeRecords();
    let history = createHistory(records);
    for (let index = 0; index < 800; index += 1) {
      if (index % 300 === 0) history = createHistory(records);
      await history.add(statusAt(index * 60, index));
    }
    const samples = await samplesIn(records);
    assert.ok(samples.length > 360 && samples.length <= 720, `${samples.length}`);
    assert.equal(samples.at(-1)?.busy, 799);
    assert.equal(samples[0]?.busy, 0);
    assert.ok(JSON.stringify(samples).length < 120_000);
  });

  it('breaks no pass when it cannot be written', async () => {
    const records = new FakeRecords();
    records.failNext('overwrite', 'transient');
    await createHistory(records).add(statusAt(0, 1));
    assert.equal(records.callsOf('overwrite').length, 1, 'it was tried');
  });
});
