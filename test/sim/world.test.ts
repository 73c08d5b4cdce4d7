import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Gate } from './service.ts';
import {
  createSimWorld,
  memoryOf,
  runsOf,
  runToEnd,
  type SimWorld,
  startService,
  USUAL_CLOUD,
  upload,
  type WorldOptions,
} from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STEADY = { ...USUAL_CLOUD, preemptionsPerHour: 0 };
const SHOT = { loadSeconds: 5, memoryGiB: 4, secondsOf: () => 60 };

/** A world with one service that lets its farm go at once. */
function start(options: Partial<WorldOptions> = {}): SimWorld {
  const world = createSimWorld({ seed: 1, cloud: STEADY, policy: { idleTeardownMs: 0 }, ...options });
  startService(world, { skipsStill: true, onError: fail });
  return world;
}

function fail(error: unknown): never {
  throw error;
}

/** Lets time go on until this many workers have a task. */
async function untilBusy(world: SimWorld, count = 1): Promise<readonly string[]> {
  const busy = () => world.pool.running().filter((name) => world.pool.isBusy(name));
  const isOver = () => busy().length >= count;
  assert.ok(await world.clock.run(world.clock.now() + HOUR, isOver), 'nobody works');
  return busy();
}

/** The run's state, its frames, and what was lost. */
function outcome(world: SimWorld) {
  const [run] = runsOf(world);
  const { killedByUs, lostToPreemption } = world.tally;
  return { state: run?.state, proved: run?.proved, killedByUs, lostToPreemption };
}

const WHOLE = { state: 'completed', proved: '1-12', killedByUs: 0, lostToPreemption: 0 };

describe('the simulated world', () => {
  it('renders what is uploaded and is at zero afterwards', async () => {
    const world = start();
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await runToEnd(world, 3);
    assert.deepEqual(outcome(world), WHOLE);
    assert.equal(world.tally.sum('rendering'), 12 * 60);
    assert.deepEqual([world.bill.isQuiet, memoryOf(world)?.leftovers], [true, []]);
    assert.deepEqual([memoryOf(world)?.stage, await world.cluster.leftovers()], ['absent', []]);
  });

  it('is the same to the letter for the same seed, and another for another', async () => {
    const story = async (seed: number, skipsStill: boolean) => {
      const cloud = { ...USUAL_CLOUD, preemptionsPerHour: 3 };
      const world = createSimWorld({ seed, cloud, policy: { idleTeardownMs: 0 } });
      startService(world, { skipsStill });
      upload(world, 'film/s1', SHOT, { frames: '1-30' });
      await runToEnd(world, 6);
      return JSON.stringify([world.clock.now(), memoryOf(world)?.decisions, runsOf(world)]);
    };
    assert.equal(await story(5, true), await story(5, true));
    assert.notEqual(await story(5, true), await story(6, true));
  });

  it('comes to nearly the same whether still passes are left out or not', async () => {
    const end = async (skipsStill: boolean) => {
      const world = createSimWorld({ seed: 3, cloud: STEADY, policy: { idleTeardownMs: 0 } });
      let passes = 0;
      startService(world, { skipsStill, onPass: () => (passes += 1) });
      upload(world, 'film/s1', SHOT, { frames: '1-60' });
      await runToEnd(world, 6);
      return { passes, dollars: world.bill.dollars(world.clock.now()), at: runsOf(world)[0]?.endedAt ?? 0 };
    };
    const [all, some] = [await end(false), await end(true)];
    assert.ok(some.passes < all.passes, `${some.passes} passes of ${all.passes}`);
    assert.ok(Math.abs(some.at - all.at) <= MINUTE, `ended ${some.at - all.at} ms later`);
    assert.ok(Math.abs(some.dollars / all.dollars - 1) < 0.03, `$${some.dollars} and $${all.dollars}`);
  });

  it('bills the cluster from its order to its end, and workers from their order until they are released', async () => {
    const world = start({ cloud: { ...STEADY, clusterCreateSeconds: { median: 300, sigma: 0 } } });
    upload(world, 'film/s1', { ...SHOT, secondsOf: () => 3000 }, { frames: '1' });
    const began = world.clock.now();
    await runToEnd(world, 3);
    const now = world.clock.now();
    const { clusterFeePerHour, managerPricePerHour, spotPricePerHour } = STEADY;
    const fixed = ((now - began) / HOUR) * (clusterFeePerHour + managerPricePerHour);
    const billed = world.bill.dollars(now, 'cluster', 'manager');
    assert.ok(Math.abs(billed - fixed) < 0.0005, `$${billed} instead of $${fixed}`);
    // Boot (150 s, give or take), load and frame, release, and a poll at either end.
    const paid = (world.bill.dollars(now, 'worker') / spotPricePerHour) * 3600;
    assert.ok(paid > 3005 + 60 + 75 && paid < 3005 + 60 + 300 + 40, `${paid} s`);
  });
});

