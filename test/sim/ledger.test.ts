import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { type Costs, NO_COSTS, totalOf } from '../../services/control/core/costs.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import { ledgerOf, ledgerResult } from '../bench/policy/ledger.ts';
import { runTablao } from '../bench/policy/tablao.ts';
import { parseTrace, type Trace } from './trace.ts';
import {
  createSimWorld,
  memoryOf,
  runsOf,
  runToEnd,
  type SimWorld,
  startService,
  USUAL_CLOUD,
  upload,
} from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TRACES = globSync(join(import.meta.dirname, '../bench/traces/*.json')).sort();
/** With the last one the first creation of each trace hangs. Long traces take a while. */
const SEEDS = [1, 3, 7];
const SEEDS_OF_LONG = SEEDS.slice(-1);
const LONG_JOBS = 10;

function traceOf(file: string): Trace {
  return parseTrace(JSON.parse(readFileSync(file, 'utf8')));
}

function sumOf(runs: readonly RunRecord[], kind: keyof Costs): number {
  return runs.reduce((sum, { costs }) => sum + costs[kind], 0);
}

/** What the ledger makes of it, as a share of what the world billed: all that was counted, and what was charged to runs. */
function sharesOf(world: SimWorld): { readonly counted: number; readonly charged: number } {
  const billed = world.bill.dollars(world.clock.now());
  const charged = runsOf(world).reduce((sum, { dollars }) => sum + dollars, 0);
  return { counted: (memoryOf(world)?.ledger.thisMonth ?? 0) / billed, charged: charged / billed };
}

function isWithin(share: number, percent: number): boolean {
  return Math.abs(share - 1) <= percent / 100;
}

