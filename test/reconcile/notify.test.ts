import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Standing } from '../../services/control/core/messages.ts';
import type { Outbox } from '../../services/control/core/outbox.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { createNotifier, LONGEST_ROUND_MS } from '../../services/control/reconcile/notify.ts';
import { newFarmMemory } from '../../services/control/reconcile/state.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeMessenger } from '../fakes/fake-messenger.ts';
import { FakeRecords } from '../fakes/fake-records.ts';
import { aRun } from '../http/app-for-tests.ts';
import { callsApart } from './calls-apart.ts';
import {
  begin,
  createWorld,
  dieAfter,
  endTasks,
  HOUR,
  memory,
  POLICY,
  POOL,
  pass,
  restart,
  run,
  takeTasks,
  upload,
  type World,
  workOff,
} from './world.ts';

const SETTINGS = { frames: '1-4', chunkSize: 1, video: false };
const WHOLE_LIFE = ['run.started', 'run.completed', 'farm.down'];

type TellingWorld = World & { messenger: FakeMessenger };

function createTelling(policy: Parameters<typeof createWorld>[0] = {}): TellingWorld {
  const of = Object.assign(createWorld(policy), { messenger: new FakeMessenger() });
  restart(of, 'one');
  return of;
}

function outbox(of: World): Outbox {
  return of.records.valueAt('messages.json') as Outbox;
}

function status(of: World): StatusDocument {
  return of.records.valueAt('status.json') as StatusDocument;
}

/** From the upload to a farm that is gone. */
async function wholeLife(of: World): Promise<void> {
  await begin(of, SETTINGS);
  await workOff(of);
  await pass(of, 20);
}

/** The shots of all messages, those that are told together as well. */
function shotsTold(of: TellingWorld): readonly string[] {
  return of.messenger.told().flatMap(({ data }) => {
    const runs = (data.runs ?? [data.run]) as readonly { readonly shot: string }[];
    return runs.map(({ shot }) => shot);
  });
}

describe('people are told', () => {
  test('when a shot starts, is done, and the farm is proved to be gone, once each', async () => {
    const of = createTelling();
    await wholeLife(of);
    assert.deepEqual(of.messenger.types(), WHOLE_LIFE);
    await pass(of, 5);
    restart(of, 'two');
    await pass(of, 5);
    assert.equal(of.messenger.got.length, 3);
    const [started, completed, down] = of.messenger.got;
    assert.equal(started?.message, 'film/sh010 v001 starts to render: 4 frames.');
    assert.match(completed?.message ?? '', /^film\/sh010 v001 is done: 4 frames, for \$0\.\d\d so far\.$/);
    assert.match(down?.message ?? '', /^The farm is down, and nothing is left of it\. It has cost \$\d/);
    assert.deepEqual(down?.data.leftovers, []);
    assert.deepEqual(status(of).messages, { waiting: 0, failure: null, lost: 0, lostReason: null });
  });

  test('of nothing that had ended before anybody was to be told', async () => {
    const of = createWorld();
    await wholeLife(of);
    const telling = Object.assign(of, { messenger: new FakeMessenger() });
    restart(telling, 'two');
    await pass(telling, 3);
    assert.deepEqual(telling.messenger.got, []);
  });

  test('of every shot when many end at once', async () => {
    const of = createTelling({ maxAtOnce: 200, settleMs: 0 });
    for (let shot = 0; shot < 60; shot += 1) await upload(of, { frames: 'x' }, `film/s${shot}`);
    await pass(of, 6);
    const shots = shotsTold(of);
    assert.equal(new Set(shots).size, 60);
    assert.equal(shots.length, 60);
  });

  test('of each of hundreds of shots that came at once, and none is lost', async () => {
    const of = createTelling({ maxAtOnce: 3, settleMs: 0 });
    for (let shot = 0; shot < 250; shot += 1) await upload(of, SETTINGS, `film/s${shot}`);
    await pass(of, 12);
    const counts = of.messenger.told().map(({ data }) => (data.count as number | undefined) ?? 1);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      250,
    );
    assert.ok(counts.length <= 5, `${counts.length} messages`);
    const shots = shotsTold(of);
    assert.equal(new Set(shots).size, shots.length);
    assert.equal(status(of).messages?.lost, 0);
  });

  test('once that a shot was rejected, however many there are and however often they are looked at again', async () => {
    const of = createTelling({ maxAtOnce: 200, settleMs: 0, missingFilesGraceMs: 60_000 });
    const inputs = [{ path: 'nowhere.png', size: 1, crc32c: 'AAAAAA==' }];
    for (let shot = 0; shot < 60; shot += 1) await upload(of, { inputs }, `film/s${shot}`);
    await pass(of, 40);
    assert.deepEqual([...new Set(of.messenger.types())], ['run.rejected']);
    assert.equal(shotsTold(of).length, 60);
  });

  test('without a receiver nothing is read or written for it', async () => {
    const of = createWorld();
    await wholeLife(of);
    assert.deepEqual(
      of.records.calls.filter(({ args }) => args[0] === 'messages.json'),
      [],
    );
    assert.equal('messages' in status(of), false);
  });
});

