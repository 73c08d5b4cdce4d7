import { CHECK_TASK } from './chunks.ts';
import { act, type Draft, moveRun, note, type Sight, titleOf, updateRun } from './draft.ts';
import { secondsPerFrame } from './frame-times.ts';
import { framesOf } from './frames.ts';
import type { RunObserved, TaskObserved } from './model.ts';
import type { FrameTrouble, RunRecord } from './run.ts';
import type { EpochMs } from './time.ts';
import {
  framesOfTask,
  inOrder,
  isCounted,
  isGivenUp,
  MAX_ATTEMPTS,
  withCounted,
  withWorker,
} from './troubles.ts';

/** A frame that stands still for this many times the usual is hung, but never before ten minutes. */
const HUNG_FACTOR = 5;
const HUNG_AT_LEAST_MS = 10 * 60_000;
/** Before any frame was rendered nobody knows what is usual. */
const HUNG_AT_FIRST_MS = 60 * 60_000;

/**
 * A frame that stands still too long is taken from its worker; on the last attempt the task is closed without it. Which one
 * it is, the kit's records say: a task that is started again leaves those that broke before for the end.
 */
export function freeHung(
  sight: Sight,
  draft: Draft,
  before: RunRecord,
  seen: RunObserved,
  tasks: readonly TaskObserved[],
): RunRecord {
  let run = before;
  const standstill: Record<string, { steps: number; since: EpochMs }> = {};
  for (const task of tasks) {
    if (task.status !== 'active') continue;
    const last = run.standstill[task.id];
    const isSame = last !== undefined && last.steps === task.stepsCompleted;
    const mark = isSame ? last : { steps: task.stepsCompleted, since: sight.now };
    const isDue = isCounted(run, task) || isOverdue(run, task, sight.now, mark);
    const freed = isDue ? freeTask(sight, draft, run, seen, task) : null;
    if (freed === null) standstill[task.id] = mark;
    else run = freed;
  }
  if (JSON.stringify(standstill) === JSON.stringify(run.standstill)) return run;
  return updateRun(draft, run, { standstill });
}

/** Frames of active tasks that stand still for so long that one of them must be hung: their records say which. */
export function framesOfHungTasks(
  run: RunRecord,
  tasks: readonly TaskObserved[],
  now: EpochMs,
): readonly number[] {
  const hung = tasks.filter((task) => {
    const mark = run.standstill[task.id];
    const isSame = task.status === 'active' && mark?.steps === task.stepsCompleted;
    return isSame && isOverdue(run, task, now, mark);
  });
  return hung.flatMap(framesOfTask);
}

function isOverdue(
  run: RunRecord,
  task: TaskObserved,
  now: EpochMs,
  mark: { readonly since: EpochMs },
): boolean {
  const limit = hungAfterMs(run);
  // A person's limit is about frames.
  const isFrames = framesOfTask(task).length > 0;
  return now - mark.since >= (isFrames ? limit : Math.max(HUNG_AT_LEAST_MS, limit));
}

/** `null` = not yet: its frames were not looked at. */
function freeTask(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  seen: RunObserved,
  task: TaskObserved,
): RunRecord | null {
  if (task.name === CHECK_TASK) return freeCheck(sight, draft, run, task);
  const proved = new Set(framesOf(run.proved));
  const open = framesOfTask(task).filter((frame) => !proved.has(frame) && !isGivenUp(run, frame));
  if (open.length === 0) {
    act(draft, {
      kind: 'closeTask',
      taskId: task.id,
      reason: `${task.name} stands still and nothing is left of it`,
    });
    return run;
  }
  if (isCounted(run, task)) return takeAway(draft, run, task);
  const frame = hungFrame(run, seen, open);
  return frame === null ? null : freeFrame(sight, draft, run, seen, task, frame);
}

/** Flamenco would let it hang for ever: each time that a worker asks whether it may go on counts as a sign of life. */
function freeCheck(sight: Sight, draft: Draft, run: RunRecord, task: TaskObserved): RunRecord {
  if (isCounted(run, task)) return takeAway(draft, run, task);
  if (run.restarts < MAX_ATTEMPTS) {
    const counted = withCounted(run, task);
    return takeAway(draft, updateRun(draft, run, { restarts: run.restarts + 1, counted }), task);
  }
  return moveRun(sight, draft, run, 'failed', {
    code: 'checkHangs',
    message: `Blender opened the shot on a worker and stood still for ${inWords(hungAfterMs(run))}, ${run.restarts + 1} times.`,
    action: 'Open it in Blender and look for what does not end (a script, a driver); then upload it again.',
  });
}

/** The one that was begun last and has not ended; before any was begun, the first of them. */
function hungFrame(run: RunRecord, seen: RunObserved, open: readonly number[]): number | null {
  const verdicts = seen.verdicts.filter(({ frame }) => open.includes(frame));
  if (verdicts.length === 0) return null;
  const begun = verdicts
    .filter(({ record }) => record?.run === run.id && record.state === 'rendering')
    .sort((a, b) => (a.record?.startedAt ?? '').localeCompare(b.record?.startedAt ?? ''));
  return begun.at(-1)?.frame ?? open[0] ?? null;
}

function freeFrame(
  sight: Sight,
  draft: Draft,
  before: RunRecord,
  seen: RunObserved,
  task: TaskObserved,
  frame: number,
): RunRecord {
  const old = before.troubles.find((trouble) => trouble.frame === frame);
  const record = seen.verdicts.find((verdict) => verdict.frame === frame)?.record ?? null;
  const trouble: FrameTrouble = {
    frame,
    attempts: (old?.attempts ?? 0) + 1,
    message: `it stood still for ${inWords(hungAfterMs(before))}`,
    log: seen.logs[task.id] ?? old?.log ?? '',
    workers: withWorker(old, record?.run === before.id ? record.worker : null),
  };
  const troubles = [...before.troubles.filter((one) => one.frame !== frame), trouble];
  const run = updateRun(draft, before, {
    troubles: inOrder(troubles),
    counted: withCounted(before, task),
  });
  takeAway(draft, run, task);
  note(
    sight,
    draft,
    `${titleOf(run)}: ${task.name} taken from its worker`,
    `frame ${frame} ${trouble.message}`,
  );
  return run;
}

/** Handed out again, unless nothing is left of it that would be tried once more. */
function takeAway(draft: Draft, run: RunRecord, task: TaskObserved): RunRecord {
  const frames = framesOfTask(task);
  const hasGivenUp = frames.some((frame) => isGivenUp(run, frame));
  const kind = hasGivenUp || run.stopping !== null ? 'closeTask' : 'requeueTask';
  act(draft, { kind, taskId: task.id, reason: `${task.name} stands still` });
  return run;
}

function hungAfterMs(run: RunRecord): number {
  const limit = run.settings?.frameMinutesLimit.value ?? null;
  if (limit !== null) return limit * 60_000;
  if (run.times.frames === 0) return HUNG_AT_FIRST_MS;
  return Math.max(HUNG_AT_LEAST_MS, HUNG_FACTOR * secondsPerFrame(run) * 1000);
}

function inWords(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
}
