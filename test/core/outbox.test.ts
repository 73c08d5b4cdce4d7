import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Standing } from '../../services/control/core/messages.ts';
import type { FarmMemory } from '../../services/control/core/model.ts';
import {
  dueMessage,
  type Message,
  messagesStatus,
  newOutbox,
  type Outbox,
  withFailure,
  withNews,
  withSent,
} from '../../services/control/core/outbox.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import { newFarmMemory } from '../../services/control/reconcile/state.ts';
import { aRun } from '../http/app-for-tests.ts';

const HOUR = 3_600_000;
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

const NO_FORECAST = { p10: null, p50: null, p90: null };

function standing(now: number, runs: readonly RunRecord[], memory: Partial<FarmMemory> = {}): Standing {
  const policy = { monthlyBudgetDollars: null, budgetStop: 'drain' } as const;
  return {
    memory: { ...newFarmMemory(0, 0), ...memory },
    runs,
    policy,
    forecastOf: () => NO_FORECAST,
    day: '',
    month: '',
    now,
  };
}

const after = (outbox: Outbox, now: number, runs: readonly RunRecord[], memory: Partial<FarmMemory> = {}) =>
  withNews(outbox, standing(now, runs, memory), hash);
const types = ({ waiting }: Outbox) => waiting.map(({ type }) => type);
const renders = (id: string) => aRun({ id, state: 'rendering' });

/** The first of those that wait. */
function first(outbox: Outbox): Message {
  const [message] = outbox.waiting;
  assert.ok(message);
  return message;
}

