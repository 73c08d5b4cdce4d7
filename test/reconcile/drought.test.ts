import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Policy, PoolVariant } from '../../services/control/core/model.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import {
  begin,
  command,
  createWorld,
  HOUR,
  MINUTE,
  memory,
  POOL,
  pass,
  restart,
  run,
  takeTasks,
  upload,
  type World,
  workOff,
} from './world.ts';

const variant = (name: string, pricePerHour: number, isSpot = true): PoolVariant => ({
  ...{ name, isSpot, pricePerHour },
  onDemandPricePerHour: 0.8,
});
const VARIANTS = [variant('p-spot', 0.2), variant('p-2', 0.25), variant('p-3', 0.8, false)];
const POOLS: Policy['pools'] = [{ ...POOL, variants: VARIANTS }];
const NONE = 'FailedScaleUp: GCE out of resources';
const settings = { chunkSize: 1, video: false };

const statusOf = (of: World) => of.records.valueAt('status.json') as StatusDocument;
const orders = (of: World) => of.workers.callsOf('order').map((args) => args[2]);
const runningOn = async (of: World) =>
  (await of.workers.list()).filter(({ state }) => state === 'running').map((worker) => worker.variant);

describe('workers for which there is no machine', () => {
  test('move on in the order of the configuration, and the status says why and for how much', async () => {
    const of = createWorld({ pools: POOLS });
    of.workers.without.set('p-spot', NONE);
    of.workers.without.set('p-2', NONE);
    await begin(of, settings);
    await pass(of, 8);
    assert.deepEqual([...new Set(orders(of))], ['p-spot', 'p-2', 'p-3']);
    assert.deepEqual(new Set(await runningOn(of)), new Set(['p-3']));
    const [pool] = statusOf(of).pools;
    assert.deepEqual([pool?.variant, pool?.pricePerHour], ['p-3', 0.8]);
    assert.match(pool?.reason ?? '', /p-3 is used instead of p-spot/);
    const moves = memory(of).decisions.filter(({ what }) => what.includes('move on'));
    assert.match(moves[0]?.what ?? '', /p-3 \(\$0\.8 an hour, not spot\)/);
    assert.match(moves[0]?.reason ?? '', /out of resources/);
  });

  test('are never more than the pool may have, and those that render stay', async () => {
    const of = createWorld({ pools: POOLS });
    await begin(of, settings);
    await takeTasks(of);
    const [first] = await of.workers.list();
    of.workers.without.set('p-spot', NONE);
    for (const { name } of (await of.workers.list()).slice(1)) of.workers.end(name, 'preempted');
    for (let passes = 0; passes < 10; passes += 1) {
      await pass(of);
      const living = (await of.workers.list()).filter(({ state }) => state !== 'ended');
      assert.ok(living.length <= POOL.max, `${living.length} workers`);
    }
    const running = (await of.workers.list()).filter(({ state }) => state === 'running');
    assert.ok(running.some(({ name }) => name === first?.name));
    assert.ok(running.some((worker) => worker.variant === 'p-2'));
  });

  test('are ordered on the first variant again after a while', async () => {
    const of = createWorld({ pools: POOLS });
    of.workers.without.set('p-spot', NONE);
    await begin(of, settings);
    await pass(of, 6);
    assert.deepEqual(new Set(await runningOn(of)), new Set(['p-2']));
    of.workers.without.clear();
    await pass(of, 20);
    for (const { name } of await of.workers.list()) of.workers.end(name, 'preempted');
    await pass(of, 5);
    assert.deepEqual(new Set(await runningOn(of)), new Set(['p-spot']));
    assert.equal(statusOf(of).pools[0]?.reason, null);
  });

  test('are given ten minutes while nobody says why they wait', async () => {
    const of = createWorld({ pools: POOLS });
    of.workers.without.set('p-spot', null);
    await begin(of, settings);
    assert.deepEqual([...new Set(orders(of))], ['p-spot']);
    await pass(of, 12);
    assert.deepEqual([...new Set(orders(of))], ['p-spot', 'p-2']);
  });

  for (const [who, why] of [
    ['the autoscaler says so', NONE],
    ['nobody says why', null],
  ] as const)
    test(`come to the last variant before there is said to be a drought (${who})`, async () => {
      const of = createWorld({ pools: POOLS, droughtMs: 5 * MINUTE });
      of.workers.without.set('p-spot', why);
      of.workers.without.set('p-2', why);
      await begin(of, settings);
      await pass(of, 30);
      assert.deepEqual(new Set(await runningOn(of)), new Set(['p-3']));
      assert.equal(memory(of).setback, null);
      assert.equal(of.farm.callsOf('delete').length, 0);
    });

  for (const [who, why, minutes] of [
    ['the autoscaler says so', NONE, 12],
    ['nobody says why', null, 40],
  ] as const)
    test(`bring the farm down when the last variant was tried in vain, too (${who})`, async () => {
      const of = createWorld({ pools: POOLS, droughtMs: 5 * MINUTE, idleTeardownMs: 0 });
      for (const { name } of VARIANTS) of.workers.without.set(name, why);
      await begin(of, settings);
      await pass(of, minutes);
      assert.equal(memory(of).setback?.kind, 'noMachines');
      assert.deepEqual([...new Set(orders(of))], ['p-spot', 'p-2', 'p-3']);
    });

  test('bring it down as well where none can even be ordered', async () => {
    const of = createWorld({ pools: POOLS, droughtMs: 5 * MINUTE, idleTeardownMs: 0 });
    of.workers.failUntilHealed('denied', 'order');
    await begin(of, settings);
    await pass(of, 40);
    assert.equal(memory(of).setback?.kind, 'noMachines');
    assert.match(memory(of).setback?.message ?? '', /^No worker could be ordered \(.*denied/);
  });

  test('pass over a variant for which the quotas leave none', async () => {
    const of = createWorld({ pools: POOLS });
    of.farm.limits = [{ pool: 'p', variant: 'p-2', workers: 0, message: 'none' }];
    of.workers.without.set('p-spot', NONE);
    await begin(of, settings);
    await pass(of, 6);
    assert.deepEqual(new Set(await runningOn(of)), new Set(['p-3']));
  });

  test('teach no boot times', async () => {
    const of = createWorld();
    of.workers.without.set(null, NONE);
    await begin(of, settings);
    await pass(of, 5);
    of.workers.without.clear();
    await pass(of, 3);
    assert.equal((await of.manager.workers()).length, 4);
    assert.deepEqual(memory(of).boots, {});
  });
});

describe('a drought', () => {
  const POLICY = { idleTeardownMs: 0 };

  async function dry(policy: Partial<Policy> = POLICY): Promise<World> {
    const of = createWorld(policy);
    of.workers.without.set(null, NONE);
    await begin(of, settings);
    await pass(of, 22);
    return of;
  }

  test('takes the farm down, says why and when it is tried again, and looks no sooner', async () => {
    const of = await dry();
    assert.equal((await of.farm.look()).state, 'absent');
    const { farm } = statusOf(of);
    assert.equal(farm.stage, 'absent');
    assert.match(
      farm.reason ?? '',
      /^No machine was to be had .*out of resources.*; tried again at \d\d:\d\d UTC$/,
    );
    const { state, reason } = await run(of);
    assert.deepEqual([state, reason?.code], ['queued', 'noMachines']);
    const next = Date.parse(statusOf(of).nextLookAt) - of.clock.now();
    assert.ok(next > 60_000, `${next} ms`);
  });

  test('says why nobody begins when it is no want of machines', async () => {
    const of = createWorld(POLICY);
    of.workers.without.set(null, 'ImagePullBackOff: denied');
    await begin(of, settings);
    await pass(of, 6);
    assert.match(
      statusOf(of).pools[0]?.reason ?? '',
      /^Worker p-\d+ does not begin: ImagePullBackOff: denied\.$/,
    );
    await pass(of, 16);
    assert.match(statusOf(of).farm.reason ?? '', /^None of its workers began \(ImagePullBackOff: denied\)/);
  });

  test('is waited out for longer each time, and what waits is rendered when it is over', async () => {
    const of = await dry();
    const first = memory(of).setback;
    await pass(of, 45);
    const second = memory(of).setback;
    assert.deepEqual([first?.times, second?.times], [1, 2]);
    assert.equal(of.farm.callsOf('create').length, 2);
    restart(of, 'two');
    of.workers.without.clear();
    await pass(of, 45);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
    assert.equal(memory(of).setback, null);
  });

  test('ends nothing while one worker runs', async () => {
    const of = createWorld();
    await begin(of, settings);
    const [first, ...others] = await of.workers.list();
    for (const { name } of others) of.workers.end(name, 'preempted');
    of.workers.without.set(null, NONE);
    await pass(of, 40);
    assert.equal((await of.farm.look()).state, 'up');
    assert.equal((await of.workers.list()).find(({ name }) => name === first?.name)?.state, 'running');
  });

  test('ends no worker that begins in the very pass in which the farm was to go', async () => {
    const of = createWorld();
    of.workers.without.set(null, NONE);
    await begin(of, settings);
    while (of.clock.now() - (memory(of).drySince ?? of.clock.now()) < 19 * MINUTE) await pass(of);
    of.farm.onCall = (when) => {
      if (when === 'after' && of.farm.calls.at(-1)?.method === 'pushDeadman') of.workers.without.clear();
    };
    await pass(of);
    assert.notEqual(memory(of).setback, null, 'it was to go');
    assert.equal((await of.farm.look()).state, 'up');
    await pass(of);
    assert.equal(memory(of).setback, null);
  });

  test('is no less one for a look that fails now and then', async () => {
    const of = createWorld(POLICY);
    of.workers.without.set(null, NONE);
    await begin(of, settings);
    for (let minute = 0; minute < 30; minute += 1) {
      if (minute % 10 === 9) of.manager.failNext('tasks', 'transient');
      await pass(of);
    }
    assert.equal(memory(of).setback?.kind, 'noMachines');
  });

  test('is none while nobody is ordered because some job cannot be read', async () => {
    const of = createWorld(POLICY);
    of.workers.capacity = 0;
    await upload(of, settings);
    await upload(of, settings, 'film/sh020');
    await pass(of, 12);
    const [blind] = await of.manager.jobs();
    const { tasks } = of.manager;
    of.manager.tasks = (id) =>
      id === blind?.id
        ? Promise.reject(new PortError('transient', 'it times out'))
        : tasks.call(of.manager, id);
    for (const { name } of await of.workers.list()) of.workers.vanish(name);
    of.workers.capacity = 4;
    await pass(of, 40);
    assert.deepEqual(await of.workers.list(), []);
    assert.equal(memory(of).setback, null);
    assert.equal((await of.farm.look()).state, 'up');
  });

  test('that was long ago makes the next one no longer', async () => {
    const of = await dry();
    await pass(of, 45);
    assert.equal(memory(of).setback?.times, 2);
    await command(of, { kind: 'cancel', runId: (await run(of)).id });
    await pass(of);
    of.clock.advance(24 * HOUR);
    await upload(of, settings, 'film/sh020');
    await pass(of, 40);
    assert.equal(memory(of).setback?.times, 1);
  });

  test('is tried again at once when a person wakes the farm', async () => {
    const of = await dry();
    await command(of, { kind: 'wake', minutes: 60 });
    await pass(of, 2);
    assert.equal((await of.farm.look()).state, 'creating');
    assert.equal((await run(of)).reason?.code, 'queued');
  });
});

describe('a quota', () => {
  const limit = (workers: number, name: string | null = null) => ({
    ...{ pool: 'p', variant: name, workers },
    message: 'CPUS: 46 of 48 are in use',
  });

  test('caps the pool and is told before a worker is ordered', async () => {
    const of = createWorld();
    of.farm.limits = [limit(2)];
    await upload(of, settings);
    await pass(of, 3);
    assert.equal(of.workers.callsOf('order').length, 0);
    assert.equal(statusOf(of).pools[0]?.reason, 'At most 2 workers: CPUS: 46 of 48 are in use.');
    await pass(of, 9);
    assert.equal((await of.workers.list()).length, 2);
    assert.ok(of.farm.callsOf('quotas').length <= 4, 'looked up now and then');
  });

  test('that leaves nothing moves the pool on, and one that cannot be read caps nothing', async () => {
    const of = createWorld({ pools: POOLS });
    of.farm.limits = [limit(0, 'p-spot')];
    await begin(of, settings);
    assert.deepEqual(new Set(await runningOn(of)), new Set(['p-2']));
    const other = createWorld();
    other.farm.limits = [limit(2)];
    other.farm.failUntilHealed('transient', 'quotas');
    await begin(other, settings);
    assert.equal((await other.workers.list()).length, 4);
  });

  test('is not asked for while nothing wants a farm', async () => {
    const of = createWorld();
    await pass(of, 10);
    assert.equal(of.farm.callsOf('quotas').length, 0);
  });
});
