import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bill } from './bill.ts';
import { SimClock } from './clock.ts';
import { lognormalOf, randomOf, secondsUntil } from './random.ts';
import { drawFrameSeconds } from './shots.ts';
import { parseTrace } from './trace.ts';

const MINUTE = 60_000;
const JOB = { atSeconds: 0, frames: 10, secondsPerFrame: { mean: 60, cv: 0.1 } };
const TRACE = { name: 't', jobs: [JOB], cloud: {}, policy: { maxWorkers: 5, valueOfTimePerHour: 2 } };

describe('the simulated clock', () => {
  it('lets events happen in their order, those of one moment as they were planned', async () => {
    const clock = new SimClock(0);
    const seen: string[] = [];
    for (const [at, name] of [
      [30, 'c'],
      [10, 'a'],
      [20, 'b1'],
      [20, 'b2'],
      [40, 'd'],
    ] as const)
      clock.at(at, () => seen.push(`${name}@${clock.now()}`));
    clock.at(20, () => seen.push('never'))();
    await clock.run(30);
    assert.deepEqual(seen, ['a@10', 'b1@20', 'b2@20', 'c@30']);
  });

  it('finishes what awaits before time goes on', async () => {
    const clock = new SimClock(0);
    const seen: string[] = [];
    const work = async () => {
      await clock.sleep(10);
      for (let each = 0; each < 20; each += 1) await Promise.resolve();
      seen.push(`worked@${clock.now()}`);
    };
    void work();
    clock.at(11, () => seen.push('later'));
    await clock.run(20);
    assert.deepEqual(seen, ['worked@10', 'later']);
  });

  it('wakes at the first step after a change, or at the longest wait without one', async () => {
    const clock = new SimClock(0);
    const woken: number[] = [];
    const work = async () => {
      await clock.sleepWhileStill(5, 45);
      woken.push(clock.now());
      await clock.sleepWhileStill(5, 45);
      woken.push(clock.now());
    };
    void work();
    clock.at(12, () => clock.changed());
    await clock.run(1000);
    assert.deepEqual(woken, [15, 60]);
  });
});

describe('simulated chance', () => {
  it('is the same for the same keys and another for others', () => {
    const draw = (...keys: readonly string[]) => randomOf(7, ...keys)();
    assert.equal(draw('boot', 'w1'), draw('boot', 'w1'));
    assert.notEqual(draw('boot', 'w1'), draw('boot', 'w2'));
    assert.notEqual(draw('boot', 'w1'), randomOf(8, 'boot', 'w1')());
  });

  it('has the mean and the spread that were asked for', () => {
    const random = randomOf(1, 'spread');
    const drawn = Array.from({ length: 20_000 }, () => lognormalOf(random, 120, 0.5));
    const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
    const deviation = Math.sqrt(drawn.reduce((sum, one) => sum + (one - mean) ** 2, 0) / drawn.length);
    assert.ok(Math.abs(mean - 120) < 2, `mean ${mean}`);
    assert.ok(Math.abs(deviation / mean - 0.5) < 0.02, `cv ${deviation / mean}`);
  });

  it('meets something that happens twice an hour after half an hour on average, and never what never happens', () => {
    const random = randomOf(1, 'wait');
    const drawn = Array.from({ length: 20_000 }, () => secondsUntil(random, 2));
    const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
    assert.ok(Math.abs(mean - 1800) < 50, `mean ${mean}`);
    assert.equal(secondsUntil(random, 0), Number.POSITIVE_INFINITY);
  });

  it('makes the last third of a shot slower where it is said', () => {
    const seconds = drawFrameSeconds(1, 's', { frames: 30, mean: 10, cv: 0, lastThirdFactor: 3 });
    assert.deepEqual(
      [1, 20, 21, 30].map((frame) => Math.round(seconds(frame))),
      [10, 10, 30, 30],
    );
  });
});

describe('the bill', () => {
  it('is by the second, with a minute at least for machines', () => {
    const bill = new Bill();
    bill.begin('worker', 'short', 3.6, 0);
    bill.end('worker', 'short', 10_000);
    bill.begin('worker', 'long', 3.6, 0);
    bill.end('worker', 'long', 90_000);
    bill.begin('cluster', 'c', 3.6, 0);
    bill.end('cluster', 'c', 10_000);
    const cents = (dollars: number) => Math.round(dollars * 1000);
    assert.equal(cents(bill.dollars(MINUTE * 10, 'worker')), 60 + 90);
    assert.equal(cents(bill.dollars(MINUTE * 10, 'cluster')), 10);
    assert.equal(cents(bill.dollars(MINUTE * 10)), 160);
  });

  it('goes on for what has not ended', () => {
    const bill = new Bill();
    bill.begin('manager', 'm', 3.6, 0);
    assert.deepEqual([bill.isQuiet, bill.charged('manager')], [false, ['m']]);
    assert.equal(Math.round(bill.dollars(5 * MINUTE) * 1000), 300);
    bill.end('manager', 'm', 5 * MINUTE);
    assert.equal(bill.isQuiet, true);
    assert.equal(Math.round(bill.dollars(50 * MINUTE) * 1000), 300);
  });
});

describe('a trace', () => {
  it('takes the usual cloud for what it does not say', () => {
    const trace = parseTrace(TRACE);
    assert.deepEqual(trace.cloud.clusterCreateSeconds, { median: 366, sigma: 0.46 });
    assert.deepEqual(trace.cloud.nodeBootSeconds, { median: 150, sigma: 0.25 });
    const { nodeReleaseSeconds, clusterDeleteSeconds, preemptionsPerHour, spotPricePerHour } = trace.cloud;
    assert.deepEqual(
      [nodeReleaseSeconds, clusterDeleteSeconds, preemptionsPerHour, spotPricePerHour],
      [60, 220, 0.05, 0.196],
    );
    assert.deepEqual([trace.cloud.managerPricePerHour, trace.cloud.clusterFeePerHour], [0.067, 0.1]);
    assert.deepEqual([trace.policy.idleTeardownSeconds, trace.seeds], [0, 40]);
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['a key of its own', { ...TRACE, seed: 1 }, /seed/],
    ['one of a job', { ...TRACE, jobs: [{ ...JOB, frame: 1 }] }, /frame/],
    ['one of the cloud', { ...TRACE, cloud: { nodeBoot: 1 } }, /nodeBoot/],
    ['one of the policy', { ...TRACE, policy: { ...TRACE.policy, max: 1 } }, /max/],
    ['one of a spread', { ...TRACE, cloud: { nodeBootSeconds: { median: 1, sigma: 0, cv: 1 } } }, /cv/],
  ];
  for (const [name, value, message] of wrong)
    it(`with a key that nobody knows is an error: ${name}`, () => {
      assert.throws(() => parseTrace(value), message);
    });
});
