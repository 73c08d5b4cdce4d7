// npm run test:world -- [--seeds N] [--seed S]: random worlds, or one of them with its story.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { drawWorld } from './draw.ts';
import { FAULTS } from './faults.ts';
import type { SeedDone } from './seeds.ts';
import { storyOf } from './story.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    whole: { type: 'boolean', default: false },
  },
});
/** In so many worlds each kind of fault happens, or the draw leaves something out. */
const EVERY_FAULT = 5000;
const say = (text: string) => process.stdout.write(`${text}\n`);

if (values.seed === undefined) await runMany(numberOf('seeds', values.seeds));
else await runOne(numberOf('seed', values.seed));

/** No worlds at all would hold every invariant. */
function numberOf(option: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  process.stderr.write(`--${option} ${value}: it takes a whole number from 1 on\n`);
  process.exit(1);
}

async function runOne(seed: number): Promise<void> {
  const { text, violation } = await storyOf(drawWorld(seed), values.whole ? Number.POSITIVE_INFINITY : 80);
  say(text);
  process.exitCode = violation === null ? 0 : 1;
}

async function runMany(seeds: number): Promise<void> {
  const counts = new Map<string, number>();
  const broken: SeedDone[] = [];
  const faults = new Set<string>();
  let done = 0;
  const threads = Math.max(1, Math.min(2, availableParallelism()));
  const hear = (one: SeedDone) => {
    done += 1;
    for (const [name, count] of Object.entries(one.counts)) counts.set(name, (counts.get(name) ?? 0) + count);
    for (const fault of one.faults) faults.add(fault);
    if (one.violation === null) return;
    broken.push(one);
    say(`seed ${one.seed}: ${one.violation.name}: ${one.violation.what}`);
  };
  await Promise.all(
    Array.from({ length: threads }, (_, index) => oneThread(index + 1, threads, seeds, hear)),
  );
  say(`${done} worlds, ${broken.length} broken, ${(process.cpuUsage().user / 1e6).toFixed(0)} s of CPU`);
  say([...counts].map(([name, count]) => `  ${name}: ${count}`).join('\n'));
  const never = FAULTS.filter((fault) => !faults.has(fault));
  say(`${FAULTS.length - never.length} of ${FAULTS.length} kinds of fault happened`);
  if (never.length > 0) say(`  never: ${never.join(', ')}`);
  if (never.length > 0 && done >= EVERY_FAULT) process.exitCode = 1;
  const [first] = broken.sort((a, b) => a.seed - b.seed);
  if (first === undefined) return;
  say((await storyOf(drawWorld(first.seed), 80)).text);
  process.exitCode = 1;
}

function oneThread(from: number, step: number, to: number, hear: (done: SeedDone) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./seeds.ts', import.meta.url), { workerData: { from, step, to } });
    worker.on('message', hear);
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}
