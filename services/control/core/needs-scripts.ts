import type { Reason } from './run.ts';
import type { ShotFacts } from './shot-facts.ts';
import { type Verdict, wait } from './verdict.ts';

/** What a person can do about scripts that may not run. */
export const ALLOW_SCRIPTS =
  'Allow scripts for this shot on the page if you trust it (or "scripts": true in the render.json), or bake the drivers to keyframes.';

/**
 * Scripted drivers where scripts may not run: Blender leaves what they drive where it stood and ends with exit code 0.
 * Only the shot's own are asked for, since a library can have drivers that the shot does not link. A text that runs when
 * the file is opened is no reason to wait: most are panels of rigs. `found`: what the check on a worker has seen of them.
 */
export function judgeScripts(facts: ShotFacts, found: Reason | null, mayRun: boolean): Verdict | null {
  if (mayRun) return null;
  if (found !== null) return { kind: 'wait', reason: found };
  const drivers = facts.scriptedDrivers ?? [];
  const [first] = drivers;
  if (first === undefined) return null;
  const others = drivers.length === 1 ? '' : ` and ${drivers.length - 1} more`;
  return wait(
    'needsScripts',
    `The file has scripted drivers, and scripts may not run here: ${first.expression} of ${first.owner}${others}.`,
    ALLOW_SCRIPTS,
  );
}
