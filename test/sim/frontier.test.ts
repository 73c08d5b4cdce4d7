import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frontierOf, lookBack, periodsOf } from '../bench/policy/frontier.ts';
import { parseTrace, type Trace } from './trace.ts';

const [EXACT, NEVER] = [{ sigma: 0 }, { preemptionsPerHour: 0 }];

/** One frame now and one after 1000 s, in a cloud in which nothing is left to chance. */
function traceOf(idleTeardownSeconds: number, changes: object = {}): Trace {
  const one = { frames: 1, secondsPerFrame: { mean: 100, cv: 0 }, loadSeconds: 5 };
  const cloud = {
    clusterCreateSeconds: { median: 100, ...EXACT },
    nodeBootSeconds: { median: 100, ...EXACT },
    ...{ nodeReleaseSeconds: 60, clusterDeleteSeconds: 200, ...NEVER },
    ...{ spotPricePerHour: 0, managerPricePerHour: 2600, clusterFeePerHour: 1000 },
  };
  const jobs = [
    { atSeconds: 0, ...one },
    { atSeconds: 1000, ...one },
  ];
  return parseTrace({ name: 'two', jobs, cloud, policy: { idleTeardownSeconds }, ...changes });
}

/** Where ours ends as hindsight does. */
const ENDS = [313, 1213];

/** Dollars of the pool of one worker, at a dollar for each second of the farm. */
function secondsOfFarm(trace: Trace): number {
  const periods = periodsOf(trace, ENDS);
  assert.equal(periods.length, 2);
  const [first] = lookBack(trace, 1, periods);
  return Math.round((first ?? []).reduce((sum, { dollars }) => sum + dollars, 0));
}

describe('hindsight', () => {
  it('pays for a cluster that stands from one busy period to the next once, to its end', () => {
    assert.equal(secondsOfFarm(traceOf(700)), 1213 + 700 + 200);
  });

  it('pays for the end of one that goes in between, and for the creation of the next', () => {
    // The second comes 100 s later: its cluster is created first.
    assert.equal(secondsOfFarm(traceOf(300)), 2 * (313 + 300 + 200));
  });

  it('has no machine before the last of several stock-outs that overlap is over', () => {
    const cloud = {
      stockouts: [
        [50, 400],
        [300, 900],
        [900, 1000],
      ].map(([from, to]) => ({ fromSeconds: from, toSeconds: to })),
    };
    const trace = traceOf(0);
    const periods = periodsOf(trace, [2000, 2000]);
    const short = { ...trace, cloud: { ...trace.cloud, ...cloud } } as Trace;
    const [first] = lookBack(short, 1, periods);
    // Its boot, the first poll and the loading; then its frame, and the other one.
    assert.equal(first?.[0]?.endSeconds, 1000 + 113 + 100 + 110);
  });

  it('tries each size of a pool up to sixty', () => {
    const jobs = [{ atSeconds: 0, frames: 60, secondsPerFrame: { mean: 100, cv: 0 } }];
    const trace = traceOf(0, { jobs, policy: { maxWorkers: 60 } });
    const periods = periodsOf(trace, [1000]);
    // For each of them seven sizes of tasks.
    assert.equal(lookBack(trace, 1, periods).length, 60 * 7);
  });

  it('has no frontier for what nobody rendered', () => {
    const trace = traceOf(0);
    const none = { ...trace, jobs: trace.jobs.map((job) => ({ ...job, frames: 0 })) };
    const periods = periodsOf(none, [0, 0]);
    assert.deepEqual(frontierOf(trace, [lookBack(trace, 1, periods)], periods), []);
  });
});
