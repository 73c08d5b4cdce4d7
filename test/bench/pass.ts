/**
 * What one pass costs in a large world: CPU time and calls of ports, at a tenth and ten times of a base size, too. Calls follow
 * what has changed (nothing, 10 tasks, 100 tasks of ten jobs), not what there is.
 *
 *     npm run bench:pass -- [--json] [--most FACTOR]
 *
 * The loop is the production one; the world is the fakes of the tests, whose own time is counted apart and taken out.
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { framesOf } from '../../services/control/core/frames.ts';
import { type RunRecord, rendersFolder } from '../../services/control/core/run.ts';
import type { Fake } from '../fakes/fake.ts';
import { createWorld, POOL, pass, run, SAMPLE, type World } from '../reconcile/world.ts';

interface Size {
  readonly jobs: number;
  readonly framesEach: number;
  readonly workers: number;
  readonly endedRuns: number;
}

interface Cost {
  readonly cpuMs: number;
  readonly calls: number;
}

interface Measured {
  readonly size: Size;
  /** By how many tasks were finished since the last pass, and as many begun. */
  readonly changed: Readonly<Record<(typeof CHANGED)[number], Cost>>;
  /** The loop and the world together: the tasks that it remembers are the same objects. At first, and after all passes. */
  readonly heapMiB: number;
  readonly heapAfterMiB: number;
}

const BASE: Size = { jobs: 100, framesEach: 1000, workers: 1000, endedRuns: 900 };
const PASSES = 5;
/** As in life while things move: the service holds its lease from one pass to the next. */
const LOOK_EVERY_MS = 5000;
const CHANGED = [0, 10, 100] as const;
/** Whatever has changed has in these. */
const CHANGED_JOBS = 10;

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, most: { type: 'string', default: '10' } },
});

async function main(): Promise<void> {
  const factors = [0.1, 1, 10].filter((factor) => factor <= Number(values.most));
  const results: Measured[] = [];
  for (const factor of factors) {
    const result = await measure(scaled(BASE, factor));
    results.push(result);
    // The largest one takes minutes.
    if (!values.json) process.stderr.write(`${factor}x: ${JSON.stringify(result)}\n`);
  }
  process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : `${table(results)}\n`);
}

/** More of everything; a job stays as long as it is. */
function scaled(size: Size, factor: number): Size {
  const { jobs, framesEach, workers, endedRuns } = size;
  return { jobs: jobs * factor, framesEach, workers: workers * factor, endedRuns: endedRuns * factor };
}

async function measure(size: Size): Promise<Measured> {
  const of = createWorld({
    maxAtOnce: Number.MAX_SAFE_INTEGER,
    settleMs: 0,
    pools: [{ ...POOL, max: size.workers }],
    valueOfTimePerHour: 1000,
  });
  for (let shot = 0; shot < size.jobs; shot += 1) {
    const settings = { frames: `1-${size.framesEach}`, chunkSize: 1, video: false };
    of.scenes.put(`film/s${shot}.render.json`, JSON.stringify(settings));
    of.scenes.put(`film/s${shot}.blend`, SAMPLE);
  }
  await pass(of, 6);
  const ended: RunRecord = { ...(await run(of)), state: 'completed' };
  for (let each = 0; each < size.endedRuns; each += 1)
    await of.records.create(`runs/ended${each}.json`, { ...ended, id: `ended${each}` });
  await pass(of, 6);
  const jobs = await of.manager.jobs();
  if (jobs.length !== size.jobs) throw new Error(`${jobs.length} jobs instead of ${size.jobs}`);
  await startTasks(of, size);
  await pass(of, 2);
  const heapMiB = usedMiB();
  const changed: Record<number, Cost> = {};
  for (const tasks of CHANGED) changed[tasks] = await costOf(of, () => finishFrames(of, tasks));
  return { size, changed: changed as Measured['changed'], heapMiB, heapAfterMiB: usedMiB() };
}

function usedMiB(): number {
  collect();
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20);
}

