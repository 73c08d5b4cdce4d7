import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { framesOf } from '../../services/control/core/frames.ts';
import type { Policy } from '../../services/control/core/model.ts';
import { callsApart } from './calls-apart.ts';
import {
  allTasks,
  begin,
  command,
  createWorld,
  dieAfter,
  endTasks,
  MINUTE,
  memory,
  pass,
  restart,
  run,
  takeTasks,
  type World,
  workOff,
} from './world.ts';

/** A dollar an hour with all four workers. */
const PRICED: Partial<Policy> = { fixedPricePerHour: 0.2 };
const settings = { chunkSize: 2, video: false, frameMinutesLimit: 300 };

/** Tasks that a worker had in hand when they were taken away from it. */
async function cutOff(of: World): Promise<readonly string[]> {
  const tasks = await allTasks(of);
  return tasks
    .filter(({ status, workerId }) => status === 'canceled' && workerId !== null)
    .map(({ name }) => name);
}

/** What each action of that kind asked for. */
const statusesAsked = (of: World) => of.manager.callsOf('setJobStatus').map(([, status]) => status);

describe('maxDollars', () => {
  test('stops at the cap: running frames end, the run ends incomplete, and the farm goes', async () => {
    const of = createWorld(PRICED);
    await begin(of, { ...settings, maxDollars: 0.12 });
    await takeTasks(of);
    await pass(of, 10);
    assert.equal((await run(of)).stopping?.code, 'maxDollars');
    assert.deepEqual(statusesAsked(of), ['pause-requested']);
    assert.match(
      (await run(of)).reason?.message ?? '',
      /^With the running frames it costs as much as its maxDollars \(\$0.12\) allows: they are finished/,
    );
    assert.equal(await takeTasks(of), 0, 'nothing more is handed out');
    await endTasks(of);
    await pass(of, 4);
    const ended = await run(of);
    assert.deepEqual(
      [ended.state, ended.reason?.code, framesOf(ended.proved).length],
      ['incomplete', 'budget', 8],
    );
    assert.match(
      ended.reason?.message ?? '',
      /^It has cost \$0\.\d\d, and its maxDollars is \$0.12: 8 of 24 frames/,
    );
    assert.deepEqual(await cutOff(of), []);
    await pass(of, 20);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
    assert.equal((await of.manager.workers()).length, 0);
  });

  for (const [budgetStop, cut] of [
    ['drain', 0],
    ['now', 4],
  ] as const)
    test(`spent while frames still run: with BUDGET_STOP=${budgetStop} ${cut} of their tasks are cut off`, async () => {
      const of = createWorld({ ...PRICED, budgetStop });
      await begin(of, { ...settings, maxDollars: 0.35 });
      await takeTasks(of);
      await pass(of);
      await endTasks(of, { seconds: 600 });
      await pass(of);
      await takeTasks(of);
      await pass(of, 4);
      assert.deepEqual(statusesAsked(of), ['pause-requested'], 'what is in hand is to be finished');
      // They take longer than was thought.
      await pass(of, 30);
      assert.equal((await cutOff(of)).length, cut);
      const ends = memory(of).decisions.filter(({ what }) => / running tasks ended$/.test(what));
      assert.equal(ends.length, cut === 0 ? 0 : 1);
      await endTasks(of);
      await pass(of, 6);
      const { state, reason, proved } = await run(of);
      assert.deepEqual([state, reason?.code], ['incomplete', 'budget']);
      assert.equal(framesOf(proved).length, cut === 0 ? 16 : 8);
      assert.equal((await of.manager.jobs()).length, 1);
    });

  test('spent all at once, with BUDGET_STOP=now: ends the run for that reason also when the service dies at any call', async () => {
    let hasDied = true;
    for (let calls = 1; hasDied; calls += callsApart(7)) {
      const of = createWorld({ ...PRICED, budgetStop: 'now' });
      await begin(of, { ...settings, maxDollars: 0.12 });
      await takeTasks(of);
      await pass(of);
      of.clock.advance(20 * MINUTE);
      const death = dieAfter(of, calls);
      for (let ticks = 0; ticks < 3; ticks += 1) await pass(of).catch(() => {});
      hasDied = death.revive();
      restart(of, `after ${calls}`);
      await pass(of, 8);
      const { state, reason } = await run(of);
      assert.deepEqual([state, reason?.code], ['failed', 'budget'], `died at call ${calls}`);
    }
  });

  test('ends as failed when nothing came out for it', async () => {
    const of = createWorld(PRICED);
    await begin(of, { ...settings, maxDollars: 0.02 });
    await pass(of, 5);
    assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['failed', 'budget']);
  });

  test('ends a run that the farm alone made too dear, before anything is submitted', async () => {
    const of = createWorld(PRICED);
    await begin(of, { ...settings, maxDollars: 0.01 });
    assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['failed', 'budget']);
    assert.deepEqual(of.manager.callsOf('submit'), []);
    await pass(of, 20);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
  });

  test('orders nobody in the pass in which it stops', async () => {
    const of = createWorld(PRICED);
    await begin(of, { ...settings, maxDollars: 0.12 });
    await takeTasks(of);
    await pass(of, 5);
    const ordered = of.workers.callsOf('order').length;
    of.workers.end('p-2', 'preempted');
    of.clock.advance(20 * MINUTE);
    await pass(of);
    assert.equal((await run(of)).stopping?.code, 'maxDollars');
    assert.equal(of.workers.callsOf('order').length, ordered);
  });

  test('is no stop for a run that is complete before', async () => {
    const of = createWorld(PRICED);
    await begin(of, { ...settings, maxDollars: 5 });
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('ends the run once, without cutting a frame off, when the service dies at any call', async () => {
    let hasDied = true;
    for (let calls = 1; hasDied; calls += callsApart(7)) {
      const of = createWorld(PRICED);
      await begin(of, { ...settings, maxDollars: 0.12 });
      await takeTasks(of);
      await pass(of, 7);
      if (calls % 2 === 0) await endTasks(of);
      const death = dieAfter(of, calls);
      for (let ticks = 0; ticks < 3; ticks += 1) await pass(of).catch(() => {});
      hasDied = death.revive();
      restart(of, `after ${calls}`);
      await pass(of, 1);
      await endTasks(of);
      await pass(of, 6);
      const ended = await run(of);
      assert.deepEqual(
        [ended.state, ended.proved],
        ['incomplete', '1-2,5-6,9-10,17-18'],
        `died at call ${calls}`,
      );
      assert.deepEqual(await cutOff(of), [], `died at call ${calls}`);
      assert.equal((await of.manager.jobs()).length, 1, `died at call ${calls}`);
    }
  });
});

