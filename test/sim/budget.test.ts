import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Policy } from '../../services/control/core/model.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import type { ShotPhysics } from './shots.ts';
import { createSimWorld, runsOf, type SimWorld, startService, upload } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CAP = 1;
const FRAME_SECONDS = 120;
const SHOT: ShotPhysics = { loadSeconds: 5, memoryGiB: 4, secondsOf: () => FRAME_SECONDS };

/** A shot that costs about twice the cap, until nothing is billed any more. */
async function rendered(policy: Partial<Policy>, settings: Record<string, unknown>): Promise<SimWorld> {
  const world = createSimWorld({ seed: 4, policy: { valueOfTimePerHour: 5, ...policy } });
  const { clock, bill } = world;
  startService(world, { skipsStill: true });
  upload(world, 'film/s1', SHOT, { frames: '1-240', chunkSize: 1, ...settings });
  await clock.run(clock.now() + 10 * MINUTE);
  assert.ok(await clock.run(clock.now() + 6 * HOUR, () => bill.isQuiet), 'something is billed for ever');
  await clock.run(clock.now() + 2 * MINUTE);
  return world;
}

/** What a pool of all its workers costs in so many seconds, and the farm's end. */
function costOf({ policy }: SimWorld, seconds: number): number {
  const [{ max, pricePerHour }] = policy.pools;
  return (seconds * max * pricePerHour + (seconds + 220) * policy.fixedPricePerHour) / 3600;
}

/** A look, the machines' release, and a look again. */
const RELEASE_SECONDS = 5 + 60 + 10;

describe('by what the cloud bills', () => {
  for (const [budgetStop, seconds] of [
    ['now', RELEASE_SECONDS],
    ['drain', RELEASE_SECONDS + FRAME_SECONDS + SHOT.loadSeconds],
  ] as const)
    it(`the month's budget with BUDGET_STOP=${budgetStop} is exceeded by the farm's end only`, async () => {
      const world = await rendered({ monthlyBudgetDollars: CAP, budgetStop }, {});
      const billed = world.bill.dollars(world.clock.now());
      assert.ok(billed >= CAP && billed <= CAP + costOf(world, seconds), `$${billed} of $${CAP}`);
      const [run] = runsOf(world);
      assert.deepEqual([run?.state, run?.reason?.code], ['waiting', 'budget']);
      assert.equal(budgetStop === 'now' ? 0 : world.tally.killedByUs, 0);
      const { money, leftovers, farm } = world.records.valueAt('status.json') as StatusDocument;
      assert.deepEqual([farm.stage, leftovers, money.cap], ['absent', [], CAP]);
      assert.ok(Math.abs(money.month - billed) < 0.02 * billed, `$${money.month} told`);
    });

  it("a run's maxDollars is exceeded by its last tasks (here: a frame each) and the farm's end only", async () => {
    const world = await rendered({ idleTeardownMs: 0 }, { maxDollars: CAP });
    const billed = world.bill.dollars(world.clock.now());
    const last = FRAME_SECONDS + SHOT.loadSeconds + RELEASE_SECONDS;
    assert.ok(billed >= CAP && billed <= CAP + costOf(world, last), `$${billed} of $${CAP}`);
    const [run] = runsOf(world);
    assert.deepEqual([run?.state, run?.reason?.code], ['incomplete', 'budget']);
    assert.equal(world.tally.killedByUs, 0);
    assert.ok(Math.abs((run?.dollars ?? 0) - billed) < 0.02 * billed, `$${run?.dollars} on record`);
    assert.equal((world.records.valueAt('status.json') as StatusDocument).farm.stage, 'absent');
  });

  for (const [cap, finishBy] of [
    [0.2, undefined],
    [1.5, undefined],
    [0.2, new Date(Date.UTC(2100, 0, 1)).toISOString()],
  ] as const)
    it(`a maxDollars of $${cap} is kept where tasks have many frames, finishBy: ${finishBy}`, async () => {
      const world = await rendered(
        { idleTeardownMs: 0 },
        { maxDollars: cap, finishBy, chunkSize: undefined },
      );
      const billed = world.bill.dollars(world.clock.now());
      assert.ok(billed > 0.85 * cap && billed < cap + 0.1, `$${billed} of $${cap}`);
      const [run] = runsOf(world);
      assert.deepEqual([run?.state, run?.reason?.code], ['incomplete', 'budget']);
      assert.equal(world.tally.killedByUs, 0);
      // Whom it cannot pay for is not ordered.
      assert.equal((world.pool.most.get('cpu') ?? 0) < 20, cap < 1, `${world.pool.most.get('cpu')} workers`);
    });
});
