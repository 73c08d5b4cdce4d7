import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RuleMaker, RuleSight } from '../bench/policy/rule.ts';
import { RULES } from '../bench/policy/rules/index.ts';

function ruleOf(name: string): ReturnType<RuleMaker> {
  return (RULES[name] ?? assert.fail(name))();
}

/** Names of workers of a kind: `p` pending, `b` busy, `i` idle since the given second. */
function workersOf(kinds: string, idleSince = 0): RuleSight['workers'] {
  return [...kinds].map((kind, index) => ({
    ...{ name: `${kind}${index}`, isPending: kind === 'p', isBusy: kind === 'b' },
    idleSince: kind === 'i' ? idleSince : null,
  }));
}

function sight(changes: Partial<RuleSight>): RuleSight {
  const none = { now: 0, queued: 0, active: 0, secondsLeft: 0, workers: [], maxWorkers: 50 };
  return { ...none, random: () => 0.5, ...changes };
}

const repeat = (kind: string, times: number) => kind.repeat(times);

describe('KEDA ScaledJob', () => {
  for (const [strategy, queued, kinds, started] of [
    // targetMetric − running: the queue counts what is worked on.
    ['default', 3, '', 3],
    ['default', 3, 'ppp', 0],
    ['default', 3, 'bbb', 3],
    ['default', 240, '', 50],
    // targetMetric − pending; where that is more than the maximum, what is left of it.
    ['accurate', 3, 'bbb', 3],
    ['accurate', 3, 'ppp', 0],
    ['accurate', 240, repeat('b', 20), 30],
    // min(maximum − running − pending, targetMetric): pending ones run, too, and what waits for them is not left out.
    ['eager', 10, '', 10],
    ['eager', 10, repeat('p', 10), 10],
    ['eager', 10, repeat('p', 25), 0],
    ['eager', 240, repeat('b', 20), 30],
  ] as const)
    it(`${strategy} starts ${started} more for ${queued} waiting tasks and [${kinds}]`, () => {
      const active = [...kinds].filter((kind) => kind === 'b').length;
      const { order } = ruleOf(`keda-job-${strategy}`).step(
        sight({ queued, active, workers: workersOf(kinds) }),
      );
      assert.equal(order, started);
    });
});

describe('KEDA ScaledObject with the HPA', () => {
  it('begins with one, then doubles or adds four each 15 s, by a queue that is read each 30 s', () => {
    const rule = ruleOf('keda-hpa');
    let count = 0;
    const counts = [0, 15, 30, 45, 60, 75, 90].map((now) => {
      const { order } = rule.step(sight({ now, queued: 40, workers: workersOf(repeat('p', count)) }));
      count += order;
      return count;
    });
    assert.deepEqual(counts, [1, 5, 10, 20, 40, 40, 40]);
  });

  it('replaces a pod that is lost, though it is within the tolerance', () => {
    const rule = ruleOf('keda-hpa');
    for (let now = 0; now < 90; now += 15) rule.step(sight({ now, queued: 20, workers: [] }));
    assert.equal(rule.step(sight({ now: 90, active: 20, workers: workersOf(repeat('b', 19)) })).order, 1);
  });

  it('goes down after 300 s, pods that do not run first, and to nothing 300 s after the last work', () => {
    const rule = ruleOf('keda-hpa');
    for (let now = 0; now <= 60; now += 15) rule.step(sight({ now, queued: 4, workers: [] }));
    const workers = workersOf('bbbp');
    const ended = [75, 90, 360, 375, 390, 405].map(
      (now) => rule.step(sight({ now, active: 3, workers })).end,
    );
    assert.deepEqual(ended, [[], [], [], [], ['p3'], ['p3']]);
    const left = workersOf('iii');
    for (let now = 420; now < 720; now += 15)
      assert.equal(rule.step(sight({ now, workers: left })).end.length, 0);
    assert.equal(rule.step(sight({ now: 735, workers: left })).end.length, 3);
  });
});

describe('the other rules', () => {
  it('a fixed pool is there for an hour at least, and as long as there is work', () => {
    const rule = ruleOf('fixed-20');
    assert.equal(rule.step(sight({ queued: 1 })).order, 20);
    const workers = workersOf(repeat('i', 20));
    assert.equal(rule.step(sight({ now: 3599, workers })).end.length, 0);
    assert.equal(rule.step(sight({ now: 3700, active: 1, workers })).end.length, 0);
    assert.equal(rule.step(sight({ now: 3700, workers })).end.length, 20);
  });

  it('a worker for each task comes by ten a minute, and goes when it has been idle for 300 s', () => {
    const rule = ruleOf('worker-per-task');
    assert.equal(rule.step(sight({ queued: 40 })).order, 10);
    assert.equal(rule.step(sight({ queued: 4, workers: workersOf('pp') })).order, 2);
    assert.deepEqual(rule.step(sight({ now: 299, workers: workersOf('i') })).drain, []);
    assert.deepEqual(rule.step(sight({ now: 300, workers: workersOf('i') })).drain, ['i0']);
  });

  it('one more comes when tasks have waited for 300 s, one goes when none has for 1200 s', () => {
    const rule = ruleOf('one-by-one');
    const counts = [0, 240, 300, 360, 600].map(
      (now) => rule.step(sight({ now, queued: 9, workers: workersOf(now === 0 ? '' : 'b') })).order,
    );
    assert.deepEqual(counts, [1, 0, 1, 0, 1]);
    const gone = [700, 1860, 1900].map(
      (now) => rule.step(sight({ now, workers: workersOf('bi', now) })).drain,
    );
    assert.deepEqual(gone, [[], [], ['i1']]);
  });

  it('work for 600 s decides when three looks agree', () => {
    const rule = ruleOf('target-600s');
    const orders = [1, 2, 3].map(() => rule.step(sight({ secondsLeft: 6000 })).order);
    assert.deepEqual(orders, [0, 0, 10]);
    const workers = workersOf('bbbb');
    const drains = [1, 2, 3].map(() => rule.step(sight({ secondsLeft: 1200, workers })).drain.length);
    assert.deepEqual(drains, [0, 0, 2]);
  });
});
