import type { RuleResult, TraceResult } from './bench-trace.ts';
import type { Beside } from './beside.ts';

const HEAD = ['rule', '$', '$ p90', 'min', 'min p90', 'rendering', 'killed', 'preempted'];

/** The results for people: one table a trace. */
export function tableOf(result: TraceResult): string {
  const { name, rules, frontier, oursVsFrontier, frontierRenderShare, dominatedBy, beside } = result;
  const rows = Object.entries(rules).map(([rule, result]) => [rule, ...cells(result)]);
  const widths = HEAD.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ');
  const points = frontier
    .filter((_, at) => at % Math.ceil(frontier.length / 8) === 0)
    .map(({ workers, minutes, dollars }) => `${workers}: ${minutes.toFixed(1)} min $${dollars.toFixed(2)}`);
  return [
    `${name}: ours at ${oursVsFrontier.toFixed(3)} of the frontier's dollars at our makespan`,
    line(HEAD),
    ...rows.map(line),
    `frontier (workers: …)  ${points.join('  ')}`,
    `hindsight spends ${percent(frontierRenderShare)} on rendering at our makespan; both faster and cheaper than ours: ${dominatedBy.join(', ') || 'none'}`,
    ...(beside === null ? [] : linesOf(beside)),
    '',
  ].join('\n');
}

function cells(result: RuleResult): readonly string[] {
  const { dollars, minutes, renderShare, killedByScaling, lostToPreemption } = result;
  return [
    dollars.median.toFixed(3),
    dollars.p90.toFixed(3),
    minutes.median.toFixed(1),
    minutes.p90.toFixed(1),
    `${Math.round(renderShare * 100)} %`,
    killedByScaling.toFixed(1),
    lostToPreemption.toFixed(1),
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
  const { metWherePossible, dollarsVsFrontier, impossibleTold, impossibleToldAfterSeconds: after } = deadline;
  const told = `one that cannot be met is said in ${percent(impossibleTold)}${after === null ? '' : ` (after ${Math.round(after)} s)`}`;
  const met = `met in ${percent(metWherePossible)} at ${dollarsVsFrontier.toFixed(3)} of the frontier`;
  const values = valuesOfTime.map(
    ({ perHour, minutes, dollars }) => `$${perHour}/h: ${minutes.toFixed(1)} min $${dollars.toFixed(2)}`,
  );
  const { moreMinutes, moreDollars, badDollars, savedDollarsWhenBad } = checkFirst;
  return [
    ...(quality.length === 0 ? [] : [`estimates  ${quality.join(' | ')}`]),
    `finishBy   ${met}; ${told}`,
    `check      ${moreMinutes.toFixed(1)} min and $${moreDollars.toFixed(3)} more; a bad shot costs $${badDollars.toFixed(3)}, saved $${savedDollarsWhenBad.toFixed(3)}`,
    `value      ${values.join('  ')}${isMonotonic ? '' : '  NOT MONOTONIC'}`,
  ];
}
