import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { USUAL_CLOUD } from '../sim/world.ts';
import type { WorldSpec } from './spec.ts';
import { type Break, type RunOptions, runWorld } from './world.ts';

/** One shot, nothing goes wrong. */
const PEACE: WorldSpec = {
  seed: 1,
  policy: {
    pools: [{ name: 'cpu', max: 2, memoryGiB: 52 }],
    quota: null,
    hasFallback: false,
    idleTeardownSeconds: 0,
    settleSeconds: 0,
    maxFarmHours: 24,
    maxUnknownHours: 3,
    droughtMinutes: 20,
    missingFilesGraceHours: 2,
    monthlyBudgetDollars: null,
    budgetStop: 'drain',
    checkFirst: 'never',
  },
  cloud: { ...USUAL_CLOUD, preemptionsPerHour: 0 },
  creations: [],
  shots: [
    {
      ...{ name: 'film/s1', frames: 4, secondsPerFrame: 120, loadSeconds: 5, memoryGiB: 4, chunkSize: 2 },
      ...{ maxDollars: null, finishBy: null, hasImage: false, fate: 'sound' },
    },
  ],
  happenings: [{ at: 10, kind: 'upload', shot: 'film/s1', what: 'all', content: 1, word: 'once', lateBy: 0 }],
  troubles: [],
  mishaps: [],
  services: [{ startsAt: 0, lives: [], jumps: [] }],
  hasReceiver: false,
  monthEndsAt: null,
  calmAt: 1200,
};

const busy: Break = async (call, act, also, world) => {
  const name = world.pool.running().find((one) => world.pool.isBusy(one));
  if (call.method === 'pushDeadman' && name !== undefined) await also('workers', 'remove', name);
  return act();
};

const taking: Break = async (call, act, also, { manager }) => {
  const active = [...manager.farm.tasks.values()].find(({ status }) => status === 'active');
  if (call.method === 'pushDeadman' && active !== undefined)
    await also('manager', 'requeueTask', active.id, null, 'nobody asked');
  return act();
};

/** It dies when its job is handed over, and its place is taken an hour and a half later. */
const GONE_FOR_LONG: WorldSpec['services'][number] = {
  startsAt: 0,
  lives: [{ death: { method: 'manager.submit', nth: 1, when: 'after' }, nextAfter: 90 * 60 }],
  jumps: [],
};

const SHOT_OF_SINGLE_FRAMES: WorldSpec['shots'][number] = {
  ...{ name: 'film/s1', frames: 60, secondsPerFrame: 120, loadSeconds: 5, memoryGiB: 4, chunkSize: 1 },
  ...{ maxDollars: null, finishBy: null, hasImage: false, fate: 'sound' },
};

const CAPPED_SHOT: WorldSpec['shots'][number] = { ...SHOT_OF_SINGLE_FRAMES, maxDollars: 0.05 };

