import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  aloneEnds,
  deadlineKept,
  deadlineQuality,
  deadlinesOf,
  type Fastest,
  fastestOf,
} from '../bench/policy/deadlines.ts';
import type { Deadline } from '../bench/policy/extras.ts';
import { lookBack, periodsOf } from '../bench/policy/frontier.ts';
import { parseTrace } from './trace.ts';

const job = (atSeconds: number) => ({ atSeconds, frames: 1, secondsPerFrame: { mean: 10, cv: 0 } });

/** A cluster takes 100 s, a boot 50 s; with the waits of hindsight one frame is there 173 s after its job, 73 s where a cluster stands. */
function traceOf(...at: readonly number[]) {
  return parseTrace({
    name: 'exact',
    jobs: at.map(job),
    cloud: {
      clusterCreateSeconds: { median: 100, sigma: 0 },
      nodeBootSeconds: { median: 50, sigma: 0 },
      preemptionsPerHour: 0,
    },
    policy: { idleTeardownSeconds: 600 },
  });
}

const rounded = (values: readonly number[]) => values.map(Math.round);

describe('the fastest time of a job by itself', () => {
  for (const [when, at, end] of [
    ['the cluster of the one before stands', 700, 700 + 73],
    ['that cluster is being deleted', 800, 173 + 600 + 220 + 173],
    ['that cluster is gone', 2000, 2000 + 173],
  ] as const)
    it(`counts from how things stand when it comes: ${when}`, () => {
      assert.deepEqual(rounded(aloneEnds(traceOf(0, at), 1)), [173, end]);
      // Whatever their order in the trace.
      assert.deepEqual(rounded(aloneEnds(traceOf(at, 0), 1)), [end, 173]);
    });
});

describe('the fastest time of a job among others', () => {
  it('is that of the fastest pool for all of its busy period, if that is later', () => {
    const trace = traceOf(0, 90, 5000);
    const periods = periodsOf(trace, [300, 400, 5300]);
    assert.equal(periods.length, 2);
    const fastest = fastestOf(trace, [lookBack(trace, 1, periods)], [aloneEnds(trace, 1)], periods);
    const seconds = fastest[0]?.map(({ alone, among }) => rounded([alone, among]));
    assert.deepEqual(seconds, [
      [173, 173],
      [73, 83],
      [173, 173],
    ]);
  });
});

describe('a deadline of the bench', () => {
  const trace = traceOf(0, 2000);
  const all = (...seconds: readonly number[]): readonly Fastest[] =>
    seconds.map((each) => ({ alone: each, among: each }));
  const fastest = [all(100, 200), all(100, 200), all(130, 600)];
  const outcome = {
    ...{ dollars: 1, minutes: 1, renderShare: 1, killedByScaling: 0, lostToPreemption: 0 },
    ...{ jobEnds: [], jobFrames: [] },
  };
  const run = (...jobs: Deadline['jobs']): Deadline => ({ outcome, jobs });
  const [met, warned, missed] = [
    { isMet: true, isWarned: false, toldAfterSeconds: null },
    { isMet: true, isWarned: true, toldAfterSeconds: 50 },
    { isMet: false, isWarned: false, toldAfterSeconds: null },
  ];

  it('is so many times the fastest time at the median of the seeds, for each job', () => {
    const { eased, impossible } = deadlinesOf(trace, fastest);
    assert.deepEqual(eased[0], { ease: 1.25, bySeconds: [125, 250] });
    assert.deepEqual(impossible, [50, 100]);
  });

  it('counts, job by job, where hindsight meets it in that seed', () => {
    const periods = periodsOf(trace, [300, 2300]);
    const found = [1, 2, 3].map((seed) => lookBack(trace, seed, periods));
    const given = { ease: 1.25, bySeconds: [125, 250] };
    const runs = [run(met, warned), run(missed, met), run(missed, missed)];
    const kept = deadlineKept(trace, found, periods, fastest, given, runs);
    // Neither of the third seed's can be met.
    assert.equal(kept.metWherePossible, 3 / 4);
    assert.equal(kept.warnedThoughMet, 1 / 3);
    assert.ok(kept.dollarsVsFrontier > 0 && Number.isFinite(kept.dollarsVsFrontier));
  });

  it('cannot be met at all where a pool for that job alone does not', () => {
    const runs = [run(warned, missed), run(met, warned), run(missed, warned)];
    const { impossibleTold, impossibleToldAfterSeconds } = deadlineQuality([], [110, 150], fastest, runs);
    // All of the second job, and the first one's third seed.
    assert.deepEqual([impossibleTold, impossibleToldAfterSeconds], [2 / 4, 50]);
  });
});
