import { type Costs, NO_COSTS, totalOf } from '../../../services/control/core/costs.ts';
import type { RuleResult, TraceResult } from './bench-trace.ts';
import type { Beside } from './beside.ts';
import { type LedgerResult, sumOf } from './ledger.ts';
import type { OwnDeadline } from './own-deadlines.ts';

const HEAD = ['rule', '$', '$ p90', 'min', 'min p90', 'rendering', 'killed', 'preempted', 'frames'];
const KINDS = Object.keys(NO_COSTS) as (keyof Costs)[];
/** A burst has many, and they are alike. */
const MOST_SCENES = 10;

/** The results for people: one table a trace. */
export function tableOf(result: TraceResult): string {
  const { name, rules, frontier, frontierRenderShare, dominatedBy, ledger, deadlines, beside } = result;
  const rows = Object.entries(rules).map(([rule, one]) => [rule, ...cells(one, result.frames)]);
  const points = frontier
    .filter((_, at) => at % Math.ceil(frontier.length / 8) === 0)
    .map(({ workers, minutes, dollars }) => `${workers}: ${minutes.toFixed(1)} min $${dollars.toFixed(2)}`);
  return [
    `${name}: ${ratioOf(result)}`,
    ...aligned([HEAD, ...rows]),
    `frontier (workers: …)  ${points.join('  ')}`,
    `hindsight spends ${frontierRenderShare === null ? 'nothing' : percent(frontierRenderShare)} on rendering at our makespan; both faster and cheaper than ours: ${dominatedBy.join(', ') || 'none'}`,
    ...(ledger === null ? [] : ledgerLines(ledger)),
    ...deadlines.slice(0, MOST_SCENES).map(deadlineLine),
    ...(beside === null ? [] : linesOf(beside)),
    '',
  ].join('\n');
}

/** Ours beside the frontier; and for how many frames, where these are not all. */
export function ratioOf({ oursVsFrontier, frames, rules }: TraceResult): string {
  const done = framesOf(rules.tablao?.frames ?? frames, frames);
  if (oursVsFrontier === null) return `no ratio to the frontier (${done} frames)`;
  const of = done === String(frames) ? '' : `, whose pools render the same ${done} frames`;
  return `ours at ${oursVsFrontier.toFixed(3)} of the frontier's dollars at our makespan${of}`;
}

function framesOf(done: number, all: number): string {
  return done === all ? String(all) : `${done} of ${all}`;
}

function deadlineLine(one: OwnDeadline): string {
  const { shot, hours, met, possible, metWherePossible, told, toldAfterSeconds } = one;
  const kept = metWherePossible === null ? '' : ` (${percent(metWherePossible)} of those)`;
  const after = toldAfterSeconds === null ? '' : `, after ${Math.round(toldAfterSeconds)} s`;
  return `deadline   ${shot}, ${hours} h: met in ${percent(met)}, possible in ${percent(possible)}${kept}; said not to be kept in ${percent(told)}${after}`;
}

function ledgerLines({
  scenes,
  unshared,
  dollars,
  billedDollars,
  worstOff,
}: LedgerResult): readonly string[] {
  const row = (name: string, costs: Costs) => [
    name,
    ...[totalOf(costs), ...KINDS.map((kind) => costs[kind])].map((each) => each.toFixed(3)),
  ];
  const others = scenes.slice(MOST_SCENES).map(({ costs }) => costs);
  const all = sumOf([...scenes.map(({ costs }) => costs), unshared]);
  return [
    ...aligned([
      ['ledger (mean)', '$', ...KINDS],
      ...scenes.slice(0, MOST_SCENES).map(({ shot, costs }) => row(shot, costs)),
      ...(others.length === 0 ? [] : [row(`${others.length} more scenes`, sumOf(others))]),
      ...(totalOf(unshared) === 0 ? [] : [row('no scene', unshared)]),
      row('all', all),
    ]),
    `ledger     ${(dollars / billedDollars).toFixed(4)} of the simulated bill of $${billedDollars.toFixed(3)}; the seed that is off most by ${(worstOff * 100).toFixed(1)} %`,
  ];
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
}

function cells(result: RuleResult, frames: number): readonly string[] {
  const { dollars, minutes, renderShare, killedByScaling, lostToPreemption } = result;
  return [
    dollars.median.toFixed(3),
    dollars.p90.toFixed(3),
    minutes.median.toFixed(1),
    minutes.p90.toFixed(1),
    `${Math.round(renderShare * 100)} %`,
    killedByScaling.toFixed(1),
    lostToPreemption.toFixed(1),
    framesOf(result.frames, frames),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function linesOf({ estimates, deadline, checkFirst, valuesOfTime, isMonotonic }: Beside): readonly string[] {
  const quality = Object.entries(estimates).flatMap(([at, one]) => {
    if (one === null) return [];
    const time = `time ${percent(one.secondsError)} off, ${percent(one.secondsInside)} inside`;
    return [`${at}: ${time}; dollars ${percent(one.dollarsError)} off, ${percent(one.dollarsInside)} inside`];
  });
  const { given, impossibleTold, impossibleToldAfterSeconds: after } = deadline;
  const told = `one that cannot be met is said in ${percent(impossibleTold)}${after === null ? '' : ` (after ${Math.round(after)} s)`}`;
  const met = given.map(
    ({ ease, metWherePossible, dollarsVsFrontier, warnedThoughMet }) =>
      `${ease} of the fastest: met in ${percent(metWherePossible)} at ${dollarsVsFrontier.toFixed(3)} of the frontier, ${percent(warnedThoughMet)} of the met ones warned of`,
  );
  const values = valuesOfTime.map(
    ({ perHour, minutes, dollars }) => `$${perHour}/h: ${minutes.toFixed(1)} min $${dollars.toFixed(2)}`,
  );
  const { moreMinutes, moreDollars, badDollars, savedDollarsWhenBad } = checkFirst;
  return [
    ...(quality.length === 0 ? [] : [`estimates  ${quality.join(' | ')}`]),
    `finishBy   ${met.join(' | ')}; ${told}`,
    `check      ${moreMinutes.toFixed(1)} min and $${moreDollars.toFixed(3)} more; a bad shot costs $${badDollars.toFixed(3)}, saved $${savedDollarsWhenBad.toFixed(3)}`,
    `value      ${values.join('  ')}${isMonotonic ? '' : '  NOT MONOTONIC'}`,
  ];
}
