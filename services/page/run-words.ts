import type { RunState } from '../control/core/run.ts';
import type { RunStatus } from '../control/core/status-document.ts';

const FINAL_STATES: ReadonlySet<string> = new Set([
  'completed',
  'incomplete',
  'failed',
  'rejected',
  'cancelled',
  'superseded',
]);

export function isFinal(state: string): boolean {
  return FINAL_STATES.has(state);
}

export type RunAction = 'cancel' | 'again' | 'release' | 'allow-scripts';

export const ACTION_TEXTS: Readonly<Record<RunAction, string>> = {
  cancel: 'Cancel',
  again: 'Render again…',
  release: 'Release',
  'allow-scripts': 'Allow its scripts',
};

/** What a person can do with a run, what it waits for first: the server decides again. */
export function actionsOf(run: Pick<RunStatus, 'state' | 'reason'>): readonly RunAction[] {
  const actions: RunAction[] = [];
  if (run.state === 'held') actions.push('release');
  if (run.reason?.code === 'needsScripts') actions.push('allow-scripts');
  actions.push(isFinal(run.state) ? 'again' : 'cancel');
  return actions;
}

export type Tone = 'good' | 'live' | 'wait' | 'bad' | 'over';

/** The colour of a state: what goes well, what moves, what waits for someone, what went wrong, what is over. */
export function toneOf(state: RunState): Tone {
  if (state === 'completed') return 'good';
  if (state === 'queued' || state === 'rendering' || state === 'received') return 'live';
  if (state === 'held' || state === 'waiting' || state === 'incomplete') return 'wait';
  return state === 'failed' || state === 'rejected' ? 'bad' : 'over';
}

/** One card a shot: its newest run, those that are not over first; the order of the status is kept otherwise. */
export function newestOfEachShot(runs: readonly RunStatus[]): readonly RunStatus[] {
  const seen = new Set<string>();
  return runs.filter(({ shot }) => !seen.has(shot) && seen.add(shot));
}
