import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { framesOf } from '../../services/control/core/frames.ts';
import { callsApart } from './calls-apart.ts';
import {
  allTasks,
  begin,
  createWorld,
  dieAfter,
  endTasks,
  HOUR,
  memory,
  pass,
  restart,
  run,
  takeTasks,
  upload,
  type World,
  workOff,
} from './world.ts';

const settings = { chunkSize: 2, video: false, frameMinutesLimit: 1000 };

/** A farm of an hour, with the tasks of four workers in hand when it ends. */
async function untilOld(of: World): Promise<void> {
  await begin(of, settings);
  await takeTasks(of);
  for (let passes = 0; (await run(of)).stopping === null && passes < 70; passes += 1) await pass(of);
  assert.equal((await run(of)).stopping?.code, 'farmAge');
}

const old = () => createWorld({ maxFarmMs: HOUR });

async function framesSubmitted(of: World): Promise<readonly number[]> {
  const orders = of.manager.callsOf('submit').map(([job]) => job as { settings: { chunks: string } });
  const chunks = new Set(orders.map(({ settings: { chunks } }) => chunks));
  return [...chunks].flatMap((all) => all.split(';')).flatMap((chunk) => [...framesOf(chunk)]);
}

describe('MAX_FARM_HOURS', () => {
  test('lets the running frames end, takes the farm down, and goes on with a new one', async () => {
    const of = old();
    await untilOld(of);
    assert.match((await run(of)).reason?.message ?? '', /^The farm is as old as MAX_FARM_HOURS allows/);
    await pass(of, 5);
    assert.equal(await takeTasks(of), 0);
    assert.equal((await of.farm.look()).state, 'up', 'a frame is still rendered');
    await endTasks(of);
    await pass(of, 2);
    assert.deepEqual((await run(of)).proved, '1-2,5-6,9-10,17-18');
    await pass(of, 14);
    assert.equal((await run(of)).state, 'queued');
    assert.equal((await run(of)).stopping, null);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
    const rendered = await framesSubmitted(of);
    assert.equal(rendered.length, 24 + 16, 'only the rest once more');
    assert.equal(of.farm.callsOf('delete').length > 0, true);
  });

  test('is no reason to order anybody for the old farm', async () => {
    const of = old();
    await untilOld(of);
    const ordered = of.workers.callsOf('order').length;
    await endTasks(of);
    await pass(of, 3);
    assert.equal(of.workers.callsOf('order').length, ordered);
  });

  test('waits a quarter of it for a frame that hangs, and not for ever', async () => {
    const of = old();
    await untilOld(of);
    await pass(of, 12);
    assert.equal((await of.farm.look()).state, 'up');
    await pass(of, 6);
    assert.notEqual((await of.farm.look()).state, 'up');
    assert.ok(memory(of).decisions.some(({ reason }) => /lived longer than MAX_FARM_HOURS/.test(reason)));
    await pass(of, 12);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('lets a run that comes meanwhile wait for the new farm', async () => {
    const of = old();
    await untilOld(of);
    const ordered = of.workers.callsOf('order').length;
    of.clock.advance(1);
    await upload(of, settings, 'film/sh020');
    await pass(of, 5);
    assert.equal((await run(of)).shot, 'film/sh020');
    assert.equal((await run(of)).reason?.code, 'farmAge');
    assert.equal((await of.manager.jobs()).length, 1);
    assert.equal(of.workers.callsOf('order').length, ordered);
    for (const { id, status } of await allTasks(of))
      if (status === 'active') of.manager.endTask(id, 'completed');
    await pass(of, 4);
    assert.notEqual((await of.farm.look()).state, 'up', 'it keeps nobody of the old farm');
    await pass(of, 25);
    assert.equal((await of.manager.jobs()).length, 2, 'both are with the new one');
  });

  test('loses no frame when the service dies at any call', async () => {
    let hasDied = true;
    for (let calls = 1; hasDied; calls += callsApart(13)) {
      const of = old();
      await begin(of, settings);
      await takeTasks(of);
      await pass(of, 52);
      if (calls % 2 === 0) await endTasks(of);
      const death = dieAfter(of, calls);
      for (let ticks = 0; ticks < 4; ticks += 1) await pass(of).catch(() => {});
      hasDied = death.revive();
      restart(of, 'two');
      await pass(of);
      await endTasks(of);
      await pass(of, 16);
      await workOff(of);
      assert.equal((await run(of)).state, 'completed', `died at call ${calls}`);
      assert.equal((await framesSubmitted(of)).length, 24 + 16, `died at call ${calls}`);
    }
  });
});