describe('the ledger', () => {
  for (const file of TRACES)
    it(`of ${basename(file, '.json')} sums to the bill within 2 %, and to what its kinds are`, async () => {
      const trace = traceOf(file);
      for (const seed of trace.jobs.length < LONG_JOBS ? SEEDS : SEEDS_OF_LONG) {
        const ours = await runTablao(trace, seed);
        const { world } = ours;
        const { counted, charged } = sharesOf(world);
        const runs = runsOf(world);
        assert.ok(isWithin(counted, 2) && isWithin(charged, 2), `seed ${seed}: ${counted}, ${charged}`);
        const told = ledgerResult([ledgerOf(ours)]) ?? assert.fail('the bench tells nothing');
        assert.ok(told.worstOff < 0.02, `seed ${seed}: the bench's sum is off by ${told.worstOff}`);
        assert.ok(
          told.scenes.length === trace.jobs.length && told.scenes.every(({ dollars }) => dollars > 0),
        );
        for (const { dollars, costs, isPaid } of runs) {
          assert.ok(Math.abs(dollars - totalOf(costs)) < 1e-9, `${dollars} and ${totalOf(costs)}`);
          assert.ok(isPaid, `seed ${seed}: a run is still charged`);
          for (const [kind, spent] of Object.entries(costs)) assert.ok(spent > -1e-9, `${kind} ${spent}`);
        }
        const { tally, bill, records } = world;
        const status = records.valueAt('status.json') as StatusDocument;
        for (const { id, dollars, costs } of status.runs) {
          const spent = runs.find((run) => run.id === id)?.costs ?? assert.fail(id);
          assert.ok(Math.abs(totalOf(costs ?? NO_COSTS) - dollars.soFar) < 1e-4, `the status of ${id}`);
          assert.ok(Math.abs((costs?.fees ?? 0) - spent.fees) < 1e-4, `the fees of ${id}`);
        }
        const second = trace.cloud.spotPricePerHour / 3600;
        const all = bill.dollars(world.clock.now());
        for (const kind of ['rendering', 'loading', 'lost'] as const) {
          const off = sumOf(runs, kind) - tally.sum(kind) * second;
          assert.ok(Math.abs(off) < 0.05 * all, `seed ${seed}: ${kind} is off by $${off} of $${all}`);
        }
        const fees = bill.dollars(world.clock.now(), 'manager', 'cluster');
        assert.ok(Math.abs(sumOf(runs, 'fees') - fees) < 0.02 * all, `seed ${seed}: fees of $${fees}`);
      }
    });

  it('counts the loading of a shot once, although the first frame tells it while it runs and when it has ended', async () => {
    const cloud = { ...USUAL_CLOUD, preemptionsPerHour: 0 };
    const world = createSimWorld({ seed: 3, cloud });
    startService(world, { skipsStill: true });
    const physics = { loadSeconds: 90, memoryGiB: 4, secondsOf: () => 60 };
    upload(world, 'film/s1', physics, { frames: '1-4', chunkSize: 4 });
    await runToEnd(world, 4);
    const paid = (world.tally.sum('loading') * cloud.spotPricePerHour) / 3600;
    const told = sumOf(runsOf(world), 'loading');
    assert.ok(told > 0.9 * paid && told < 1.1 * paid, `$${told} of $${paid}`);
  });

  it('misses nothing while the service is away, dead or blind', async () => {
    const world = createSimWorld({ seed: 2 });
    const { clock } = world;
    let isBlind = false;
    const first = startService(world, {
      skipsStill: true,
      gate: async (call, act) => {
        if (isBlind && (call.port === 'workers' || call.port === 'manager' || call.port === 'farm'))
          throw new PortError('transient', call.method);
        return act();
      },
    });
    const shot = { loadSeconds: 5, memoryGiB: 4, secondsOf: () => 120 };
    upload(world, 'film/s1', shot, { frames: '1-240' });
    await clock.run(clock.now() + 22 * MINUTE);
    isBlind = true;
    await clock.run(clock.now() + 7 * MINUTE);
    isBlind = false;
    await clock.run(clock.now() + 5 * MINUTE);
    first.kill();
    await clock.run(clock.now() + 15 * MINUTE);
    startService(world, { skipsStill: true });
    await runToEnd(world, 12);
    const { counted, charged } = sharesOf(world);
    assert.ok(isWithin(counted, 2) && isWithin(charged, 2), `${counted}, ${charged}`);
  });

  it('counts a farm that the switch took down no longer than the switch lets it live', async () => {
    const world = createSimWorld({ seed: 2 });
    const { clock, policy } = world;
    const shot = { loadSeconds: 5, memoryGiB: 4, secondsOf: () => 3000 };
    const first = startService(world, { skipsStill: true });
    // More than there can be workers: those that have something to do are not told to go when it is done.
    upload(world, 'film/s1', shot, { frames: '1-60' });
    await clock.run(clock.now() + 25 * MINUTE);
    first.kill();
    await clock.run(clock.now() + 48 * HOUR);
    const atDeath = world.bill.dollars(clock.now());
    startService(world, { skipsStill: true });
    await clock.run(clock.now() + 2 * MINUTE);
    const counted = memoryOf(world)?.ledger.thisMonth ?? 0;
    assert.ok(policy.deadmanMs === HOUR && world.cluster.deadmanFired === 1);
    assert.ok(counted > 0.98 * atDeath && counted < 1.15 * atDeath, `$${counted} of $${atDeath}`);
  });

  it('counts workers that were ordered by a service that did not live to see them', async () => {
    const world = createSimWorld({ seed: 2 });
    const { clock } = world;
    let ordered = 0;
    const first = startService(world, {
      gate: async ({ method }, act) => {
        const answer = await act();
        if (method !== 'order') return answer;
        ordered += 1;
        first.kill();
        return new Promise(() => {});
      },
    });
    upload(world, 'film/s1', { loadSeconds: 5, memoryGiB: 4, secondsOf: () => 3000 }, { frames: '1-20' });
    await clock.run(clock.now() + 4 * HOUR);
    assert.equal(ordered, 1);
    const billed = world.bill.dollars(clock.now());
    startService(world, { skipsStill: true });
    await clock.run(clock.now() + 2 * MINUTE);
    const counted = memoryOf(world)?.ledger.thisMonth ?? 0;
    assert.ok(counted > 0.95 * billed && counted < 1.15 * billed, `$${counted} of $${billed}`);
  });

  it('charges nobody with a farm that a person keeps up', async () => {
    const world = createSimWorld({ seed: 1 });
    const { clock, records } = world;
    startService(world, { skipsStill: true });
    await records.create('commands/1.json', { kind: 'wake', minutes: 60, by: null });
    await clock.run(clock.now() + 30 * MINUTE);
    const { unshared, thisMonth } = memoryOf(world)?.ledger ?? assert.fail('nothing was counted');
    assert.ok(unshared.fees > 0.07, `$${unshared.fees}`);
    assert.equal(totalOf(unshared), thisMonth);
  });
});