describe('simulated trouble', () => {
  it('a hanging creation is tried in the next zone, and what hangs is billed until it is gone', async () => {
    const world = start();
    world.cluster.creations.push('hangs');
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await world.clock.run(world.clock.now() + 20 * MINUTE);
    const farm = await world.cluster.look();
    assert.equal('zone' in farm && farm.zone, 'sim-b');
    assert.equal(world.bill.charged('cluster').length, 2);
    await runToEnd(world, 3);
    assert.equal(outcome(world).state, 'completed');
  });

  it('where all creations take longer than is usually waited for, the third one is waited for', async () => {
    const clusterCreateSeconds = { median: 900, sigma: 0 };
    const world = start({ cloud: { ...USUAL_CLOUD, clusterCreateSeconds, preemptionsPerHour: 0 } });
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await runToEnd(world, 3);
    assert.equal(outcome(world).state, 'completed');
    assert.equal(world.bill.items('cluster').length, 3);
  });

  it('a creation that fails is tried again', async () => {
    const world = start();
    world.cluster.creations.push('fails', 'fails');
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await runToEnd(world, 3);
    assert.deepEqual(outcome(world), WHOLE);
  });

  it('a preempted worker loses the frame in hand, and nothing else', async () => {
    const world = start();
    upload(world, 'film/s1', SHOT, { frames: '1-12', chunkSize: 4 });
    const [first] = await untilBusy(world, 3);
    await world.clock.run(world.clock.now() + 100_000);
    world.pool.preempt(first ?? '');
    await runToEnd(world, 3);
    assert.deepEqual(outcome(world), { ...WHOLE, lostToPreemption: 1 });
    // One frame was half done, and the shot was loaded once more.
    assert.equal(world.tally.sum('rendering'), 12 * 60);
    assert.ok(world.tally.sum('lost') > 0 && world.tally.sum('lost') < 60);
  });

  it('zone events take several at once', async () => {
    const world = start({ cloud: { ...STEADY, zoneEventsPerHour: 20 } });
    upload(world, 'film/s1', SHOT, { frames: '1-60' });
    await runToEnd(world, 12);
    assert.equal(outcome(world).state, 'completed');
    assert.ok(outcome(world).lostToPreemption >= 2);
  });

  it('in a stock-out nobody boots, and everybody who waits does afterwards', async () => {
    const stockouts = [{ fromSeconds: 0, toSeconds: 3600 }];
    const world = start({ cloud: { ...STEADY, stockouts } });
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await world.clock.run(world.clock.now() + 55 * MINUTE);
    assert.deepEqual([world.pool.running(), world.bill.charged('worker')], [[], []]);
    await runToEnd(world, 3);
    assert.equal(outcome(world).state, 'completed');
  });

  it('a manager that comes back with its memory goes on with the frames that were rendered meanwhile', async () => {
    const world = start();
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await untilBusy(world, 3);
    world.cluster.loseManager({ keepsMemory: true });
    await runToEnd(world, 3);
    assert.deepEqual(outcome(world), WHOLE);
  });

  it('a manager without its memory gets a job for what is missing', async () => {
    const world = start();
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await untilBusy(world, 3);
    world.cluster.loseManager({ keepsMemory: false });
    await runToEnd(world, 3);
    assert.equal(outcome(world).state, 'completed');
    assert.equal(runsOf(world)[0]?.proved, '1-12');
  });

  it('a job of more frames than a pass can look at is submitted again when its farm is lost before the first', async () => {
    const world = start();
    upload(world, 'film/s1', { ...SHOT, secondsOf: () => 2 }, { frames: '1-240' });
    await untilBusy(world);
    world.cluster.vanish();
    await runToEnd(world, 3);
    assert.equal(outcome(world).state, 'completed');
  });

  it('a worker that dies without a word gives its task back', async () => {
    const world = start();
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    const [first] = await untilBusy(world);
    world.pool.kill(first ?? '');
    await runToEnd(world, 3);
    assert.equal(outcome(world).state, 'completed');
  });

  it('a machine that stands still is timed out by the manager, and its frame is rendered elsewhere', async () => {
    const world = start();
    upload(world, 'film/s1', SHOT, { frames: '1' });
    const [first] = await untilBusy(world);
    world.pool.freeze(first ?? '');
    await world.clock.run(world.clock.now() + 6 * MINUTE);
    const seen = (await world.manager.workers()).find(({ name }) => name === first);
    assert.equal(seen?.status, 'error');
    await world.clock.run(world.clock.now() + 14 * MINUTE);
    assert.equal(outcome(world).state, 'completed');
  });

  it('a frame that fails is tried elsewhere; a frame that fails everywhere is given up', async () => {
    const world = start();
    const fateOf = (frame: number, attempt: number) =>
      frame === 3 || (frame === 5 && attempt === 1) ? 'fails' : 'done';
    upload(world, 'film/s1', { ...SHOT, fateOf }, { frames: '1-12' });
    await runToEnd(world, 3);
    assert.deepEqual(outcome(world), { ...WHOLE, state: 'incomplete', proved: '1-2,4-12' });
  });

  it('a frame for which the memory does not suffice takes its worker with it', async () => {
    const world = start();
    upload(world, 'film/s1', { ...SHOT, memoryGiB: 100 }, { frames: '1-2' });
    await untilBusy(world);
    await world.clock.run(world.clock.now() + MINUTE);
    const ended = (await world.pool.list()).filter(({ outcome: how }) => how === 'outOfMemory');
    assert.ok(ended.length > 0 || world.pool.ordered > 2);
  });

  it("the dead-man's switch takes the cluster down an hour after the service is gone", async () => {
    const world = start();
    upload(world, 'film/s1', { ...SHOT, secondsOf: () => 10 * HOUR }, { frames: '1' });
    await untilBusy(world);
    for (const service of world.services) service.kill();
    await world.clock.run(world.clock.now() + 59 * MINUTE);
    assert.equal(world.cluster.deadmanFired, 0);
    await world.clock.run(world.clock.now() + 10 * MINUTE);
    assert.deepEqual([world.cluster.deadmanFired, world.bill.isQuiet], [1, true]);
  });
});

