import type { WorldSpec } from './spec.ts';
import { type Outcome, type RunOptions, runWorld } from './world.ts';

/** The world once more, and the last lines of what happens in it: decisions, faults, calls that change something. */
export async function storyOf(
  spec: WorldSpec,
  last: number,
  options: RunOptions = {},
): Promise<{ readonly text: string; readonly violation: Outcome['violation'] }> {
  const lines: string[] = [];
  const { violation, states } = await runWorld(spec, { ...options, tell: (line) => lines.push(line) });
  const end =
    violation === null ? 'every invariant holds' : `${violation.name} does not hold: ${violation.what}`;
  const replay = `npm run test:world -- --seed ${spec.seed}`;
  const skipped = Math.max(0, lines.length - last);
  const told = [...(skipped > 0 ? [`… ${skipped} lines before (--whole)`] : []), ...lines.slice(skipped)];
  return { text: [...told, `runs: ${states.join(', ')}`, end, replay].join('\n'), violation };
}
