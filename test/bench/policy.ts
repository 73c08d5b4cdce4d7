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

const { values, tokens } = parseArgs({
  options: {
    trace: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    plot: { type: 'string' },
    seeds: { type: 'string' },
    brief: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
  },
  allowPositionals: true,
  tokens: true,
});

async function main(): Promise<void> {
  const files = allOf('trace') ?? globSync(join(import.meta.dirname, 'traces/*.json')).sort();
  const only = allOf('only');
  const traces = files.map(readTrace);
  const threads = createThreads();
  const results: TraceResult[] = [];
  for (const trace of traces) {
    const result = await benchTrace(trace, threads, only, !values.brief);
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

/** Of an option that may have several values, as they come behind it; `undefined` = it is not given. */
function allOf(option: 'trace' | 'only'): readonly string[] | undefined {
  let named = '';
  const found = tokens.flatMap((token) => {
    if (token.kind === 'option') named = token.name;
    if (token.kind === 'positional' && named !== 'trace' && named !== 'only')
      fail(`${token.value}: for what? --trace ${token.value} runs a trace`);
    const value = token.kind === 'option-terminator' ? undefined : token.value;
    return named === option && value !== undefined ? [value] : [];
  });
  return found.length === 0 ? undefined : found;
}

function readTrace(file: string): Trace {
  try {
    const value: object = JSON.parse(readFileSync(file, 'utf8'));
    return parseTrace(values.seeds === undefined ? value : { ...value, seeds: Number(values.seeds) });
  } catch (error) {
    return fail(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

await main();
