import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { totalOf } from '../../services/control/core/costs.ts';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';
import {
  begin,
  command,
  createWorld,
  dieAfter,
  HOUR,
  MINUTE,
  memory,
  POOL,
  pass,
  restart,
  takeTasks,
  upload,
  type World,
} from './world.ts';

const settings = { chunkSize: 1, video: false };
const statusOf = (of: World) => of.records.valueAt('status.json') as StatusDocument;

function told(of: World, shot: string): RunStatus {
  const found = statusOf(of).runs.find((run) => run.shot === shot);
  if (found === undefined) throw new Error(`nothing is told of ${shot}`);
  return found;
}

/** Of all runs together and of none. */
function spent(of: World): number {
  const { runs, money } = statusOf(of);
  const unshared = money.unshared === undefined ? 0 : totalOf(money.unshared);
  return runs.reduce((sum, { dollars }) => sum + dollars.soFar, unshared);
}

describe('what is given back', () => {
  // Four workers wait for machines, in the last minutes of a day; that there are none is said on the next.
  test('goes to those who paid, and nothing is ever below nothing', async () => {
    const of = createWorld({ pools: [{ ...POOL, bootSeconds: 600 }], droughtMs: HOUR });
    of.clock.advance(24 * HOUR - (of.clock.now() % (24 * HOUR)) - 12 * MINUTE);
    of.workers.without.set(null, null);
    await upload(of, settings, 'film/first');
    await pass(of, 11);
    await upload(of, settings, 'film/second');
    await pass(of, 2);
    const { id } = told(of, 'film/first');
    const paid = told(of, 'film/first').costs?.boot ?? 0;
    assert.ok(paid > 0.05 && (told(of, 'film/second').costs?.boot ?? 0) > 0, `$${paid}`);
    await command(of, { kind: 'cancel', runId: id });
    of.workers.without.set(null, 'FailedScaleUp: GCE out of resources');
    await pass(of);
    assert.equal(told(of, 'film/first').state, 'cancelled');
    for (const shot of ['film/first', 'film/second']) {
      const { dollars, costs } = told(of, shot);
      assert.ok(dollars.soFar > 0, `${shot}: $${dollars.soFar}`);
      assert.deepEqual([costs?.boot, costs?.idle], [0, 0], shot);
    }
    const { today, month } = statusOf(of).money;
    assert.equal(today, 0, 'more is given back than was paid on this day');
    assert.ok(Math.abs(spent(of) - month) < 1e-6, `$${spent(of)} of runs and none, $${month} in all`);
  });

  test('is what was counted while a clock was ahead', async () => {
    const of = createWorld();
    await begin(of, { ...settings, frameMinutesLimit: 6000 });
    await takeTasks(of);
    await pass(of);
    const before = memory(of).ledger.thisMonth;
    of.clock.advance(5 * HOUR);
    await pass(of);
    assert.ok(memory(of).ledger.thisMonth > before + 4);
    of.clock.advance(-5 * HOUR);
    await pass(of);
    // Two passes, a minute each: four workers and the farm.
    const usual = (2 * (4 * 0.2 + 0.2)) / 60;
    const { thisMonth } = memory(of).ledger;
    assert.ok(Math.abs(thisMonth - before - usual) < 0.01, `$${thisMonth}, $${before} before`);
    assert.ok(Math.abs(spent(of) - thisMonth) < 1e-6);
  });
});

test('a farm that is said to be gone and is not is counted once', async () => {
  const of = createWorld();
  await begin(of, { ...settings, frameMinutesLimit: 6000 });
  await takeTasks(of);
  await pass(of, 60);
  const before = memory(of).ledger.thisMonth;
  const look = of.farm.look.bind(of.farm);
  of.farm.look = async () => {
    of.farm.look = look;
    return { state: 'absent' };
  };
  await pass(of, 3);
  // Three passes, a minute each, of four workers and the farm.
  const usual = (3 * (4 * 0.2 + 0.2)) / 60;
  const { thisMonth } = memory(of).ledger;
  assert.ok(Math.abs(thisMonth - before - usual) < 0.01, `$${thisMonth}, $${before} before`);
});

test('what a run is charged first is counted once when the service dies at any call', async () => {
  for (let calls = 1, hasDied = true; hasDied; calls += 1) {
    const of = createWorld();
    await command(of, { kind: 'wake', minutes: 120 });
    await pass(of, 10);
    await upload(of, settings);
    await pass(of);
    const death = dieAfter(of, calls);
    await pass(of, 2).catch(() => {});
    hasDied = death.revive();
    of.clock.advance(5 * MINUTE);
    restart(of, `after ${calls}`);
    await pass(of);
    const { month } = statusOf(of).money;
    assert.ok(
      Math.abs(spent(of) - month) < 1e-4,
      `${calls}: $${spent(of)} of runs and none, $${month} in all`,
    );
  }
});
