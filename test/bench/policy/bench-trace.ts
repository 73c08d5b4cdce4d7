import type { Trace } from '../../sim/trace.ts';
import { type FrontierPoint, fewestDollars, frontierOf, periodsOf } from './frontier.ts';
import { median, type Outcome, type Spread, spreadOf } from './outcome.ts';
import { RULES } from './rules/index.ts';
import type { Threads } from './tasks.ts';

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
}

/** Every rule and hindsight on one trace, over all its seeds. */
export async function benchTrace(
  trace: Trace,
  threads: Threads,
  names: readonly string[] = ['tablao', ...Object.keys(RULES)],
): Promise<TraceResult> {
  const seeds = Array.from({ length: trace.seeds }, (_, index) => index + 1);
  const done = await threads.rules(seeds.map((seed) => ({ kind: 'rules', trace, seed, rules: names })));
  const outcomesOf = (name: string) => done.flatMap(({ byRule }) => byRule[name] ?? []);
  const ours = outcomesOf('tablao');
  const ends = trace.jobs.map((_, index) => median(ours.map(({ jobEnds }) => jobEnds[index] ?? 0)));
  const periods = periodsOf(trace, ends);
  const found = await threads.hindsight(seeds.map((seed) => ({ kind: 'hindsight', trace, seed, periods })));
  const rules = Object.fromEntries(names.map((name) => [name, resultOf(outcomesOf(name))]));
  return {
    name: trace.name,
    rules,
    frontier: frontierOf(trace, found, periods),
    oursVsFrontier: median(ours.map(({ dollars }) => dollars)) / fewestDollars(trace, found, periods, ends),
  };
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
