import { NEW_RUN, type RunRecord } from '../../services/control/core/run.ts';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';
import { aStatus } from '../http/app-for-tests.ts';

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

export function aRunStatus(overrides: Partial<RunStatus> = {}): RunStatus {
  return {
    id: 'r1',
    shot: 'film/sh010',
    version: 'v001',
    state: 'rendering',
    since: ago(300),
    reason: null,
    frames: { total: 24, done: 10, active: 2, failed: 1 },
    etaSeconds: { p10: 540, p50: 720, p90: 1200 },
    dollars: { soFar: 0.31, p10: 0.6, p50: 0.74, p90: 1.1 },
    thumbnail: null,
    warnings: [],
    ...overrides,
  };
}

/** A farm at work: three workers, one shot rendering, one that waits for a file, one held, one done. */
export function aBusyStatus(overrides: Partial<StatusDocument> = {}): StatusDocument {
  return aStatus({
    asOf: ago(1),
    nextLookAt: ago(-600),
    sentence: 'Rendering 1 shot on 3 workers.',
    farm: {
      stage: 'ready',
      reason: null,
      since: ago(900),
      zone: 'europe-west1-b',
      endsAt: null,
      isPaused: false,
    },
    pools: [{ name: 'cpu', wanted: 3, booting: 1, busy: 2, idle: 0, draining: 0, pricePerHour: 0.2 }],
    runs: [
      aRunStatus({
        requestedBy: 'anna@studio.example',
        warnings: ['Blender 3.4.2 is used: 3.4.1 is not there.'],
      }),
      aRunStatus({
        id: 'r2',
        shot: 'film/sh020',
        version: null,
        state: 'waiting',
        reason: {
          code: 'missingFiles',
          message: 'A file is missing: film/tex/wood.png (needed by film/sh020.blend).',
          action: 'Upload it; the render starts by itself.',
        },
        frames: { total: 0, done: 0, active: 0, failed: 0 },
        etaSeconds: null,
        dollars: { soFar: 0, p10: null, p50: null, p90: null },
      }),
      aRunStatus({
        id: 'r3',
        shot: 'film/sh030',
        state: 'completed',
        since: ago(4000),
        frames: { total: 24, done: 24, active: 0, failed: 0 },
        etaSeconds: null,
        dollars: { soFar: 0.9, p10: 0.9, p50: 0.9, p90: 0.9 },
      }),
    ],
    decisions: [
      { at: ago(60), what: '2 more workers ordered', reason: '24 frames are waiting' },
      { at: ago(300), what: 'film/sh010 v001: rendering', reason: 'a worker began' },
      { at: ago(900), what: 'farm: ready', reason: 'ready' },
    ],
    money: { today: 1.4, month: 12.5, cap: 50 },
    ...overrides,
  });
}

/** The record of a completed run of so many frames. */
export function aRunRecord(frames: number, overrides: Partial<RunRecord> = {}): RunRecord {
  const now = Date.now();
  return {
    ...NEW_RUN,
    id: 'r3',
    shot: 'film/sh030',
    scenePath: 'film/sh030.blend',
    generation: 'g1',
    count: 1,
    settingsGeneration: null,
    state: 'completed',
    receivedAt: now - 5_000_000,
    stateSince: now - 4_000_000,
    startedAt: now - 4_900_000,
    endedAt: now - 4_000_000,
    admittedAt: now - 4_950_000,
    version: 1,
    frames: `1-${frames}`,
    proved: `1-${frames}`,
    blender: '3.4.1',
    output: { pattern: 'sh030_####', extension: '.png', views: [''] },
    inputs: [{ path: 'film/sh030.blend', generation: 'g1', size: 123_456, crc32c: 'AAAAAA==' }],
    ...overrides,
  };
}
