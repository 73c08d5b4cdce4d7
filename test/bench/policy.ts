/**
 * How many workers: our decisions beside the rules that people use today, and beside hindsight, on the simulated cloud.
 *
 *     npm run bench:policy -- [--trace FILE…] [--json] [--plot DIR] [--seeds N] [--only RULE…] [--brief]
 *
 * `--plot`: an SVG of the plane of costs and times for each trace. `--brief`: without deadlines, estimates, check and values of time.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseTrace, type Trace } from '../sim/trace.ts';
import { benchTrace, type TraceResult } from './policy/bench-trace.ts';
import { plotOf } from './policy/plot.ts';
import { tableOf } from './policy/table.ts';
import { createThreads } from './policy/tasks.ts';

const { values } = parseArgs({
  options: {
    trace: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    plot: { type: 'string' },
    seeds: { type: 'string' },
    brief: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
  },
});

async function main(): Promise<void> {
  const files = values.trace ?? globSync(join(import.meta.dirname, 'traces/*.json')).sort();
  const traces = files.map(readTrace);
  const threads = createThreads();
  const results: TraceResult[] = [];
  for (const trace of traces) {
    const result = await benchTrace(trace, threads, values.only, !values.brief);
    results.push(result);
    if (values.plot !== undefined) plot(values.plot, result, results.length);
    if (!values.json) process.stdout.write(`${tableOf(result)}\n`);
  }
  await threads.end();
  if (values.json) process.stdout.write(`${JSON.stringify({ traces: results }, null, 2)}\n`);
}

function plot(folder: string, result: TraceResult, number: number): void {
  mkdirSync(folder, { recursive: true });
  const name = result.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  writeFileSync(join(folder, `${number}-${name}.svg`), plotOf(result));
}

function readTrace(file: string): Trace {
  const trace = parseTrace(JSON.parse(readFileSync(file, 'utf8')));
  return values.seeds === undefined ? trace : { ...trace, seeds: Number(values.seeds) };
}

await main();