/** A deliberately broken decision for each invariant. */
const BROKEN: Readonly<Record<string, RunOptions & { readonly spec?: Partial<WorldSpec> }>> = {
  endsOnce: {
    breaks: async ({ method, args }, act, also) => {
      const answer = await act();
      const run = args[1] as { state?: string } | undefined;
      if (method === 'replace' && run?.state === 'completed')
        await also('records', 'replace', args[0], { ...run, state: 'rendering' }, answer);
      return answer;
    },
  },
  nothingIsLost: {
    breaks: async ({ port, method }, act) => (port === 'scenes' && method === 'list' ? [] : act()),
    spec: {
      happenings: [
        { at: 10, kind: 'upload', shot: 'film/s1', what: 'all', content: 1, word: 'lost', lateBy: 0 },
      ],
    },
  },
  oneRun: {
    breaks: async ({ method, args }, act, also) => {
      const [name, run] = args as readonly [string, { readonly id: string }];
      if (method === 'create' && name.startsWith('runs/'))
        await also('records', 'create', 'runs/second.json', { ...run, id: 'second' });
      return act();
    },
  },
  oneJob: {
    breaks: async ({ method, args }, act, also) => {
      const [job] = args as readonly [object];
      if (method === 'submit') await also('manager', 'submit', { ...job, round: 77 });
      return act();
    },
  },
  oneVersion: {
    // The service is kept from seeing that the shot was overwritten.
    breaks: async ({ port, method, args }, act) => {
      const answer = await act();
      if (port !== 'scenes' || (method !== 'look' && method !== 'list')) return answer;
      const old = (seen: unknown) => {
        const one = seen as { path: string; generation: string } | null;
        if (one?.path !== 'film/s1.blend') return one;
        firstSeen ??= one;
        return firstSeen;
      };
      return method === 'look'
        ? old(answer)
        : args.length === 0
          ? (answer as readonly unknown[]).map(old)
          : answer;
    },
    spec: {
      calmAt: 3600,
      happenings: [
        { at: 10, kind: 'upload', shot: 'film/s1', what: 'all', content: 1, word: 'once', lateBy: 0 },
        { at: 300, kind: 'upload', shot: 'film/s1', what: 'blend', content: 2, word: 'once', lateBy: 0 },
      ],
    },
  },
  noBusyWorkerKilled: { breaks: busy },
  'noBusyWorkerKilled, of a task that is taken away': { breaks: taking },
  'noBusyWorkerKilled, by a budget that is to drain': {
    believes: { budgetStop: 'now' },
    spec: { policy: { ...PEACE.policy, monthlyBudgetDollars: 0.1 }, shots: [SHOT_OF_SINGLE_FRAMES] },
  },
  nothingFromUnknown: {
    breaks: async ({ port, method }, act, also) => {
      try {
        return await act();
      } catch (error) {
        if (port === 'workers' && method === 'list') await also('farm', 'delete');
        throw error;
      }
    },
    spec: {
      troubles: [{ from: 0, to: 1200, share: 0.5, port: 'workers', kinds: ['fails'], codes: ['transient'] }],
    },
  },
  neverTooMany: {
    breaks: async ({ method, args }, act, also) => {
      if (method === 'order') await also('workers', 'order', args[0], ['cpu-90', 'cpu-91', 'cpu-92']);
      return act();
    },
  },
  'neverTooMany, of what the quotas allow': {
    breaks: async ({ method }, act) => (method === 'quotas' ? [] : act()),
    spec: { policy: { ...PEACE.policy, quota: 1 } },
  },
  budgetHolds: {
    believes: { monthlyBudgetDollars: null },
    spec: { policy: { ...PEACE.policy, monthlyBudgetDollars: 0.001 } },
  },
  "budgetHolds, a month's that the service believes to be over": {
    breaks: async ({ method, args }, act) => {
      const [name, value] = args as readonly [string, { readonly ledger?: object }];
      const isMemory = method === 'replace' && name === 'farm.json';
      if (isMemory) Object.assign(value, { ledger: { ...value.ledger, month: '2026-10' } });
      return act();
    },
    spec: { policy: { ...PEACE.policy, monthlyBudgetDollars: 0.001 }, shots: [CAPPED_SHOT] },
  },
  "budgetHolds, a month's that stops nobody who is there already": {
    believes: { monthlyBudgetDollars: null },
    spec: {
      policy: { ...PEACE.policy, monthlyBudgetDollars: 0.1, budgetStop: 'now' },
      shots: [{ ...SHOT_OF_SINGLE_FRAMES, frames: 300 }],
    },
  },
  "budgetHolds, a run's own": {
    // The service does not see the cap.
    breaks: async ({ port, method, args }, act) => {
      const answer = await act();
      if (port !== 'scenes' || method !== 'read' || args[0] !== 'film/s1.render.json') return answer;
      const { maxDollars: _, ...others } = JSON.parse(Buffer.from(answer as Uint8Array).toString());
      return Buffer.from(JSON.stringify(others));
    },
    spec: { shots: [CAPPED_SHOT] },
  },
  toldOnce: {
    breaks: async ({ method, args }, act) => {
      const [name, value] = args as readonly [string, object];
      if (method === 'replace' && name === 'messages.json') Object.assign(value, { waiting: [] });
      return act();
    },
    spec: { hasReceiver: true },
  },
  'toldOnce, and not again': {
    breaks: async ({ port, method, args }, act, also) => {
      const [message] = args as readonly [{ readonly id: string }];
      if (port === 'messenger' && method === 'send')
        await also('messenger', 'send', { ...message, id: `msg_other${message.id}` });
      return act();
    },
    spec: { hasReceiver: true },
  },
  deadmanHolds: {
    breaks: async ({ method }, act, _also, { cluster, clock }) => {
      if (method === 'pushDeadman') clock.after(50 * 60, () => void cluster.pushDeadman());
      return act();
    },
    spec: { services: [GONE_FOR_LONG] },
  },
  noCrash: {
    breaks: async ({ method }, act) => {
      if (method === 'leftovers') throw new TypeError('leftovers is not iterable');
      return act();
    },
  },
  endsAtZero: {
    breaks: async ({ method }, act) => (method === 'leftovers' ? ['a disk'] : act()),
  },
};

let firstSeen: { path: string; generation: string } | null = null;

describe('a deliberately broken decision', () => {
  for (const [name, { spec, ...options }] of Object.entries(BROKEN)) {
    it(`is found by ${name}`, async () => {
      firstSeen = null;
      const { violation } = await runWorld({ ...PEACE, ...spec }, options);
      assert.equal(violation?.name, name.split(',')[0], violation?.what);
    });
  }

  it('is what it takes: without one every invariant holds', async () => {
    for (const { spec } of Object.values(BROKEN)) {
      const { violation } = await runWorld({ ...PEACE, ...spec });
      assert.equal(violation, null);
    }
  });
});