/** Each worker renders. */
async function startTasks(of: World, size: Size): Promise<void> {
  const workers = await of.manager.workers();
  if (workers.length < size.workers / 2) throw new Error(`only ${workers.length} workers of ${size.workers}`);
  const tasks = (await of.manager.jobs()).map(({ id }) => of.manager.tasksOf(id));
  workers.forEach((worker, index) => {
    const task = tasks[index % tasks.length]?.[Math.floor(index / tasks.length)];
    if (task !== undefined) of.manager.startTask(task.id, worker.id);
  });
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** So many frames come out, and their workers take the next ones. */
async function finishFrames(of: World, count: number): Promise<void> {
  const jobs = count === 0 ? [] : (await of.manager.jobs()).slice(0, CHANGED_JOBS);
  for (const job of jobs) {
    const tasks = of.manager.tasksOf(job.id);
    const record = of.records.valueAt(`runs/${job.runId}.json`) as RunRecord;
    const ended = tasks.filter(({ status }) => status === 'active').slice(0, count / CHANGED_JOBS);
    const next = tasks.filter(({ status }) => status === 'queued');
    if (ended.length < count / CHANGED_JOBS || next.length < ended.length)
      throw new Error('not enough tasks are left');
    for (const [index, task] of ended.entries()) {
      const [frame = 0] = framesOf(task.name.slice('render-'.length));
      putFrame(of, record, frame);
      of.manager.endTask(task.id, 'completed');
      of.manager.startTask(next[index]?.id ?? '', task.workerId ?? '');
    }
  }
}

const PNG = Uint8Array.from([
  ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  ...[0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82],
]);

function putFrame(of: World, record: RunRecord, frame: number): void {
  const name = String(frame).padStart(4, '0');
  of.renders.put(`${rendersFolder(record)}/tablao_${name}.png`, PNG);
  of.renders.put(
    `${rendersFolder(record)}/records/${name}.json`,
    JSON.stringify({
      schema: 1,
      frame,
      run: record.id,
      state: 'done',
      attempt: 1,
      worker: 'w',
      seconds: 60,
    }),
  );
}

/** CPU time of the median pass without what the fakes took, and its calls. */
async function costOf(of: World, change: () => Promise<void>): Promise<Cost> {
  const fakes: readonly Fake<never>[] = [
    of.scenes,
    of.renders,
    of.records,
    of.lease,
    of.farm,
    of.workers,
    of.manager,
  ] as never;
  const costs: Cost[] = [];
  for (let each = 0; each < PASSES; each += 1) {
    await change();
    let fakeMs = 0;
    let calls = 0;
    let began = process.cpuUsage();
    for (const fake of fakes)
      fake.onCall = (when) => {
        if (when === 'before') {
          calls += 1;
          began = process.cpuUsage();
        } else fakeMs += cpuMsSince(began);
      };
    const before = process.cpuUsage();
    of.clock.advance(LOOK_EVERY_MS);
    await of.service.runTick('bench');
    const allMs = cpuMsSince(before);
    for (const fake of fakes) fake.onCall = null;
    costs.push({ cpuMs: allMs - fakeMs, calls });
  }
  return { cpuMs: median(costs.map(({ cpuMs }) => cpuMs)), calls: median(costs.map(({ calls }) => calls)) };
}

/** By the processor's time: other programs do not count. */
function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
}

function table(results: readonly Measured[]): string {
  const head = [
    'tasks',
    'jobs',
    'workers',
    ...CHANGED.flatMap((tasks) => [`${tasks} changed: CPU ms`, 'calls']),
    'heap MiB',
    `after ${PASSES * CHANGED.length} passes`,
  ];
  const rows = results.map(({ size, changed, heapMiB, heapAfterMiB }) =>
    [
      size.jobs * size.framesEach,
      size.jobs,
      size.workers,
      ...CHANGED.flatMap((tasks) => [changed[tasks].cpuMs, changed[tasks].calls]),
      heapMiB,
      heapAfterMiB,
    ].map(String),
  );
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...rows]
    .map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
    .join('\n');
}

await main();