describe('the outbox', () => {
  test('takes in what is new once, and is the same object when nothing is', () => {
    const one = after(newOutbox(0), 1, [renders('a')]);
    assert.deepEqual(types(one), ['run.started']);
    assert.equal(after(one, 2, [renders('a')]), one);
    assert.deepEqual(types(after(one, 2, [renders('a'), renders('b')])), ['run.started', 'run.started']);
  });

  test('does not tell again what was so, is not, and is so once more', () => {
    const one = after(newOutbox(0), 1, [renders('a')]);
    const waiting = after(one, 2, [aRun({ id: 'a', state: 'queued' })]);
    assert.equal(after(waiting, 3, [renders('a')]).waiting.length, 1);
  });

  test('tells of the farm once more when it was over in between', () => {
    const dry = { setback: { kind: 'noMachines', times: 1, message: 'none', until: 0 } } as const;
    const one = after(newOutbox(0), 1, [], dry);
    assert.equal(after(one, 2, [], dry), one);
    const two = after(after(one, 3, []), 4, [], dry);
    assert.deepEqual(types(two), ['farm.noCapacity', 'farm.noCapacity']);
    assert.notEqual(two.waiting[0]?.id, two.waiting[1]?.id);
  });

  test('keeps nothing of runs that nobody lists any more', () => {
    const one = after(newOutbox(0), 1, [renders('a'), renders('b')]);
    assert.deepEqual(Object.keys(after(one, 2, [renders('b')]).toldOfRuns), ['b']);
  });

  test('remembers the first forecast of a run for as long as it is open', () => {
    const run = aRun({ id: 'a', state: 'queued' });
    const at = (outbox: Outbox, p90: number, p50: number, runs = [run]) =>
      withNews(outbox, { ...standing(1, runs), forecastOf: () => ({ p10: 0, p50, p90 }) }, hash);
    const one = at(newOutbox(0), 6, 5);
    assert.deepEqual(one.quotes, { a: 6 });
    assert.deepEqual(types(at(one, 8, 6)), []);
    const over = at(one, 8, 7);
    assert.deepEqual([types(over), over.quotes], [['run.overQuote'], { a: 6 }]);
    assert.equal(at(over, 9, 8), over);
    assert.deepEqual(at(over, 9, 8, [aRun({ id: 'a', state: 'completed' })]).quotes, {});
  });

  test('tells what is left once, although nobody looks while there is a farm again', () => {
    const left = { stage: 'absent', leftovers: ['disk b', 'disk a'] } as const;
    const one = after(newOutbox(0), 1, [], left);
    const up = after(one, 2, [], { stage: 'ready', leftovers: null });
    const down = after(up, 3, [], { ...left, leftovers: ['disk a', 'disk b'] });
    assert.deepEqual(types(down), ['farm.leftovers']);
    assert.deepEqual(types(after(down, 4, [], { ...left, leftovers: ['disk c'] })), [
      'farm.leftovers',
      'farm.leftovers',
    ]);
  });

  test('tells the end only of a farm that was there', () => {
    const gone = { stage: 'absent', leftovers: [] } as const;
    assert.deepEqual(types(after(newOutbox(0), 1, [], gone)), []);
    assert.deepEqual(types(after(after(newOutbox(0), 1, [], { stage: 'creating' }), 2, [], gone)), []);
    const up = after(newOutbox(0), 1, [], { stage: 'ready' });
    const left = after(up, 2, [], { stage: 'absent', leftovers: ['disk'] });
    assert.deepEqual(types(left), ['farm.leftovers']);
    const down = after(left, 3, [], gone);
    assert.deepEqual(types(down), ['farm.leftovers', 'farm.down']);
    assert.equal(after(down, 4, [], gone), down);
  });

  test('has other ids than another outbox, and the same for the same news', () => {
    const idOf = (since: number) => after(newOutbox(since), 1, [renders('a')]).waiting[0]?.id;
    assert.equal(idOf(0), idOf(0));
    assert.notEqual(idOf(0), idOf(1));
    assert.match(String(idOf(0)), /^msg_[0-9a-f]{24}$/);
  });

  test('keeps the newest thousand, and says how many it lost and why', () => {
    const many = Array.from({ length: 1003 }, (_, index) => renders(`r${index}`));
    let full = newOutbox(0);
    for (let at = 5; at < many.length + 5; at += 5) full = after(full, 1, many.slice(0, at));
    assert.equal(full.waiting.length, 1000);
    assert.equal(first(full).id, after(newOutbox(0), 1, many.slice(0, 4)).waiting[3]?.id);
    assert.deepEqual(messagesStatus(full), {
      waiting: 1000,
      failure: null,
      lost: 3,
      lostReason: 'they were too many at once',
    });
    const shown = after(full, 1 + 24 * HOUR - 1, many);
    assert.equal(messagesStatus(shown).lost, 3);
    assert.equal(messagesStatus(after(full, 1 + 24 * HOUR, many)).lost, 0);
  });

  test('tells of many shots of which the same is so in one message, and of each once', () => {
    const held = (index: number) =>
      aRun({
        ...{ id: `h${index}`, shot: `film/s${index}`, state: 'held' },
        reason: { code: 'held', message: 'Many came at once.', action: 'Let it go on the page.' },
      });
    const many = Array.from({ length: 500 }, (_, index) => held(index));
    const few = [...many.slice(0, 5), renders('a')];
    assert.equal(after(newOutbox(0), 1, few).waiting.length, 6, 'five are told one by one');
    const one = after(newOutbox(0), 1, [...many, renders('a')]);
    assert.deepEqual(types(one), ['run.waiting', 'run.started']);
    const { message, data } = first(one);
    assert.match(
      message,
      /^500 shots wait for you: film\/s0.*, film\/s1.*, film\/s2.* and 497 more\. The first: film\/s0.* waits for you\. Many came at once\. Let it go on the page\.$/,
    );
    assert.equal(data.count, 500);
    assert.deepEqual(
      (data.runs as { id: string }[]).slice(0, 2).map(({ id }) => id),
      ['h0', 'h1'],
    );
    assert.equal(after(one, 2, [...many, renders('a')]), one, 'each of them has been told');
    const next = after(one, 2, [...many, held(500), renders('a')]);
    assert.match(next.waiting[2]?.message ?? '', /^film\/s500/);
  });

  test('keeps apart what shots wait for', () => {
    const waits = (index: number) =>
      aRun({
        ...{ id: `w${index}`, state: 'held' },
        reason: { code: index % 2 === 0 ? 'held' : 'needsScripts', message: 'Why.', action: 'Do.' },
      });
    const twelve = after(
      newOutbox(0),
      1,
      Array.from({ length: 12 }, (_, index) => waits(index)),
    );
    assert.deepEqual(
      twelve.waiting.map(({ data }) => data.count),
      [6, 6],
    );
    assert.equal(new Set(twelve.waiting.map(({ id }) => id)).size, 2);
  });

  test('gives up what was not taken for three days', () => {
    const one = after(newOutbox(0), 1, [renders('a')]);
    const failed = withFailure(one, first(one), { why: 'it is off', isForGood: false, now: 2 });
    assert.equal(after(failed, 72 * HOUR, [renders('a')]).waiting.length, 1);
    const old = after(failed, 1 + 72 * HOUR, [renders('a')]);
    assert.deepEqual(old.waiting, []);
    assert.deepEqual(messagesStatus(old).lostReason, 'it is off');
  });

  test('waits longer from failure to failure, a quarter of an hour at most, and begins anew when one was taken', () => {
    let outbox = after(newOutbox(0), 0, [renders('a')]);
    const message = first(outbox);
    const waits = [];
    for (let times = 0; times < 10; times += 1) {
      outbox = withFailure(outbox, message, { why: 'off', isForGood: false, now: 0 });
      const retryAt = outbox.failure?.retryAt ?? 0;
      waits.push(retryAt / 1000);
      assert.equal(dueMessage(outbox, retryAt - 1), null);
      assert.equal(dueMessage(outbox, retryAt), message);
    }
    assert.deepEqual(waits, [5, 15, 30, 60, 120, 300, 600, 900, 900, 900]);
    const sent = withSent(outbox, message);
    assert.equal(sent.failure, null);
    assert.deepEqual(sent.waiting, []);
  });

  test('lets one that something on the way refuses again and again not stand before the others', () => {
    let outbox = after(newOutbox(0), 0, [renders('<script>'), renders('a'), renders('b')]);
    const [refused, ...others] = outbox.waiting;
    const taken: Message[] = [];
    for (let now = 0; now < HOUR; now += 1000) {
      const message = dueMessage(outbox, now);
      if (message === null) continue;
      if (message === refused) outbox = withFailure(outbox, message, { why: '403', isForGood: false, now });
      else {
        taken.push(message);
        outbox = withSent(outbox, message);
      }
    }
    assert.deepEqual(taken, others);
    assert.deepEqual(outbox.waiting, [refused]);
    assert.ok((outbox.failure?.times ?? 0) > 4, 'and it is tried less and less often');
  });

  test('tells an end once, although the run goes out of view and comes back', () => {
    const rejected = aRun({ id: 'a', state: 'rejected', endedAt: HOUR });
    const one = after(newOutbox(0), HOUR, [rejected]);
    assert.deepEqual(types(one), ['run.rejected']);
    const away = after(one, 2 * HOUR, [renders('b')]);
    assert.deepEqual(types(after(away, 3 * HOUR, [rejected])), ['run.rejected', 'run.started']);
    assert.deepEqual(Object.keys(after(away, 25 * HOUR - 1, []).toldOfRuns), ['a']);
    assert.deepEqual(after(away, 25 * HOUR, []).toldOfRuns, {});
  });

  test('goes on after a clock that was wrong', () => {
    const ahead = after(newOutbox(1000 * HOUR), 1000 * HOUR, [renders('a')]);
    const failed = withFailure(ahead, first(ahead), { why: 'off', isForGood: false, now: 1000 * HOUR });
    assert.equal(dueMessage(failed, 2 * HOUR), first(ahead));
    const done = after(failed, 2 * HOUR, [aRun({ id: 'a', state: 'completed', endedAt: HOUR })]);
    const later = after(done, 3 * HOUR, [aRun({ id: 'a', state: 'completed', endedAt: 3 * HOUR })]);
    assert.deepEqual(types(later), ['run.started', 'run.completed']);
  });

  test('lets one that is never taken not stand before the others', () => {
    const outbox = after(newOutbox(0), 0, [renders('a'), renders('b')]);
    const next = withFailure(outbox, first(outbox), { why: 'too large', isForGood: true, now: 0 });
    assert.equal(dueMessage(next, 0), outbox.waiting[1]);
    assert.equal(messagesStatus(next).lost, 1);
  });
});