describe("the month's budget", () => {
  test('drains: running frames end, the run waits, the farm goes, and next month the rest is rendered', async () => {
    const of = createWorld({ ...PRICED, monthlyBudgetDollars: 0.15 });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of, 12);
    assert.equal((await run(of)).state, 'rendering');
    assert.equal(await takeTasks(of), 0);
    await endTasks(of);
    await pass(of, 8);
    const waiting = await run(of);
    assert.deepEqual(
      [waiting.state, waiting.reason?.code, waiting.proved],
      ['waiting', 'budget', '1-2,5-6,9-10,17-18'],
    );
    assert.deepEqual(await of.farm.look(), { state: 'absent' }, 'without the idle time');
    assert.deepEqual(await cutOff(of), []);
    assert.ok(memory(of).decisions.some(({ reason }) => /budget of \$0.15 is spent/.test(reason)));
    await pass(of, 60);
    assert.equal(of.farm.callsOf('create').length > 0, true);
    const created = of.farm.callsOf('create').length;
    of.clock.advance(10 * 24 * 60 * MINUTE);
    await pass(of, 15);
    assert.ok(of.farm.callsOf('create').length > created, 'a new month, a new farm');
    const [job] = await of.manager.jobs();
    const chunks = String(of.manager.submittedAs(job?.id ?? '')?.settings.chunks).split(';');
    assert.equal(chunks.flatMap((chunk) => [...framesOf(chunk)]).length, 16, 'only what is missing');
    assert.equal((await run(of)).id, waiting.id);
  });

  for (const ahead of [6, 60])
    test(`is not forgotten by a clock that is ${ahead} minutes ahead, in the next month, for a while`, async () => {
      const of = createWorld(PRICED);
      const toMonthEnd = Date.UTC(2026, 11, 1) - of.clock.now();
      of.clock.advance(toMonthEnd - 25 * MINUTE);
      await begin(of, settings);
      await takeTasks(of);
      await pass(of, 8);
      const spent = memory(of).ledger.thisMonth;
      assert.ok(spent > 0.1, `$${spent}`);
      of.clock.advance(ahead * MINUTE);
      await pass(of);
      assert.deepEqual(
        [memory(of).ledger.month, memory(of).ledger.otherMonth?.thisMonth],
        ['2026-12', spent],
      );
      of.clock.advance(-ahead * MINUTE);
      await pass(of, 2);
      // The minutes that it was ahead are given back where they were counted.
      const { month, thisMonth, otherMonth } = memory(of).ledger;
      assert.ok(month === '2026-11' && thisMonth >= spent, `$${thisMonth} of ${month} after $${spent}`);
      assert.ok((otherMonth?.thisMonth ?? 1) < 0.05, `$${otherMonth?.thisMonth} of ${otherMonth?.month}`);
    });

  test('goes on with the paused job when the cap is raised before the last frame has ended', async () => {
    const of = createWorld({ ...PRICED, monthlyBudgetDollars: 0.15 });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of, 12);
    assert.equal((await of.manager.jobs())[0]?.status, 'pause-requested');
    of.policy = { ...of.policy, monthlyBudgetDollars: 100 };
    restart(of, 'two');
    await pass(of, 2);
    assert.equal((await run(of)).stopping, null);
    await endTasks(of);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
    assert.equal((await of.manager.jobs()).length, 1);
  });

  test('sends nobody to a cancelled job when the cap is raised before the farm is gone', async () => {
    const of = createWorld({ ...PRICED, monthlyBudgetDollars: 0.15 });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of, 12);
    await endTasks(of);
    of.farm.failUntilHealed('transient', 'delete');
    for (let passes = 0; (await run(of)).state !== 'waiting' && passes < 9; passes += 1) await pass(of);
    of.farm.heal();
    assert.equal((await of.farm.look()).state, 'up');
    of.policy = { ...of.policy, monthlyBudgetDollars: 100 };
    restart(of, 'two');
    await pass(of, 3);
    const jobs = await of.manager.jobs();
    assert.deepEqual(
      jobs.map(({ status, round }) => [status, round]),
      [
        ['canceled', 1],
        ['queued', 2],
      ],
    );
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('raises no farm that a person asks for', async () => {
    const of = createWorld({ ...PRICED, monthlyBudgetDollars: 0.01 });
    await begin(of, settings);
    await pass(of, 10);
    const created = of.farm.callsOf('create').length;
    await command(of, { kind: 'wake', minutes: 30 });
    await pass(of, 5);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
    assert.equal(of.farm.callsOf('create').length, created);
  });

  test('with BUDGET_STOP=now ends everything at once, and says how many tasks it cut off', async () => {
    const of = createWorld({ ...PRICED, monthlyBudgetDollars: 0.15, budgetStop: 'now' });
    await begin(of, settings);
    await takeTasks(of);
    await pass(of, 15);
    assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['waiting', 'budget']);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
    assert.ok(memory(of).decisions.some(({ what }) => /: 4 running tasks ended$/.test(what)));
    of.policy = { ...of.policy, monthlyBudgetDollars: 100 };
    restart(of, 'two');
    await pass(of, 12);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  for (const budgetStop of ['drain', 'now'] as const)
    test(`loses nothing with BUDGET_STOP=${budgetStop} when the service dies at any call`, async () => {
      let hasDied = true;
      for (let calls = 1; hasDied; calls += callsApart(9)) {
        const of = createWorld({ ...PRICED, monthlyBudgetDollars: 0.15, budgetStop });
        await begin(of, settings);
        await takeTasks(of);
        await pass(of, 9);
        const death = dieAfter(of, calls);
        for (let ticks = 0; ticks < 3; ticks += 1) await pass(of).catch(() => {});
        hasDied = death.revive();
        restart(of, 'two');
        await endTasks(of);
        await pass(of, 10);
        assert.deepEqual(await of.farm.look(), { state: 'absent' }, `died at call ${calls}`);
        assert.equal((await run(of)).reason?.code, 'budget', `died at call ${calls}`);
        of.policy = { ...of.policy, monthlyBudgetDollars: 100 };
        restart(of, 'three');
        await pass(of, 12);
        await workOff(of);
        assert.equal((await run(of)).state, 'completed', `died at call ${calls}`);
        assert.equal((await of.records.list('runs/')).length, 1, `died at call ${calls}`);
      }
    });
});
