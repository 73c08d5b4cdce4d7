import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sight } from '../../services/control/core/draft.ts';
import { type MachineUse, readMeters } from '../../services/control/core/machine-use.ts';
import { type Meters, orderedMeter } from '../../services/control/core/meters.ts';
import type { Observed, WorkerObserved } from '../../services/control/core/model.ts';
import { newFarmMemory } from '../../services/control/reconcile/state.ts';
import { POLICY, POOL } from '../reconcile/world.ts';

const MINUTE = 60_000;
const UP = { state: 'up', since: 0, zone: 'z', manager: 'ready', managerId: 'm' } as const;

function worker(name: string, changes: Partial<WorkerObserved> = {}): WorkerObserved {
  return { name, pool: 'p', state: 'waiting', orderedAt: 0, startedAt: null, outcome: null, ...changes };
}

interface Look {
  readonly at: number;
  readonly workers: Observed['workers'];
  readonly farm?: Observed['farm'];
}

/** Seconds of boot, with a worker and empty, over these looks at a pool that boots for 100 s and releases after 30. */
function sumOf(looks: readonly Look[], meters: Meters = {}) {
  const policy = { ...POLICY, pools: [{ ...POOL, bootSeconds: 100, tailSeconds: 30 }] as const };
  const memory = newFarmMemory(0, 0);
  const uses: MachineUse[] = [];
  let known = meters;
  let since = 0;
  for (const { at, workers, farm = UP } of looks) {
    const observed = { workers, farm, managerWorkers: [], details: new Map() } as unknown as Observed;
    const sight: Sight = { observed, policy, now: at };
    const read = readMeters(sight, { ...memory, ledger: { ...memory.ledger, meters: known } }, since, at);
    uses.push(...read.uses);
    known = read.meters;
    since = at;
  }
  const sum = (kind: 'boot' | 'worker' | 'empty') => uses.reduce((all, use) => all + use[kind], 0) / 1000;
  return { used: [sum('boot'), sum('worker'), sum('empty')], meters: known };
}