describe('the simulated service', () => {
  it('that is killed at a call does nothing any more, and its successor goes on', async () => {
    const world = createSimWorld({ seed: 1, cloud: STEADY, policy: { idleTeardownMs: 0 } });
    let isDead = false;
    let calls = 0;
    const gate: Gate = (call, act) => {
      if (isDead) calls += 1;
      if (call.method === 'submit') {
        first.kill();
        isDead = true;
      }
      return act();
    };
    const first = startService(world, { gate });
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await world.clock.run(world.clock.now() + 40 * MINUTE);
    assert.deepEqual([isDead, calls], [true, 0]);
    startService(world, { skipsStill: true });
    await runToEnd(world, 3);
    assert.deepEqual(outcome(world), WHOLE);
  });

  it('two at once submit a job once', async () => {
    const world = createSimWorld({ seed: 1, cloud: STEADY, policy: { idleTeardownMs: 0 } });
    let submitted = 0;
    const gate: Gate = async (call, act) => {
      if (call.method === 'submit') submitted += 1;
      await world.clock.sleep(120);
      return act();
    };
    startService(world, { gate });
    startService(world, { gate });
    upload(world, 'film/s1', SHOT, { frames: '1-12' });
    await runToEnd(world, 3);
    assert.deepEqual([outcome(world), submitted], [WHOLE, 1]);
  });
});
