import type { Trace } from '../../sim/trace.ts';
import { type Beside, besideOf } from './beside.ts';
import { deadlineKept, deadlineQuality, deadlinesOf, fastestOf } from './deadlines.ts';
import { type FrontierPoint, fewestDollars, frontierOf, periodsOf } from './frontier.ts';
import type { BusyPeriod } from './hindsight.ts';
import { type LedgerResult, ledgerResult } from './ledger.ts';
import { median, type Outcome, type Spread, spreadOf } from './outcome.ts';
import { hasDeadlines, type OwnDeadline, ownDeadlines } from './own-deadlines.ts';
import { RULES } from './rules/index.ts';
import type { HindsightDone, Threads } from './tasks.ts';

export interface RuleResult {
  readonly dollars: Spread;
  readonly minutes: Spread;
  readonly renderShare: number;
  readonly killedByScaling: number;
  readonly lostToPreemption: number;
  /** How many came out, of all jobs together. */
  readonly frames: number;
}

export interface TraceResult {
  readonly name: string;
  /** Of all jobs together. */
  readonly frames: number;
  readonly rules: Readonly<Record<string, RuleResult>>;
  readonly frontier: readonly FrontierPoint[];
  /** With the frames that ours rendered, where `maxDollars` ended a run before the last; `null` = it rendered none. */
  readonly oursVsFrontier: number | null;
  /** What hindsight would have spent on pixels at our makespan: more is not to be had there. */
  readonly frontierRenderShare: number | null;
  /** Rules that were both faster and cheaper than ours, with no fewer frames. */
  readonly dominatedBy: readonly string[];
  readonly ledger: LedgerResult | null;
  /** Of the jobs that the trace gives one. */
  readonly deadlines: readonly OwnDeadline[];
  /** `null` = nobody asked, or a run was ended before its last frame: other numbers would be of other frames. */
  readonly beside: Beside | null;
}

/** What does not change with the seeds is asked of so many of them. */
const SEEDS_BESIDE = 10;

/** Every rule and hindsight on one trace, over all its seeds. */
export async function benchTrace(
  trace: Trace,
  threads: Threads,
  names: readonly string[] = ['tablao', ...Object.keys(RULES)],
  withBeside = true,
): Promise<TraceResult> {
  const seeds = Array.from({ length: trace.seeds }, (_, index) => index + 1);
  const done = await threads.rules(seeds.map((seed) => ({ kind: 'rules', trace, seed, rules: names })));
  const outcomesOf = (name: string) => done.flatMap(({ byRule }) => byRule[name] ?? []);
  const ours = outcomesOf('tablao');
  const ends = trace.jobs.map((_, index) => median(ours.map(({ jobEnds }) => jobEnds[index] ?? 0)));
  const rendered = trace.jobs.map((job, index) => ({ ...job, frames: framesDone(job, ours, index) }));
  const periods = periodsOf({ ...trace, jobs: rendered }, ends);
  const found = await threads.hindsight(seeds.map((seed) => ({ kind: 'hindsight', trace, seed, periods })));
  const rules = Object.fromEntries(names.map((name) => [name, resultOf(outcomesOf(name))]));
  const oursVsFrontier =
    periods.length === 0
      ? null
      : median(ours.map(({ dollars }) => dollars)) / fewestDollars(trace, found, periods, ends);
  const hurried = ours.length > 0 && hasDeadlines(trace);
  const alone = hurried ? await threads.alone(seeds.map((seed) => ({ kind: 'alone', trace, seed }))) : [];
  const kept = done.flatMap(({ deadline }) => deadline ?? []);
  const isWhole = rendered.every(({ frames }, index) => frames === trace.jobs[index]?.frames);
  return {
    name: trace.name,
    frames: trace.jobs.reduce((sum, { frames }) => sum + frames, 0),
    rules,
    frontier: frontierOf(trace, found, periods),
    oursVsFrontier,
    frontierRenderShare: oursVsFrontier === null ? null : oursVsFrontier * (rules.tablao?.renderShare ?? 0),
    dominatedBy: Object.keys(rules).filter((name) => isWorse(rules.tablao, rules[name])),
    ledger: ledgerResult(done.flatMap(({ ledger }) => ledger ?? [])),
    deadlines: hurried ? ownDeadlines(trace, kept, alone) : [],
    beside: withBeside && isWhole ? await lookBeside(trace, seeds, threads, ours, found, periods) : null,
  };
}

function isWorse(ours: RuleResult | undefined, other: RuleResult | undefined): boolean {
  if (ours === undefined || other === undefined || other.frames < ours.frames) return false;
  return ours.dollars.median > other.dollars.median && ours.minutes.median > other.minutes.median;
}

/** All of them, as long as nothing ends the run before. */
function framesDone({ frames }: Trace['jobs'][number], ours: readonly Outcome[], index: number): number {
  if (ours.length === 0) return frames;
  return Math.round(median(ours.map(({ jobFrames }) => jobFrames[index] ?? 0)));
}

async function lookBeside(
  trace: Trace,
  seeds: readonly number[],
  threads: Threads,
  ours: readonly Outcome[],
  found: readonly HindsightDone[],
  periods: readonly BusyPeriod[],
): Promise<Beside> {
  const some = seeds.slice(0, SEEDS_BESIDE);
  const extras = await threads.extras(some.map((seed) => ({ kind: 'extras', trace, seed })));
  const alone = await threads.alone(seeds.map((seed) => ({ kind: 'alone', trace, seed })));
  const fastest = fastestOf(trace, found, alone, periods);
  const given = deadlinesOf(trace, fastest);
  const tryDeadline = (of: readonly number[], bySeconds: readonly number[]) =>
    threads.deadline(of.map((seed) => ({ kind: 'deadline', trace, seed, bySeconds })));
  const kept: ReturnType<typeof deadlineKept>[] = [];
  for (const one of given.eased)
    kept.push(deadlineKept(trace, found, periods, fastest, one, await tryDeadline(seeds, one.bySeconds)));
  const impossible = await tryDeadline(some, given.impossible);
  return besideOf(trace, ours, extras, deadlineQuality(kept, given.impossible, fastest, impossible));
}

/** Frames are counted over a run, on average. */
function resultOf(outcomes: readonly Outcome[]): RuleResult {
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  return {
    dollars: spreadOf(outcomes.map(({ dollars }) => dollars)),
    minutes: spreadOf(outcomes.map(({ minutes }) => minutes)),
    renderShare: median(outcomes.map(({ renderShare }) => renderShare)),
    killedByScaling: mean(outcomes.map(({ killedByScaling }) => killedByScaling)),
    lostToPreemption: mean(outcomes.map(({ lostToPreemption }) => lostToPreemption)),
    frames: median(outcomes.map(({ jobFrames }) => jobFrames.reduce((sum, count) => sum + count, 0))),
  };
}
