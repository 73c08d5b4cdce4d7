import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { TraceResult } from '../bench/policy/bench-trace.ts';

const BENCH = join(import.meta.dirname, '../bench/policy.ts');
const folder = mkdtempSync(join(tmpdir(), 'tablao-bench-'));
after(() => rmSync(folder, { recursive: true }));

/** A file with a small trace, changed like this. */
function traceFile(name: string, changes: object = {}): string {
  const jobs = [{ atSeconds: 0, frames: 4, secondsPerFrame: { mean: 30, cv: 0.1 } }];
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ name, jobs, seeds: 1, ...changes }));
  return file;
}

function bench(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BENCH, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('npm run bench:policy', () => {
  it('runs all the traces that stand behind --trace, and has those in its JSON', () => {
    const files = [traceFile('one'), traceFile('two')];
    const { status, stdout, stderr } = bench('--brief', '--trace', ...files, '--json', '--only', 'tablao');
    assert.equal(status, 0, stderr);
    const { traces } = JSON.parse(stdout) as { traces: readonly TraceResult[] };
    assert.deepEqual(
      traces.map(({ name, rules }) => [name, Object.keys(rules)]),
      [
        ['one', ['tablao']],
        ['two', ['tablao']],
      ],
    );
  });

  it('renders frames that need more memory than the usual machines have, with ours and with the rules', () => {
    const jobs = [{ atSeconds: 0, frames: 4, secondsPerFrame: { mean: 30, cv: 0.1 }, memoryGiB: 200 }];
    const args = ['--brief', '--json', '--only', 'tablao', 'keda-job-default'];
    const { status, stdout, stderr } = bench('--trace', traceFile('large', { jobs }), ...args);
    assert.equal(status, 0, stderr);
    const [result] = (JSON.parse(stdout) as { traces: readonly TraceResult[] }).traces;
    const frames = Object.values(result?.rules ?? {}).map((rule) => rule.frames);
    assert.deepEqual(frames, [4, 4]);
  });

  it("tells of a trace's own deadlines whether they were kept, could be, and when it was said that they are not", () => {
    const [easy, impossible] = [1, 0.05].map((finishByHours) => ({
      ...{ atSeconds: 0, frames: 4, secondsPerFrame: { mean: 30, cv: 0.1 }, finishByHours },
    }));
    // Long after the first one its cluster is still busy.
    const long = { atSeconds: 60, frames: 4, secondsPerFrame: { mean: 4000, cv: 0 } };
    const file = traceFile('hurried', { jobs: [easy, impossible, long], seeds: 2 });
    const { status, stdout, stderr } = bench('--brief', '--json', '--only', 'tablao', '--trace', file);
    assert.equal(status, 0, stderr);
    const [result] = (JSON.parse(stdout) as { traces: readonly TraceResult[] }).traces;
    const none = { told: 0, toldAfterSeconds: null };
    const [first, second] = result?.deadlines ?? [];
    assert.deepEqual(first, {
      ...{ shot: 'bench/s0', hours: 1, met: 1, possible: 1, metWherePossible: 1, ...none },
    });
    const { toldAfterSeconds = null, ...others } = second ?? {};
    assert.deepEqual(others, {
      ...{ shot: 'bench/s1', hours: 0.05, met: 0, possible: 0, metWherePossible: null, told: 1 },
    });
    assert.ok(toldAfterSeconds !== null && toldAfterSeconds < 60, `${toldAfterSeconds}`);
  });

  for (const [what, args, said] of [
    ['a key that nobody knows', ['--trace', traceFile('three', { clouds: {} })], /three\.json: .*"clouds"/s],
    ['a file that is not there', ['--trace', join(folder, 'none.json')], /none\.json: ENOENT/],
    ['what stands behind no option', ['--json', 'four.json'], /^four\.json: for what\?/],
    ['no number of seeds', ['--trace', traceFile('five'), '--seeds', 'x'], /five\.json: .*seeds/s],
  ] as const)
    it(`names ${what}, without a stack`, () => {
      const { status, stdout, stderr } = bench(...args);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, said);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
});
