import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_COSTS, totalOf } from '../../services/control/core/costs.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import {
  allTasks,
  begin,
  createWorld,
  MINUTE,
  memory,
  POOL,
  pass,
  restart,
  run,
  upload,
  workOff,
} from './world.ts';

const BIG = { ...POOL, name: 'big', memoryGiB: 64, tag: 'tag-of-big', pricePerHour: 1 };

describe('several pools', () => {
  test('a run is rendered by workers of its own pool, and pays their price', async () => {
    const of = createWorld({ pools: [POOL, BIG], fixedPricePerHour: 0 });
    await begin(of, { memoryGiB: 40 });
    const workers = await of.workers.list();
    assert.deepEqual([...new Set(workers.map((worker) => worker.pool))], ['big']);
    const [job] = await of.manager.jobs();
    assert.equal(of.manager.submittedAs(job?.id ?? '')?.workerTag, 'tag-of-big');
    await of.workers.order('p', ['p-99']);
    of.clock.advance(MINUTE);
    const { id } = await run(of);
    const before = totalOf(memory(of).costs[id] ?? NO_COSTS);
    const running = (await of.workers.list()).filter(
      ({ state, pool }) => state === 'running' && pool === 'big',
    ).length;
    await pass(of);
    assert.ok(running > 0);
    assert.ok(Math.abs(totalOf(memory(of).costs[id] ?? NO_COSTS) - before - (2 * running) / 60) < 1e-9);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  for (const [asked, found] of [
    ['auto', 'optix'],
    ['gpu', 'optix'],
    ['cpu', 'cpu'],
  ] as const)
    test(`where GPUs are paid for, "${asked}" is rendered on ${found}`, async () => {
      const of = createWorld({ pools: [{ ...POOL, hasGpu: true, gpuDevice: 'optix' }] });
      await begin(of, { device: asked });
      const [job] = await of.manager.jobs();
      const { plan = '' } = of.manager.submittedAs(job?.id ?? '')?.settings ?? {};
      assert.equal(JSON.parse(Buffer.from(String(plan), 'base64url').toString()).device, found);
    });

  test('workers of a pool that is not configured any more are let go when their task has ended', async () => {
    const of = createWorld();
    await begin(of);
    await of.workers.order('gone', ['gone-1']);
    await pass(of, 2);
    assert.equal(of.workers.isAlive('gone-1'), false);
    assert.ok((await allTasks(of)).length > 0);
    assert.ok(memory(of).decisions.some(({ what }) => what === 'worker gone-1: let go'));
  });

  test('a run whose pool is not configured any more says so at once, and goes on when it is again', async () => {
    const of = createWorld({ pools: [POOL, BIG] });
    await begin(of, { memoryGiB: 40 });
    const changed = { ...of, policy: { ...of.policy, pools: [POOL] as const } };
    restart(changed, 'two');
    await pass(changed);
    const { state, reason } = await run(of);
    assert.deepEqual([state, reason?.code], ['queued', 'poolMissing']);
    assert.match(reason?.message ?? '', /waits for workers of pool "big", which is not configured any more/);
    assert.match(reason?.action ?? '', /Configure "big" again/);
    restart(of, 'three');
    await pass(of, 2);
    assert.notEqual((await run(of)).reason?.code, 'poolMissing');
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('for a run whose pool is gone nobody is ordered elsewhere; it goes on there with the next farm', async () => {
    const of = createWorld({ pools: [POOL, BIG], droughtMs: 10 * MINUTE });
    await begin(of, { memoryGiB: 10, pool: 'big' });
    const changed = { ...of, policy: { ...of.policy, pools: [POOL] as const } };
    restart(changed, 'two');
    await pass(changed, 9);
    const orders = () => of.workers.callsOf('order').filter(([pool]) => pool === 'p').length;
    assert.equal(orders(), 0);
    for (let passes = 0; passes < 20 && of.farm.callsOf('delete').length === 0; passes += 1)
      await pass(changed);
    assert.ok(of.farm.callsOf('delete').length > 0, 'no machine renders: the farm goes');
    of.manager.forgetEverything();
    await pass(changed, 30);
    const [job] = await of.manager.jobs();
    assert.equal(of.manager.submittedAs(job?.id ?? '')?.workerTag, null);
    assert.ok(orders() > 0);
    await workOff(changed);
    assert.equal((await run(of)).state, 'completed');
  });

  test('of a farm that has no machines of a pool the run says so at once, and what to do', async () => {
    const of = createWorld();
    of.workers.failUntilHealed('invalid', 'order');
    await begin(of);
    await pass(of);
    const { state, reason } = await run(of);
    assert.deepEqual([state, reason?.code], ['queued', 'poolMissing']);
    assert.match(reason?.message ?? '', /^No worker of pool "p" can be ordered .* made before/);
    assert.match(reason?.action ?? '', /^Tear the farm down/);
    await pass(of, 9);
    const orders = memory(of).decisions.filter(({ what }) => what.endsWith('more workers ordered'));
    assert.ok(orders.length <= 2, `told ${orders.length} times`);
    of.workers.heal();
    await pass(of, 2);
    assert.notEqual((await run(of)).reason?.code, 'poolMissing');
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('what is said of a pool without machines stays, though each refusal names other workers', async () => {
    const of = createWorld();
    of.workers.order = async (_, [name]) => {
      throw new PortError('invalid', `ordering worker ${name}`);
    };
    await begin(of);
    await pass(of);
    const { reason } = await run(of);
    assert.equal(reason?.code, 'poolMissing');
    await pass(of, 3);
    assert.deepEqual((await run(of)).reason, reason);
  });

  test('a machine runs no more workers at a time than have the memory that is asked for', async () => {
    for (const [memoryGiB, workers] of [
      [1, 4],
      [6, 2],
      [16, 1],
    ]) {
      const of = createWorld({ pools: [{ ...POOL, isMemoryShared: true }] });
      await begin(of, { memoryGiB, chunkSize: 1 });
      const living = (await of.workers.list()).filter(({ state }) => state !== 'ended');
      assert.equal(living.length, workers, `${memoryGiB} GiB`);
    }
  });

  for (const [settings, code] of [
    [{ pool: 'spot' }, 'badSettings'],
    [{ device: 'gpu' }, 'gpuMissing'],
    [{ memoryGiB: 17 }, 'notEnoughMemory'],
  ] as const) {
    test(`${JSON.stringify(settings)} is rejected before anything is raised, and goes on when corrected`, async () => {
      const of = createWorld();
      await upload(of, settings);
      await pass(of, 3);
      assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['rejected', code]);
      assert.deepEqual(of.farm.callsOf('create'), []);
      of.clock.advance(1);
      await upload(of, {});
      await pass(of, 16);
      assert.equal((await run(of)).state, 'queued');
    });
  }
});
