import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { benchTrace } from '../bench/policy/bench-trace.ts';
import { type Guess, guess, runDeadline } from '../bench/policy/extras.ts';
import { plotOf } from '../bench/policy/plot.ts';
import { runTablao } from '../bench/policy/tablao.ts';
import { tableOf } from '../bench/policy/table.ts';
import { createThreads } from '../bench/policy/tasks.ts';
import { parseTrace, type Trace } from './trace.ts';

const FOLDER = join(import.meta.dirname, '../bench/traces');

function read(file: string): Trace {
  return parseTrace(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
}

describe('odd traces', () => {
  for (const file of globSync('odd/*.json', { cwd: FOLDER }).sort())
    it(`${basename(file)}: every run is completed, no frame is killed by scaling, and every estimate is a band`, async () => {
      const trace = read(file);
      let told = 0;
      const { outcome, runs } = await runTablao(trace, 1, {
        watch: ({ runs: seen }) => {
          for (const { etaSeconds, dollars } of seen) {
            if (etaSeconds === null || dollars.p50 === null) continue;
            told += 1;
            assert.ok(etaSeconds.p10 <= etaSeconds.p50 && etaSeconds.p50 <= etaSeconds.p90);
            assert.ok(Number.isFinite(etaSeconds.p90) && dollars.p50 >= dollars.soFar);
          }
        },
      });
      assert.deepEqual(
        runs.map(({ state }) => state),
        trace.jobs.map(() => 'completed'),
      );
      assert.equal(outcome.killedByScaling, 0);
      assert.ok(told > 0);
    });
});

describe('an estimate on the simulated cloud', () => {
  const guessAll = async (file: string, seeds: number) => {
    const all: Guess[] = [];
    for (let seed = 1; seed <= seeds; seed += 1) all.push(...(await guess(read(file), seed)));
    return all;
  };
  const inside = ({ truth, p10, p90 }: Guess['seconds']) => truth >= p10 && truth <= p90;
  const errors = (all: readonly Guess['seconds'][]) =>
    all.map(({ p50, truth }) => Math.abs(p50 - truth) / truth).sort((a, b) => a - b);
  const middleOf = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)] ?? 1;

  it('is off by a tenth at most after ten frames, in the middle of the seeds', async () => {
    const early = (await guessAll('1-240x2min.json', 5)).filter(({ at }) => at === 'tenFrames');
    assert.equal(early.length, 5);
    assert.ok(middleOf(errors(early.map(({ seconds }) => seconds))) <= 0.1);
    assert.ok(middleOf(errors(early.map(({ dollars }) => dollars))) <= 0.1);
  });

  it('has the end of the farm in its dollars', async () => {
    const half = (await guessAll('2-30x1min.json', 5)).filter(({ at }) => at === 'half');
    const off = half.map(({ dollars: { p50, truth } }) => (p50 - truth) / truth).sort((a, b) => a - b);
    assert.ok(Math.abs(middleOf(off)) < 0.025, `${middleOf(off)}`);
  });

  it('knows at half how slow the last third is: frames are rendered spread over the shot', async () => {
    const half = (await guessAll('8-slow-end.json', 3)).filter(({ at }) => at === 'half');
    assert.ok(middleOf(errors(half.map(({ seconds }) => seconds))) <= 0.2);
    assert.ok(middleOf(errors(half.map(({ dollars }) => dollars))) <= 0.05);
  });

  it('holds the truth in its band where the last third is three times slower, and at half where frames differ much', async () => {
    const slowEnd = await guessAll('8-slow-end.json', 3);
    const differing = (await guessAll('odd/huge-spread.json', 5)).filter(({ at }) => at === 'half');
    for (const all of [slowEnd, differing]) {
      const held = all.filter(({ seconds, dollars }) => inside(seconds) && inside(dollars)).length;
      assert.ok(held >= 0.6 * all.length, `${held} of ${all.length}`);
    }
  });
});

describe('a deadline on the simulated cloud', () => {
  const frames = read('2-30x1min.json');

  it('that can be met is met by more workers than its frames would be worth', async () => {
    const { jobs, outcome } = await runDeadline(frames, 2, [20 * 60]);
    assert.equal(jobs[0]?.isMet, true);
    assert.equal(outcome.killedByScaling, 0);
  });

  it('that passes before a farm can be there is said so in the first minute', async () => {
    const [job] = (await runDeadline(frames, 2, [5 * 60])).jobs;
    assert.equal(job?.isMet, false);
    assert.ok((job?.toldAfterSeconds ?? 61) <= 60, `${job?.toldAfterSeconds} s`);
  });
});

describe('the bench', () => {
  it('compares a run that its maxDollars ends with pools that render the same frames, and tells where its money went', async () => {
    const trace = read('1-240x2min.json');
    const jobs = trace.jobs.map((job) => ({ ...job, maxDollars: 1 }));
    const threads = createThreads();
    const result = await benchTrace({ ...trace, jobs, seeds: 2 }, threads, ['tablao', 'fixed-20'], true);
    await threads.end();
    const { rules, oursVsFrontier, ledger, beside } = result;
    const frames = rules.tablao?.frames ?? 0;
    assert.ok(frames > 60 && frames < 220 && rules['fixed-20']?.frames === 240, `${frames} frames`);
    // All frames, for comparison, cost the frontier $1.9.
    assert.ok(oursVsFrontier !== null && oursVsFrontier > 0.95 && oursVsFrontier < 1.2, `${oursVsFrontier}`);
    assert.equal(beside, null);
    const kinds = Object.values(ledger?.scenes[0]?.costs ?? {});
    assert.equal(kinds.length, 6);
    assert.ok(Math.abs(kinds.reduce((sum, one) => sum + one, 0) / (ledger?.billedDollars ?? 0) - 1) < 0.02);
    const table = tableOf(result);
    assert.ok(table.includes(`render the same ${frames} of 240 frames`), table);
    assert.match(table, /^ledger \(mean\) +\$ +rendering +loading +boot +idle +lost +fees$/m);
    assert.match(table, /^bench\/s0 ( +\d+\.\d{3}){7}$/m);
  });
});

describe('a plot', () => {
  it('shows ours, the rules and the frontier, and names what lies far out at the edge', () => {
    const rule = (minutes: number, dollars: number) => ({
      ...{ minutes: { median: minutes, p90: minutes }, dollars: { median: dollars, p90: dollars } },
      ...{ renderShare: 0.5, killedByScaling: 0, lostToPreemption: 0, frames: 20 },
    });
    const svg = plotOf({
      ...{ name: 'a < b', rules: { tablao: rule(10, 1), near: rule(12, 1.5), far: rule(10, 90) } },
      ...{
        frontier: [{ workers: 3, minutes: 9, dollars: 1.2 }],
        oursVsFrontier: 1,
        frontierRenderShare: 0.5,
      },
      ...{ frames: 20, dominatedBy: [], ledger: null, deadlines: [], beside: null },
    });
    assert.match(svg, /^<svg [^>]*>/);
    assert.equal(svg.match(/<circle/g)?.length, 2);
    assert.ok(svg.includes('a &lt; b') && svg.includes('far: 10 min, $90.00') && svg.includes('<polyline'));
  });
});
