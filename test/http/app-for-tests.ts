import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { NEW_RUN, type RunRecord } from '../../services/control/core/run.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { buildApp } from '../../services/control/http/app.ts';
import type { AppDeps } from '../../services/control/http/deps.ts';
import { once } from '../../services/control/http/page-files.ts';
import { buildPage } from '../../services/page/build.ts';
import { FakeRenders, FakeScenes } from '../fakes/fake-buckets.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeRecords } from '../fakes/fake-records.ts';

/** The real app over fakes. `kicks` counts what reached the ticker; `lines` is the log. */
export interface Bench {
  readonly app: FastifyInstance;
  readonly records: FakeRecords;
  readonly renders: FakeRenders;
  readonly scenes: FakeScenes;
  readonly clock: FakeClock;
  readonly lines: readonly string[];
  /** Uploads that were begun, with who began them. */
  readonly begun: { readonly path: string; readonly by: string | null | undefined }[];
  kicks: number;
}

export const JSON_TYPE = { 'content-type': 'application/json' };

export function makeApp(t: Pick<TestContext, 'after'>, overrides: Partial<AppDeps> = {}): Bench {
  const clock = new FakeClock();
  const records = new FakeRecords();
  const renders = new FakeRenders({ clock });
  const scenes = new FakeScenes({ clock });
  const lines: string[] = [];
  let ids = 0;
  const app = buildApp({
    log: pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }),
    records,
    renders,
    scenes,
    uploads: {
      begin: async (path, _size, _origin, by) => {
        bench.begun.push({ path, by });
        return { url: `http://elsewhere/${path}` };
      },
    },
    uploadStore: null,
    ticker: {
      kick: async () => {
        bench.kicks += 1;
      },
    },
    runTick: async () => ({ lookAgainAt: null, passes: 1, isElsewhere: false }),
    clock,
    newId: () => {
      ids += 1;
      return `id${ids}`;
    },
    manager: { prefix: '', find: async () => null },
    serves: 'all',
    isReady: () => true,
    page: once(buildPage),
    knownHosts: ['127.0.0.1', 'localhost', '[::1]'],
    project: null,
    ...overrides,
  });
  const bench: Bench = { app, records, renders, scenes, clock, lines, begun: [], kicks: 0 };
  t.after(() => app.close());
  return bench;
}

/** The commands that were written, without their ids. */
export function commandsIn({ records }: Bench): readonly unknown[] {
  return records.callsOf('create').map(([, value]) => value);
}

export function aRun(overrides: Partial<RunRecord> = {}): RunRecord {
  return {
    ...NEW_RUN,
    id: 'r1',
    shot: 'film/sh010',
    scenePath: 'film/sh010.blend',
    generation: 'g1',
    count: 1,
    settingsGeneration: null,
    state: 'rendering',
    receivedAt: 0,
    stateSince: 0,
    version: 1,
    ...overrides,
  };
}

export function aStatus(overrides: Partial<StatusDocument> = {}): StatusDocument {
  return {
    schema: 1,
    asOf: '2026-11-24T09:00:00.000Z',
    nextLookAt: '2026-11-24T09:01:00.000Z',
    sentence: 'The farm is down.',
    farm: {
      stage: 'absent',
      reason: null,
      since: '2026-11-24T08:00:00.000Z',
      zone: null,
      endsAt: null,
      isPaused: false,
    },
    pools: [],
    runs: [],
    decisions: [],
    money: { today: 0, month: 0, cap: null },
    leftovers: [],
    ...overrides,
  };
}
