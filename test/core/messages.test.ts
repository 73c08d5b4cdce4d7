import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  newsOfFarm,
  newsOfFarmsEnd,
  newsOfRun,
  type Standing,
} from '../../services/control/core/messages.ts';
import type { FarmMemory } from '../../services/control/core/model.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import { newFarmMemory } from '../../services/control/reconcile/state.ts';
import { aRun } from '../http/app-for-tests.ts';

const NOW = Date.UTC(2026, 10, 28, 13);
const MINUTE = 60_000;
const NO_FORECAST = { p10: null, p50: null, p90: null };

function standing(memory: Partial<FarmMemory> = {}, policy: Partial<Standing['policy']> = {}): Standing {
  return {
    memory: { ...newFarmMemory(0, 0), ...memory },
    runs: [],
    forecastOf: () => NO_FORECAST,
    policy: { monthlyBudgetDollars: null, budgetStop: 'drain', ...policy },
    day: '2026-11-28',
    month: '2026-11',
    now: NOW,
  };
}

function told(overrides: Partial<RunRecord>): readonly string[] {
  const run = aRun({ version: 1, frames: '1-4', stateSince: NOW, ...overrides });
  return newsOfRun(run, standing(), { since: NOW - 60 * MINUTE, quote: null }).map(
    ({ type, content }) => `${type}: ${content().message}`,
  );
}

const reason = { code: 'c', message: 'It is so.', action: 'Do that.' };
const ended = { endedAt: NOW, reason };
const trouble = { frame: 2, attempts: 2, message: 'it broke', log: '', workers: [] };
const longAgo = NOW - 2 * MINUTE;

const OF_RUNS: readonly [string, Partial<RunRecord>, readonly string[]][] = [
  ['renders', { state: 'rendering' }, ['run.started: film/sh010 v001 starts to render: 4 frames.']],
  ['is queued', { state: 'queued' }, []],
  [
    'is done',
    { state: 'completed', ...ended, dollars: 1.234 },
    ['run.completed: film/sh010 v001 is done: 4 frames, for $1.23 so far.'],
  ],
  [
    'has ended with some frames',
    { state: 'incomplete', ...ended, proved: '1-3' },
    ['run.incomplete: film/sh010 v001 has ended with 3 of 4 frames. It is so. Do that.'],
  ],
  [
    'has failed',
    { state: 'failed', ...ended },
    ['run.failed: film/sh010 v001 has failed. It is so. Do that.'],
  ],
  [
    'is rejected',
    { state: 'rejected', ...ended, version: null },
    ['run.rejected: film/sh010 cannot be rendered. It is so. Do that.'],
  ],
  ['was cancelled by a person', { state: 'cancelled', ...ended }, []],
  ['was followed by a newer version', { state: 'superseded', ...ended }, []],
  ['had ended before anybody was to be told', { state: 'failed', reason, endedAt: NOW - 61 * MINUTE }, []],
  ['is held', { state: 'held', reason }, ['run.waiting: film/sh010 v001 waits for you. It is so. Do that.']],
  [
    'waits for files',
    { state: 'waiting', reason, stateSince: longAgo },
    ['run.waiting: film/sh010 v001 waits for you. It is so. Do that.'],
  ],
  ['waits for files of an upload that goes on', { state: 'waiting', reason, stateSince: longAgo + 1 }, []],
  [
    'waits for what comes by itself',
    { state: 'waiting', reason: { ...reason, action: null }, stateSince: 0 },
    [],
  ],
  ['waits for the budget', { state: 'waiting', reason: { ...reason, code: 'budget' }, stateSince: 0 }, []],
  [
    'has a frame that failed twice',
    { state: 'queued', troubles: [trouble] },
    ['run.framesFailing: film/sh010 v001 has trouble: frame 2 keeps failing: it broke.'],
  ],
  [
    'has frames that failed twice',
    { state: 'queued', troubles: [trouble, { ...trouble, frame: 3 }] },
    ['run.framesFailing: film/sh010 v001 has trouble: frames 2-3 keep failing: it broke.'],
  ],
  ['has a frame that failed once', { state: 'queued', troubles: [{ ...trouble, attempts: 1 }] }, []],
  [
    'will be late',
    { state: 'queued', warnings: ['finishBy: cannot be kept.'] },
    ['run.deadlineAtRisk: film/sh010 v001 will be late. finishBy: cannot be kept.'],
  ],
  [
    'may be late',
    { state: 'queued', warnings: ['finishBy: will probably not be kept.'] },
    ['run.deadlineAtRisk: film/sh010 v001 may be late. finishBy: will probably not be kept.'],
  ],
  [
    'is late already',
    { state: 'queued', warnings: ['finishBy passed 5 min ago.'] },
    ['run.deadlineAtRisk: film/sh010 v001 will be late. finishBy passed 5 min ago.'],
  ],
  [
    'may be late, at even odds',
    { state: 'queued', warnings: ['finishBy: may not be kept, the odds are even: 13 min are left.'] },
    [],
  ],
  [
    'costs too much',
    { state: 'queued', dollars: 1, warnings: ['maxDollars: about $9.00 are forecast.'] },
    ['run.overCap: film/sh010 v001 costs more than it may. maxDollars: about $9.00 are forecast.'],
  ],
  [
    'has a cap where nothing has a price',
    { state: 'queued', dollars: 0, warnings: ['maxDollars: nothing has a price here.'] },
    [],
  ],
  [
    'has a name that would do something',
    { state: 'rendering', shot: 'a\u001b[2J\nb\u202egnp' },
    ['run.started: a\ufffd[2J b\ufffdgnp v001 starts to render: 4 frames.'],
  ],
];

