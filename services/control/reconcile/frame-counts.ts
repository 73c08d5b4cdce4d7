import { framesOf } from '../core/frames.ts';
import type { Observed, TaskObserved, Unknown } from '../core/model.ts';
import { type RunRecord, wantsFarm } from '../core/run.ts';
import type { RunStatus, StatusDocument } from '../core/status-document.ts';
import { framesOfTask, MAX_ATTEMPTS } from '../core/troubles.ts';

/** These have been looked at as a whole: what is proved is all that came out. */
const LOOKED_AT: ReadonlySet<RunRecord['state']> = new Set(['completed', 'incomplete', 'failed']);

/**
 * How far a run is. A frame is done when it is proved, or when its worker says so; it stays done, also when the manager cannot
 * be asked or has forgotten its task, until it is known to be rendered again. `before` is what was told last.
 */
export function frameCounts(
  observed: Observed,
  run: RunRecord,
  before: StatusDocument | null,
): RunStatus['frames'] {
  const all = framesOf(run.frames ?? '');
  const proved = new Set(framesOf(run.proved));
  const counts = {
    total: all.length,
    active: activeTasks(observed, run, before),
    failed: run.troubles.filter(({ attempts }) => attempts >= MAX_ATTEMPTS).length,
  };
  if (LOOKED_AT.has(run.state)) return { ...counts, done: proved.size };
  const said = saidDone(observed, run);
  const done = all.filter((frame) => proved.has(frame) || said.has(frame)).length;
  const told = before?.runs.find(({ id }) => id === run.id)?.frames.done ?? 0;
  const floor = isRenderedAgain(observed.runs.get(run.id), run) ? 0 : told;
  return { ...counts, done: Math.max(done, Math.min(floor, all.length)) };
}

/** What cannot be seen at this look is as it was told last, as far as there are workers for it. */
function activeTasks(observed: Observed, run: RunRecord, before: StatusDocument | null): number {
  const tasks = tasksOf(observed, run);
  if (tasks !== 'unknown')
    return tasks.filter((task) => task.status === 'active' && framesOfTask(task).length > 0).length;
  if (!wantsFarm(run.state)) return 0;
  const told = before?.runs.find(({ id }) => id === run.id)?.frames.active ?? 0;
  const { workers } = observed;
  return workers === 'unknown'
    ? told
    : Math.min(told, workers.filter(({ state }) => state === 'running').length);
}

/** `'unknown'` also of a run that nobody looked at. */
export function tasksOf({ details }: Observed, { id }: RunRecord): readonly TaskObserved[] | Unknown {
  return details.get(id)?.tasks ?? 'unknown';
}

/** By its workers, and not found to be bad. */
function saidDone(observed: Observed, run: RunRecord): ReadonlySet<number> {
  const tasks = tasksOf(observed, run);
  if (tasks === 'unknown') return new Set();
  const bad = new Set(run.troubles.map(({ frame }) => frame));
  const said = new Set<number>();
  for (const task of tasks) {
    const isWhole = task.status === 'completed';
    if (!isWhole && task.stepsCompleted === 0) continue;
    const frames = framesOfTask(task);
    for (const frame of isWhole ? frames : frames.slice(0, task.stepsCompleted))
      if (!bad.has(frame)) said.add(frame);
  }
  return said;
}

/** In this pass a frame turned out not to have come out, or one that was there is gone. */
function isRenderedAgain(was: RunRecord | undefined, is: RunRecord): boolean {
  if (was === undefined) return false;
  const proved = new Set(framesOf(is.proved));
  return attemptsOf(is) > attemptsOf(was) || framesOf(was.proved).some((frame) => !proved.has(frame));
}

function attemptsOf({ troubles }: RunRecord): number {
  return troubles.reduce((sum, { attempts }) => sum + attempts, 0);
}
