import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../services/control/http/app.ts';
import { FakeRenders, FakeScenes } from '../fakes/fake-buckets.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeRecords } from '../fakes/fake-records.ts';
import { aStatus } from '../http/app-for-tests.ts';

const RUNS = 60;

/** Our routes over fakes, with as many runs on the status as it shows at most. */
export async function statusApp(): Promise<FastifyInstance> {
  const clock = new FakeClock();
  const records = new FakeRecords();
  await records.overwrite('status.json', aStatus({ runs: Array.from({ length: RUNS }, aRunStatus) }));
  return buildApp({
    ...{ records, clock, log: pino({ level: 'silent' }) },
    renders: new FakeRenders({ clock }),
    scenes: new FakeScenes({ clock }),
    uploads: { begin: async (path) => ({ url: `http://elsewhere/${path}` }) },
    uploadStore: null,
    ticker: { kick: async () => {} },
    runTick: async () => ({ lookAgainAt: null, passes: 1, isElsewhere: false }),
    newId: () => 'id',
    manager: { prefix: '', find: async () => null },
    isReady: () => true,
    page: async () => new Map(),
    serves: 'all',
    knownHosts: ['127.0.0.1'],
    project: null,
  });
}

function aRunStatus(_: unknown, index: number) {
  const band = { p10: 100, p50: 200, p90: 300 };
  return {
    ...{ id: `run-${index}`, shot: `film/seq/sh${index}`, version: 'v001', state: 'rendering' as const },
    ...{ since: '2026-11-24T08:00:00.000Z', reason: null, etaSeconds: band },
    frames: { total: 250, done: 100, active: 8, failed: 0 },
    dollars: { ...band, soFar: 1 },
    ...{ thumbnail: null, warnings: [] },
  };
}