describe('what is told of a run that', () => {
  for (const [what, run, expected] of OF_RUNS)
    test(what, () => {
      assert.deepEqual(told(run), expected);
    });

  test('has a reason of great length is short enough to read, and whole signs', () => {
    const [message] = told({
      state: 'failed',
      endedAt: NOW,
      reason: { ...reason, message: '😀'.repeat(3000) },
    });
    assert.ok((message ?? '').length < 2100);
    assert.ok(message?.isWellFormed());
    assert.match(message ?? '', /…$/);
  });

  test('ended a day ago is no news any more', () => {
    const run = aRun({ state: 'failed', reason, endedAt: NOW - 24 * 60 * MINUTE });
    assert.deepEqual(newsOfRun(run, standing(), { since: 0, quote: null }), []);
  });

  test('costs more than the first forecast had as its most', () => {
    const run = aRun({ state: 'queued', version: 1 });
    const at = (p50: number) =>
      newsOfRun(
        run,
        { ...standing(), forecastOf: () => ({ p10: 0, p50, p90: 99 }) },
        { since: 0, quote: 6 },
      ).map(({ content }) => content().message);
    assert.deepEqual(at(6.609), []);
    assert.deepEqual(at(6.611), [
      'film/sh010 v001 costs more than was forecast: about $6.61 in all, and it was $6.00 at most.',
    ]);
  });

  test('comes back and fails once more is told once more', () => {
    const keyOf = (endedAt: number) =>
      newsOfRun(aRun({ state: 'rejected', reason, endedAt }), standing(), { since: 0, quote: null }).map(
        ({ key }) => key,
      );
    assert.notDeepEqual(keyOf(NOW), keyOf(NOW - 1));
  });
});

const ledger = {
  ...newFarmMemory(0, 0).ledger,
  day: '2026-11-28',
  today: 4.2,
  month: '2026-11',
  thisMonth: 50,
};
const setback = { kind: 'noMachines', times: 1, message: 'No machine', until: NOW } as const;

const OF_FARMS: readonly [string, Partial<FarmMemory>, Partial<Standing['policy']>, string | null][] = [
  ['has no machine for 15 minutes', { drySince: NOW - 15 * MINUTE }, {}, 'farm.noCapacity'],
  ['has no machine for less', { drySince: NOW - 15 * MINUTE + 1 }, {}, null],
  [
    'has no machine in one pool for 15 minutes',
    { dryPools: { gpu: NOW - 15 * MINUTE } },
    {},
    'farm.noCapacity',
  ],
  ['has no machine in one pool for less', { dryPools: { gpu: NOW - 15 * MINUTE + 1 } }, {}, null],
  [
    'has no machine in any',
    { drySince: NOW - 15 * MINUTE, dryPools: { gpu: NOW - 15 * MINUTE, cpu: NOW - 15 * MINUTE } },
    {},
    'farm.noCapacity',
  ],
  ['went down for want of machines', { setback }, {}, 'farm.noCapacity'],
  ['broke once', { setback: { ...setback, kind: 'broken' } }, {}, null],
  ['breaks again and again', { setback: { ...setback, kind: 'broken', times: 2 } }, {}, 'farm.broken'],
  ['has reached the budget', { ledger }, { monthlyBudgetDollars: 50 }, 'farm.budgetReached'],
  ['has not reached it', { ledger }, { monthlyBudgetDollars: 50.01 }, null],
  [
    'had reached it last month',
    { ledger: { ...ledger, month: '2026-10' } },
    { monthlyBudgetDollars: 50 },
    null,
  ],
  ['left something', { leftovers: ['disk a', 'disk b'] }, {}, 'farm.leftovers'],
  ['left nothing', { leftovers: [] }, {}, null],
];

describe('what is told of a farm that', () => {
  for (const [what, memory, policy, expected] of OF_FARMS)
    test(what, () => {
      const types = newsOfFarm(standing(memory, policy)).map(({ type }) => type);
      assert.deepEqual(types, expected === null ? [] : [expected]);
    });

  test('is gone: the day and the month in dollars, and nothing that is left', () => {
    const news = newsOfFarmsEnd(standing({ stage: 'absent', leftovers: [], ledger }));
    assert.equal(
      news?.content().message,
      'The farm is down, and nothing is left of it. It has cost $4.20 today.',
    );
    assert.deepEqual(news?.content().data, { leftovers: [], money: { today: 4.2, month: 50, cap: null } });
  });

  test('is gone says nothing until that is proved', () => {
    assert.equal(newsOfFarmsEnd(standing({ stage: 'absent', leftovers: null })), null);
    assert.equal(newsOfFarmsEnd(standing({ stage: 'absent', leftovers: ['disk a'] })), null);
    assert.equal(newsOfFarmsEnd(standing({ stage: 'deleting', leftovers: [] })), null);
  });
});
