import { meetClosure } from './closure.ts';
import type { Draft, Sight } from './draft.ts';
import { moveRun, openRun, openRuns, shotMemory } from './draft.ts';
import type { RunRecord } from './run.ts';
import { needsOf } from './run-needs.ts';

export function isRejectedForFiles(run: RunRecord): boolean {
  return run.state === 'rejected' && run.reason?.code === 'missingFiles';
}

/**
 * A run that was rejected for missing files comes back when one of them is there, or is not referred to any more because
 * a library was uploaded anew.
 */
export function reviveRuns(sight: Sight, draft: Draft): void {
  for (const run of draft.runs.values()) {
    if (!isRejectedForFiles(run) || shotMemory(draft, run.scenePath).lastRunId !== run.id) continue;
    if (openRuns(draft).some((other) => other.scenePath === run.scenePath)) continue;
    const path = noLongerMissing(sight, run);
    if (path === null) continue;
    openRun(draft, run);
    const message = `${path} is no longer missing.`;
    moveRun(sight, draft, run, 'waiting', { code: 'settling', message, action: null });
  }
}

/** One of the paths that it complained of; `null` = all are missing as before, as far as is known. */
function noLongerMissing({ observed }: Sight, run: RunRecord): string | null {
  if (!observed.catalog.has(run.scenePath) || [...observed.listings.values()].includes('unknown'))
    return null;
  const { closure, frames, manifest } = needsOf(run, observed);
  const met = meetClosure(closure, frames, manifest, observed);
  const still = new Set(met.state === 'missing' ? met.missing.map(({ path }) => path) : []);
  const gone = run.missing.find(({ path }) => !still.has(path) && observed.inputs.get(path) !== 'unknown');
  return gone?.path ?? null;
}
