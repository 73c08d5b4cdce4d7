import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { runDeadline } from '../bench/policy/extras.ts';
import { plotOf } from '../bench/policy/plot.ts';
import { runTablao } from '../bench/policy/tablao.ts';
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

describe('a deadline on the simulated cloud', () => {
  const frames = read('2-30x1min.json');

  it('that can be met is met by more workers than its frames would be worth', async () => {
    const { isMet, outcome } = await runDeadline(frames, 2, [20 * 60]);
    assert.equal(isMet, true);
    assert.equal(outcome.killedByScaling, 0);
  });

  it('that passes before a farm can be there is said so in the first minute', async () => {
    const { isMet, toldAfterSeconds } = await runDeadline(frames, 2, [5 * 60]);
    assert.equal(isMet, false);
    assert.ok(toldAfterSeconds !== null && toldAfterSeconds <= 60, `${toldAfterSeconds} s`);
  });
});

describe('a plot', () => {
  it('shows ours, the rules and the frontier, and names what lies far out at the edge', () => {
    const rule = (minutes: number, dollars: number) => ({
      ...{ minutes: { median: minutes, p90: minutes }, dollars: { median: dollars, p90: dollars } },
      ...{ renderShare: 0.5, killedByScaling: 0, lostToPreemption: 0 },
    });
    const svg = plotOf({
      ...{ name: 'a < b', rules: { tablao: rule(10, 1), near: rule(12, 1.5), far: rule(10, 90) } },
      ...{
        frontier: [{ workers: 3, minutes: 9, dollars: 1.2 }],
        oursVsFrontier: 1,
        frontierRenderShare: 0.5,
      },
      ...{ dominatedBy: [], beside: null },
    });
    assert.match(svg, /^<svg [^>]*>/);
    assert.equal(svg.match(/<circle/g)?.length, 2);
    assert.ok(svg.includes('a &lt; b') && svg.includes('far: 10 min, $90.00') && svg.includes('<polyline'));
  });
});
