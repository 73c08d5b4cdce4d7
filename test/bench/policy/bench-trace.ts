import type { Trace } from '../../sim/trace.ts';
import { type Beside, besideOf, deadlineQuality, deadlinesOf } from './beside.ts';
import { type FrontierPoint, fewestDollars, frontierOf, periodsOf } from './frontier.ts';
import type { BusyPeriod } from './hindsight.ts';
import { median, type Outcome, type Spread, spreadOf } from './outcome.ts';
import { RULES } from './rules/index.ts';
import type { HindsightDone, Threads } from './tasks.ts';

export interface RuleResult {
  readonly dollars: Spread;
  readonly minutes: Spread;
  readonly renderShare: number;
  readonly killedByScaling: number;
  readonly lostToPreemption: number;
}

export interface TraceResult {
  readonly name: string;
  readonly rules: Readonly<Record<string, RuleResult>>;
  readonly frontier: readonly FrontierPoint[];
  readonly oursVsFrontier: number;
  /** What hindsight would have spent on pixels at our makespan: more is not to be had there. */
  readonly frontierRenderShare: number;
  /** Rules that were both faster and cheaper than ours. */
  readonly dominatedBy: readonly string[];
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
  const periods = periodsOf(trace, ends);
  const found = await threads.hindsight(seeds.map((seed) => ({ kind: 'hindsight', trace, seed, periods })));
  const rules = Object.fromEntries(names.map((name) => [name, resultOf(outcomesOf(name))]));
  const oursVsFrontier =
    median(ours.map(({ dollars }) => dollars)) / fewestDollars(trace, found, periods, ends);
  return {
    name: trace.name,
    rules,
    frontier: frontierOf(trace, found, periods),
    oursVsFrontier,
    frontierRenderShare: oursVsFrontier * (rules.tablao?.renderShare ?? 0),
    dominatedBy: Object.keys(rules).filter((name) => isWorse(rules.tablao, rules[name])),
    beside: withBeside ? await lookBeside(trace, seeds, threads, ours, found, periods) : null,
  };
}

function isWorse(ours: RuleResult | undefined, other: RuleResult | undefined): boolean {
  if (ours === undefined || other === undefined) return false;
  return ours.dollars.median > other.dollars.median && ours.minutes.median > other.minutes.median;
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
  const given = deadlinesOf(trace, found, periods);
  const tryDeadline = (of: readonly number[], bySeconds: readonly number[]) =>
    threads.deadline(of.map((seed) => ({ kind: 'deadline', trace, seed, bySeconds })));
  const met = await tryDeadline(seeds, given.bySeconds);
  const impossible = await tryDeadline(some, given.impossible);
  const deadline = deadlineQuality(trace, found, periods, given, met, impossible);
  return besideOf(trace, ours, extras, deadline);
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
  };
}