describe('the machines of a pool', () => {
  const runs = worker('a', { state: 'running', startedAt: 90_000 });
  const over: WorkerObserved = { ...runs, state: 'ended', endedAt: 300_000, outcome: 'done' };

  test('come to the same whether they are looked at often, once, or not for a while', () => {
    const looks = [
      { at: 5000, workers: [worker('a')] },
      { at: 95_000, workers: [runs] },
      { at: 305_000, workers: [over] },
      { at: 340_000, workers: [] },
    ];
    const whole = [90, 210, 30];
    assert.deepEqual(sumOf(looks).used, whole);
    assert.deepEqual(sumOf(looks.slice(2)).used, whole);
    assert.deepEqual(sumOf([looks[0], looks[3]].flatMap((look) => look ?? [])).used, [100, 240, 0], 'unseen');
    const blind = (at: number): Look => ({ at, workers: 'unknown' });
    const seen = [looks[0], blind(60_000), looks[1], blind(200_000), blind(303_000), looks[2], looks[3]];
    assert.deepEqual(sumOf(seen.flatMap((look) => look ?? [])).used, whole);
    assert.deepEqual(sumOf(looks).meters, {});
  });

  test('are counted once when the record of an ended worker stays', () => {
    const looks = [305_000, 310_000, 500_000, 505_000].map((at) => ({ at, workers: [over] }));
    assert.deepEqual(sumOf(looks).used, [90, 210, 30]);
  });

  test('are fewer than workers: an empty one takes the next, and the spare one boots for nobody', () => {
    const b = worker('b', { orderedAt: 290_000 });
    const taken = { ...b, state: 'running', startedAt: 305_000 } as const;
    const end: WorkerObserved = { ...taken, state: 'ended', endedAt: 400_000, outcome: 'done' };
    const { used, meters } = sumOf([
      { at: 295_000, workers: [runs, b] },
      { at: 306_000, workers: [over, taken] },
      { at: 401_000, workers: [end] },
      { at: 500_000, workers: [] },
    ]);
    // Own boot and the spare one's; 210 and 95; 5 until it was taken over, then both are released.
    assert.deepEqual(used, [190, 305, 65]);
    assert.deepEqual(meters, {});
  });

  test('that boot for nobody are given to the next that is ordered', () => {
    const gone: WorkerObserved = { ...worker('a'), state: 'ended', endedAt: 10_000, outcome: 'done' };
    const b = worker('b', { orderedAt: 20_000 });
    const begun = { ...b, state: 'running', startedAt: 100_000 } as const;
    const { used } = sumOf([
      { at: 5000, workers: [worker('a')] },
      { at: 12_000, workers: [gone] },
      { at: 25_000, workers: [gone, b] },
      { at: 105_000, workers: [begun] },
    ]);
    assert.deepEqual(used, [100, 5, 0]);
  });

  test('of a worker that one look does not see, or that the farm hides for long, are counted once', () => {
    const looks = [
      { at: 95_000, workers: [runs] },
      { at: 100_000, workers: [] },
      { at: 105_000, workers: [runs] },
      { at: 305_000, workers: [over] },
      { at: 340_000, workers: [] },
    ];
    assert.deepEqual(sumOf(looks).used, [90, 210, 30]);
    const forLong = [...looks.slice(0, 2), { at: 200_000, workers: [] }, ...looks.slice(3)];
    // 100 s until it is not seen and 30 s of a release, then from the last look on.
    assert.deepEqual(sumOf(forLong).used, [90, 10 + 100, 30 + 30]);
    assert.deepEqual(sumOf([...looks, { at: 400_000, workers: [over] }]).used, [90, 210, 30]);
  });

  test('that were ordered and never seen cost nothing where they could be seen, and all the time where not', () => {
    const meters = { a: orderedMeter('p', null, 0) };
    assert.deepEqual(sumOf([{ at: 5000, workers: [] }], meters), { used: [0, 0, 0], meters: {} });
    const gone = { at: 60 * MINUTE, workers: [], farm: { state: 'absent' } } as const;
    assert.deepEqual(sumOf([gone], meters).used, [100, 3500, 0]);
    assert.deepEqual(sumOf([{ at: 95_000, workers: [runs] }], meters).used, [90, 5, 0]);
  });
});

describe('what a worker had in hand', () => {
  /** Paid milliseconds, as far as they were counted by the first look, of a task that has this status at the second. */
  function lostWhen(status: 'completed' | 'queued' | 'failed' | null): number {
    const task = (id: string, is: string) => ({
      ...{ id, name: `render-${id}`, status: is, stepsCompleted: 0, stepsTotal: 1, updatedAt: 100_000 },
      workerId: is === 'active' ? 'id-a' : null,
    });
    const look = (at: number, tasks: readonly object[], meters: Meters, since: number) => {
      const observed = {
        ...{ farm: UP, workers: [worker('a', { state: 'running', startedAt: 90_000 })] },
        managerWorkers: [{ id: 'id-a', name: 'a', status: 'awake' }],
        details: new Map([['run', { tasks }]]),
      } as unknown as Observed;
      const memory = newFarmMemory(0, 0);
      const sight: Sight = { observed, policy: POLICY, now: at };
      return readMeters(sight, { ...memory, ledger: { ...memory.ledger, meters } }, since, at);
    };
    const first = look(130_000, [task('1', 'active'), task('2', 'queued')], {}, 0);
    const left = status === null ? [] : [task('1', status)];
    const { uses } = look(160_000, [...left, task('2', 'active')], first.meters, 130_000);
    return uses.reduce((sum, { lost }) => sum + lost.ms, 0);
  }

  test('came to nothing when it is to be done again and he has another', () => {
    assert.equal(lostWhen('queued'), 30_000);
  });

  test('did not when it has ended, however, or nobody knows of it any more', () => {
    for (const status of ['completed', 'failed', null] as const) assert.equal(lostWhen(status), 0);
  });
});
