import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunRecord } from '../../services/control/core/run.ts';
import { createWorld, HOUR, pass, upload, type World, workOff } from './world.ts';

const later = (of: World, hours: number) => ({
  finishBy: new Date(of.clock.now() + hours * HOUR).toISOString(),
});

async function runs(of: World): Promise<readonly RunRecord[]> {
  const names = await of.records.list('runs/');
  return names.map((name) => of.records.valueAt(name) as RunRecord);
}

/** Shots in the order in which the manager hands their tasks out. */
async function order(of: World): Promise<readonly string[]> {
  const names = new Map((await runs(of)).map(({ id, shot }) => [id, shot]));
  const jobs = of.manager.callsOf('submit').map(([job]) => job as { runId: string; priority: number });
  return jobs.sort((a, b) => b.priority - a.priority).map(({ runId }) => names.get(runId) ?? runId);
}

/** One pass after the other, each in its turn; the farm takes longer than they all. */
async function uploadAll(of: World, shots: readonly (readonly [string, Record<string, unknown>])[]) {
  for (const [shot, settings] of shots) {
    await upload(of, { frames: '1-4', chunkSize: 1, video: false, ...settings }, shot);
    await pass(of, 2);
  }
  await pass(of, 12);
}

describe('a run with a deadline and no priority of its own', () => {
  test('goes before those that have none or a later one, and after those that have a nearer one', async () => {
    const of = createWorld();
    await uploadAll(of, [
      ['none', {}],
      ['in10h', later(of, 10)],
      ['in1h', later(of, 1)],
      ['in4h', later(of, 4)],
      ['in2h', later(of, 2)],
      ['none2', {}],
    ]);
    assert.deepEqual(await order(of), ['in1h', 'in2h', 'in4h', 'in10h', 'none', 'none2']);
  });

  test('goes after an older one whose deadline is about as near', async () => {
    const of = createWorld();
    await uploadAll(of, [
      ['older', later(of, 1.1)],
      ['newer', later(of, 1)],
    ]);
    assert.deepEqual(await order(of), ['older', 'newer']);
  });

  test('does not go before what a person put higher', async () => {
    const of = createWorld();
    await uploadAll(of, [
      ['high', { priority: 60 }],
      ['near', later(of, 1)],
    ]);
    assert.deepEqual(await order(of), ['high', 'near']);
  });

  test('that is past goes before nobody', async () => {
    const of = createWorld();
    await uploadAll(of, [
      ['none', {}],
      ['past', later(of, -1)],
    ]);
    assert.deepEqual(await order(of), ['none', 'past']);
  });

  test('has the one that a person gave, be it the usual one', async () => {
    const of = createWorld();
    await uploadAll(of, [
      ['none', {}],
      ['usual', { priority: 50, ...later(of, 1) }],
    ]);
    assert.deepEqual(await order(of), ['none', 'usual']);
  });

  test('is the same again when it is uploaded once more, whoever else waits then', async () => {
    const of = createWorld();
    const settings = { frames: '1-4', ...later(of, 1000) };
    await uploadAll(of, [['shot', settings]]);
    await workOff(of);
    await pass(of, 3);
    assert.deepEqual(
      (await runs(of)).map(({ state }) => state),
      ['completed'],
    );
    await uploadAll(of, [
      ['other', later(of, 2000)],
      ['shot', settings],
    ]);
    assert.deepEqual((await runs(of)).map(({ shot }) => shot).sort(), ['other', 'shot']);
  });
});
