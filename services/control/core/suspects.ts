import { type Draft, openRuns } from './draft.ts';
import { MAX_ATTEMPTS } from './troubles.ts';

/**
 * Workers on which a frame broke each time that it was tried, before its last attempt. Flamenco cannot be told to hand a
 * task to another one (it remembers only failures that a worker reports, and our tasks always end well), but it hands
 * nothing to one that is asked to leave. Not after the first failure: most are the frame's own, and a boot is dear.
 */
export function suspectWorkers(draft: Draft): ReadonlySet<string> {
  const suspects = new Set<string>();
  for (const { troubles } of openRuns(draft)) {
    for (const { attempts, workers } of troubles) {
      const [worker, another] = workers;
      if (attempts === MAX_ATTEMPTS - 1 && worker !== undefined && another === undefined)
        suspects.add(worker);
    }
  }
  return suspects;
}