describe('people are told in the loop', () => {
  const later = (of: World, ms: number) => new Date(of.clock.now() + ms).toISOString();
  const messageOf = (of: TellingWorld, type: string) => {
    const found = of.messenger.told().filter((one) => one.type === type);
    assert.equal(found.length, 1, `${of.messenger.types()} lacks one ${type}`);
    return found[0]?.message ?? '';
  };

  test('when more shots came at once than anybody may have meant', async () => {
    const of = createTelling({ maxAtOnce: 1, settleMs: 0 });
    for (const shot of ['film/a', 'film/b']) await upload(of, SETTINGS, shot);
    await pass(of, 4);
    const types = of.messenger.types();
    assert.deepEqual(types, ['run.waiting', 'run.waiting']);
    assert.match(of.messenger.got[0]?.message ?? '', /waits for you\. .*Release the ones to render/);
  });

  test('when a shot waits for a word after its first frames', async () => {
    const of = createTelling();
    await begin(of, { ...SETTINGS, hold: true });
    await workOff(of);
    assert.match(messageOf(of, 'run.waiting'), /Look at them, then release it/);
  });

  test('when a frame keeps failing, and when it is given up', async () => {
    const of = createTelling();
    await begin(of, SETTINGS);
    for (let round = 0; round < 12; round += 1) {
      await takeTasks(of);
      await pass(of);
      await endTasks(of, { isBad: (frame) => frame === 2 });
      await pass(of);
    }
    assert.match(messageOf(of, 'run.framesFailing'), / frame 2 keeps failing: it broke\.$/);
    assert.match(messageOf(of, 'run.incomplete'), /has ended with 3 of 4 frames, for \$/);
  });

  test('when a deadline cannot be kept, and a cap and a forecast will not do', async () => {
    const of = createTelling();
    await upload(of, { chunkSize: 1, video: false, maxDollars: 0.5, finishBy: later(of, HOUR) });
    await pass(of, 12);
    for (const seconds of [60, 3600, 7200]) {
      await takeTasks(of);
      await pass(of);
      await endTasks(of, { seconds });
      await pass(of);
    }
    assert.match(messageOf(of, 'run.deadlineAtRisk'), /will be late\. finishBy/);
    assert.match(messageOf(of, 'run.overCap'), /costs more than it may\. maxDollars: about \$/);
    assert.match(messageOf(of, 'run.overQuote'), /about \$\S+ in all, and it was \$\S+ at most/);
  });

  test('when there has been no machine for a quarter of an hour', async () => {
    const of = createTelling({ droughtMs: HOUR });
    of.workers.without.set(null, 'FailedScaleUp: GCE out of resources');
    await begin(of, SETTINGS);
    await pass(of, 5);
    assert.deepEqual(of.messenger.types(), []);
    await pass(of, 15);
    assert.match(messageOf(of, 'farm.noCapacity'), /work for 15 minutes, and not one machine/);
  });

  test('when one pool has had no machine for so long, although another has', async () => {
    const big = { ...POOL, name: 'big', memoryGiB: 64, tag: 'tag-of-big' };
    const variants = [{ name: 'spot', isSpot: true, pricePerHour: 1, onDemandPricePerHour: 2 }];
    const of = createTelling({ pools: [POOL, { ...big, variants }], droughtMs: HOUR, settleMs: 0 });
    of.workers.without.set('spot', 'FailedScaleUp: GCE out of resources');
    await upload(of, SETTINGS);
    await upload(of, { ...SETTINGS, memoryGiB: 40 }, 'film/sh020');
    await pass(of, 12);
    await takeTasks(of);
    await pass(of, 18);
    assert.match(
      messageOf(of, 'farm.noCapacity'),
      /work for 15 minutes, and not one machine for it, in pool big\.$/,
    );
  });

  test('when the month’s budget is reached', async () => {
    const of = createTelling({ monthlyBudgetDollars: 0.05 });
    await begin(of, SETTINGS);
    await takeTasks(of);
    await pass(of, 10);
    assert.match(messageOf(of, 'farm.budgetReached'), /^This month's budget of \$0\.05 is reached/);
  });

  test('when something is left of the farm, and when it is gone at last', async () => {
    const of = createTelling();
    of.farm.setLeftovers(['a disk']);
    await wholeLife(of);
    assert.match(messageOf(of, 'farm.leftovers'), /this is left of it and may cost money: a disk\.$/);
    assert.ok(!of.messenger.types().includes('farm.down'));
    of.farm.setLeftovers([]);
    await pass(of, 20);
    messageOf(of, 'farm.down');
  });
});

describe('a receiver that does not answer as it should', () => {
  test('is asked again with longer and longer waits, and gets all in the end', async () => {
    const of = createTelling();
    of.messenger.failUntilHealed('transient');
    await wholeLife(of);
    const before = of.messenger.calls.length;
    await pass(of, 60);
    const asked = of.messenger.calls.length - before;
    assert.ok(asked >= 3 && asked <= 12, `asked ${asked} times in an hour`);
    assert.match(status(of).messages?.failure ?? '', /transient/);
    assert.equal(status(of).messages?.waiting, 3);
    of.messenger.heal();
    await pass(of, 16);
    assert.deepEqual(of.messenger.types().toSorted(), WHOLE_LIFE.toSorted());
    assert.equal(of.messenger.got.length, 3);
    assert.equal(status(of).messages?.failure, null);
  });

  test('holds up no pass, even if it never answers', async () => {
    const of = createTelling({ lookEveryMs: 5000 });
    await begin(of, SETTINGS);
    await takeTasks(of);
    let answer = () => {};
    of.messenger.hanging = new Promise((done) => {
      answer = done;
    });
    let passesBefore = 0;
    of.messenger.onCall = () => {
      passesBefore = of.lease.callsOf('acquire').length;
    };
    const tick = of.service.runTick('test');
    for (let turn = 0; turn < 500; turn += 1) await new Promise((done) => setImmediate(done));
    assert.equal(of.messenger.calls.length, 1);
    const passes = of.lease.callsOf('acquire').length - passesBefore;
    assert.ok(passes > 5, `${passes} passes went on`);
    answer();
    await tick;
    assert.deepEqual(of.messenger.types(), ['run.started']);
    assert.deepEqual(outbox(of).waiting, []);
  });

  test('a message that it will never take is given up, and people are told', async () => {
    const of = createTelling();
    of.messenger.failNext('send', 'invalid');
    await wholeLife(of);
    assert.deepEqual(of.messenger.types(), WHOLE_LIFE.slice(1));
    const { lost, lostReason } = status(of).messages ?? {};
    assert.equal(lost, 1);
    assert.match(lostReason ?? '', /invalid/);
    await pass(of, 25 * 60);
    assert.equal(status(of).messages?.lost, 0, 'not for ever');
  });

  test('when its answer is lost it gets the same message once more, under the same id', async () => {
    const of = createTelling();
    of.messenger.timeOutAfterActing('send');
    await wholeLife(of);
    assert.equal(of.messenger.got.length, 4);
    assert.deepEqual(of.messenger.types(), WHOLE_LIFE);
  });

  test('nothing is sent twice when what was sent could not be written down', async () => {
    const of = createTelling();
    const failing = () => {
      if (of.messenger.got.length > 0) of.records.failNext('replace', 'transient');
    };
    await begin(of, SETTINGS);
    await takeTasks(of);
    of.messenger.onCall = (when) => {
      if (when === 'after') failing();
    };
    await pass(of);
    of.messenger.onCall = null;
    await pass(of, 3);
    assert.equal(of.messenger.got.length, 1);
    assert.deepEqual(outbox(of).waiting, []);
  });
});

describe('an outbox that cannot be had', () => {
  test('keeps nothing from being rendered; one that is broken is begun anew', async () => {
    const of = createTelling();
    of.records.putText('messages.json', '{');
    await wholeLife(of);
    assert.deepEqual(of.messenger.types(), WHOLE_LIFE);
  });

  test('of an earlier version is gone on with', async () => {
    const of = createTelling();
    of.records.putText('messages.json', JSON.stringify({ schema: 1, since: 0, toldOfRuns: {} }));
    await wholeLife(of);
    assert.deepEqual(of.messenger.types(), WHOLE_LIFE);
  });

  test('that somebody else has written meanwhile is read anew', async () => {
    const of = createTelling();
    await begin(of, SETTINGS);
    of.records.putText('messages.json', JSON.stringify(outbox(of)));
    await workOff(of);
    await pass(of, 20);
    assert.deepEqual(of.messenger.types(), WHOLE_LIFE);
    assert.equal(of.messenger.got.length, 3);
  });
});

describe('a round that is under way', () => {
  const renders = (id: string) => aRun({ id, state: 'rendering' });

  /** A notifier alone, on an outbox that is there already. */
  async function createAlone() {
    const [clock, records, messenger] = [new FakeClock(), new FakeRecords(), new FakeMessenger()];
    const log = { info: () => {}, warn: () => {} };
    const notifier = createNotifier({ records, messenger, hash: POLICY.hash, clock, log });
    const standing = (runs: readonly RunRecord[]): Standing => ({
      ...{ memory: newFarmMemory(0, 0), policy: POLICY, day: '', month: '', now: clock.now(), runs },
      forecastOf: () => ({ p10: null, p50: null, p90: null }),
    });
    const waiting = () => (records.valueAt('messages.json') as Outbox).waiting.length;
    await notifier.note(standing([]));
    return { records, messenger, notifier, standing, waiting };
  }

  for (const mayBegin of [true, false])
    test(`keeps no news from being ${mayBegin ? 'told' : 'put down'} at the end of a tick`, async () => {
      const { messenger, notifier, standing, waiting } = await createAlone();
      let answer = () => {};
      messenger.hanging = new Promise((done) => {
        answer = done;
      });
      await notifier.note(standing([renders('a')]));
      notifier.begin();
      const status = await notifier.note(standing([renders('a'), renders('b')]));
      assert.equal(status?.waiting, 1);
      answer();
      await notifier.settle(() => mayBegin);
      assert.deepEqual([messenger.got.length, waiting()], mayBegin ? [2, 0] : [1, 1]);
    });

  test('whose end was written although that seemed to fail is not in the way of the next', async () => {
    const { records, messenger, notifier, standing, waiting } = await createAlone();
    await notifier.note(standing([renders('a')]));
    records.timeOutAfterActing('replace');
    notifier.begin();
    await notifier.settle(() => true);
    await notifier.note(standing([renders('a'), renders('b')]));
    notifier.begin();
    await notifier.settle(() => true);
    assert.deepEqual([messenger.got.length, messenger.told().length, waiting()], [2, 2, 0]);
  });

  test('says nothing about what to do when the lease was lost meanwhile', async () => {
    const { records, messenger, notifier, standing } = await createAlone();
    let answer = () => {};
    messenger.hanging = new Promise((done) => {
      answer = done;
    });
    await notifier.note(standing([renders('a')]));
    notifier.begin();
    notifier.forget();
    const reads = records.callsOf('read').length;
    answer();
    await notifier.settle(() => false);
    await notifier.note(standing([renders('a')]));
    assert.equal(records.callsOf('read').length, reads + 1);
  });

  test('is not begun when the lease may end before it does', async () => {
    const of = createTelling();
    await begin(of, SETTINGS);
    await takeTasks(of);
    const leave = (ms: number) => {
      let calls = 0;
      of.records.onCall = (when) => {
        if (when !== 'after' || of.records.calls.at(-1)?.args[0] !== 'status.json' || calls > 0) return;
        calls += 1;
        of.clock.advance(30_000 - ms);
      };
    };
    leave(LONGEST_ROUND_MS - 1);
    await pass(of);
    assert.equal(of.messenger.calls.length, 0);
    leave(LONGEST_ROUND_MS);
    await pass(of);
    assert.equal(of.messenger.got.length, 1);
  });
});

describe('a service that is killed', () => {
  test('between any two steps: everything is told, and a receiver that drops repeats is told once', async () => {
    for (let calls = 1; calls < 900; calls += callsApart(13)) {
      const of = createTelling();
      const death = dieAfter(of, calls);
      const alive = async (step: () => Promise<unknown>) => {
        await step().catch(() => {
          death.revive();
          restart(of, 'two');
        });
      };
      await upload(of, SETTINGS).catch(async () => {
        death.revive();
        restart(of, 'two');
        await upload(of, SETTINGS);
      });
      for (let passes = 0; passes < 12; passes += 1) await alive(() => pass(of));
      for (let round = 0; round < 8; round += 1) {
        await alive(() => takeTasks(of));
        await alive(() => pass(of));
        await alive(() => endTasks(of));
        await alive(() => pass(of));
      }
      death.revive();
      await pass(of, 20);
      assert.equal((await run(of)).state, 'completed');
      assert.equal(memory(of).stage, 'absent');
      const types = of.messenger.types();
      const [first, ...rest] = types;
      // Nobody needs to hear that one starts which is done by then.
      assert.deepEqual(first === 'run.started' ? rest : types, WHOLE_LIFE.slice(1), `after ${calls} calls`);
    }
  });

  test('a successor goes on with what was on record, under the same ids', async () => {
    const of = createTelling();
    of.messenger.failUntilHealed('denied');
    await wholeLife(of);
    const ids = outbox(of).waiting.map(({ id }) => id);
    assert.equal(ids.length, 3);
    of.messenger.heal();
    restart(of, 'two');
    await pass(of, 20);
    assert.deepEqual(
      of.messenger.got.map(({ id }) => id),
      ids,
    );
  });
});

describe('at rest', () => {
  test('a pass reads one record for it, and writes none', async () => {
    const of = createTelling();
    await wholeLife(of);
    await pass(of, 2);
    const before = of.records.calls.length;
    await pass(of);
    const calls = of.records.calls.slice(before).filter(({ args }) => args[0] === 'messages.json');
    assert.deepEqual(
      calls.map(({ method }) => method),
      ['read'],
    );
  });
});
