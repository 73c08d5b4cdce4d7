import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bootingFor,
  ended,
  type FreeMeter,
  follow,
  isFree,
  type Meter,
  newMeter,
  takenOver,
  useUntil,
  type WorkerLife,
} from '../../services/control/core/meters.ts';

const SECOND = 1000;
const TIMES = { bootMs: 150 * SECOND, tailMs: 60 * SECOND };

function life(changes: Partial<WorkerLife> = {}): WorkerLife {
  return {
    ...{ name: 'p-1', pool: 'p', variant: null, orderedAt: 0, startedAt: null, endedAt: null },
    ...{ isPreempted: false, isWithoutMachine: false, ...changes },
  };
}

/** Seconds of boot, with a worker and empty, until this second. */
function used(meter: Meter, at: number): readonly number[] {
  const { boot, worker, empty } = useUntil(meter, at * SECOND, TIMES);
  return [boot / SECOND, worker / SECOND, empty / SECOND];
}

function free(name: string, meter: Meter): readonly [string, FreeMeter] {
  if (!isFree(meter)) throw new Error('it is not free');
  return [name, meter];
}

describe('a machine', () => {
  const order = newMeter(life());

  test('is paid for from the order of its worker until it is released', () => {
    assert.deepEqual(used(order, 100), [100, 0, 0]);
    const runs = follow(order, life({ startedAt: 140_000 }), TIMES, 145_000);
    assert.deepEqual(used(runs, 145), [140, 5, 0]);
    const over = follow(runs, life({ startedAt: 140_000, endedAt: 500_000 }), TIMES, 505_000);
    assert.deepEqual(used(over, 505), [140, 360, 5]);
    assert.deepEqual(used(over, 9999), [140, 360, 60]);
  });

  test('that was taken away is paid for to the end of its notice', () => {
    const gone = life({ startedAt: 140_000, endedAt: 500_000, isPreempted: true });
    assert.deepEqual(used(follow(order, gone, TIMES, 501_000), 9999), [140, 360, 30]);
  });

  test('is paid for a minute at least', () => {
    const { until } = follow(order, life({ startedAt: 0, endedAt: 1000 }), { ...TIMES, tailMs: 0 }, 2000);
    assert.equal(until, 60_000);
  });

  test('that nobody waits for any more boots to its end, and is empty then', () => {
    const withdrawn = follow(order, life({ endedAt: 20_000 }), TIMES, 25_000);
    assert.deepEqual(used(withdrawn, 9999), [150, 0, 60]);
    const late = follow(order, life({ endedAt: 160_000 }), TIMES, 165_000);
    assert.deepEqual(used(late, 9999), [197.5, 0, 60], 'one that is slow takes longer still');
  });

  test('that is not there costs nothing, and what was counted for it is given back', () => {
    const waits = follow(order, life({ isWithoutMachine: true }), TIMES, 30_000);
    assert.deepEqual(used(waits, 9999), [0, 0, 0]);
    assert.deepEqual(used(follow(waits, life({ endedAt: 50_000 }), TIMES, 60_000), 9999), [0, 0, 0]);
    const found = follow(waits, life(), TIMES, 1_000_000);
    assert.deepEqual(used(found, 1060), [60, 0, 0]);
    const runs = follow(waits, life({ startedAt: 900_000 }), TIMES, 910_000);
    assert.deepEqual(used(runs, 910), [150, 10, 0], 'a usual boot before');
  });

  test('of a worker that waits on and on without a word is no longer believed in', () => {
    assert.deepEqual(used(order, 100_000), [900, 0, 0]);
  });

  test('that takes four times as long to boot as was guessed is paid for all the same', () => {
    const runs = follow(order, life({ startedAt: 600_000 }), TIMES, 601_000);
    assert.deepEqual(used(runs, 601), [600, 1, 0]);
  });
});

describe('whose machine it is', () => {
  const runs = follow(newMeter(life()), life({ startedAt: 140_000 }), TIMES, 141_000);
  const empty = ended(runs, 500_000, { isPreempted: false }, TIMES);
  const withdrawn = ended(newMeter(life()), 20_000, { isPreempted: false }, TIMES);
  const next = (changes: Partial<WorkerLife>) => life({ name: 'p-2', orderedAt: 480_000, ...changes });

  test('an empty one is taken over by the worker that starts at once, not by one that boots or comes later', () => {
    assert.equal(takenOver([free('p-1', empty)], next({}), 505_000)?.[0], 'p-1');
    assert.equal(takenOver([free('p-1', empty)], next({}), 530_000), null, 'it has booted');
    assert.equal(takenOver([free('p-1', empty)], next({ orderedAt: 545_000 }), 550_000)?.[0], 'p-1');
    assert.equal(takenOver([free('p-1', empty)], next({ orderedAt: 560_000 }), 565_000), null, 'released');
    assert.equal(takenOver([free('p-1', empty)], next({ pool: 'q' }), 505_000), null);
  });

  test('one that boots for nobody is given to whoever is ordered next', () => {
    assert.equal(bootingFor([free('p-1', withdrawn)], next({ orderedAt: 100_000 }))?.[0], 'p-1');
    assert.equal(bootingFor([free('p-1', withdrawn)], next({ orderedAt: 160_000 })), null);
    assert.equal(bootingFor([free('p-1', empty)], next({ orderedAt: 100_000 })), null);
  });
});
