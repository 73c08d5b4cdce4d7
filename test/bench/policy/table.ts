import type { RuleResult, TraceResult } from './bench-trace.ts';

const HEAD = ['rule', '$', '$ p90', 'min', 'min p90', 'rendering', 'killed', 'preempted'];

/** The results for people: one table a trace. */
export function tableOf({ name, rules, frontier, oursVsFrontier }: TraceResult): string {
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
