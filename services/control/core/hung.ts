import { barrenMs, followBarren } from './barren.ts';
import { CHECK_TASK } from './chunks.ts';
import { act, type Draft, moveRun, note, type Sight, titleOf, updateRun } from './draft.ts';
import { rareFactor, secondsPerFrame } from './frame-times.ts';
import { framesOf } from './frames.ts';
import type { RunObserved, TaskObserved } from './model.ts';
import type { FrameTrouble, RunRecord, Standstill } from './run.ts';
import { sameTask } from './tasks.ts';
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

/** A frame that stands still for this many times the usual is hung, or for longer than hardly one where they differ much, but never before ten minutes. */
const HUNG_FACTOR = 5;
const HUNG_AT_LEAST_MS = 10 * 60_000;
/**
 * A frame may just take longer than all others (the first ones are black, one has the crowd in it): the next attempt waits twice as
 * long, up to this. For longer ones there is `frameMinutesLimit`.
 */
const LONGER_EACH_TIME = 2;
const LONGER_UP_TO_MS = 6 * 60 * 60_000;
/**
 * Before any frame was rendered nobody knows what is usual: heavy ones take hours, and all that are under way are thrown away
 * when this is too short.
 */
const HUNG_AT_FIRST_MS = 3 * 60 * 60_000;
/** To open a shot does not take that long. */
const CHECK_HUNG_AT_FIRST_MS = 60 * 60_000;
/** Attempts that were cut off may together take as long as those that are counted. */
const BARREN_FACTOR = MAX_ATTEMPTS;

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
  let run = followBarren(sight, draft, before, tasks);
  const standstill: Record<string, Standstill> = {};
  for (const task of tasks) {
    if (task.status !== 'active') continue;
    const last = run.standstill[task.id];
    const { stepsCompleted: steps, workerId: worker } = task;
    const mark = last !== undefined && isSame(last, task) ? last : { steps, since: sight.now, worker };
    const due = whyDue(run, task, sight.now, mark);
    const freed = due === null ? null : freeTask(sight, draft, run, seen, task, due);
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
    if (task.status !== 'active') return false;
    const mark = run.standstill[task.id];
    const isSame = mark?.steps === task.stepsCompleted;
    return isSame && whyDue(run, task, now, mark) !== null;
  });
  return hung.flatMap(framesOfTask);
}

/** It got no further, and whoever had it in hand then has it now: who was given it since has only just begun. */
function isSame({ steps, worker }: Standstill, task: TaskObserved): boolean {
  return steps === task.stepsCompleted && (worker === undefined || worker === task.workerId);
}

/**
 * Why a task is taken from its worker: it was counted before, it stands still for too long, or nothing came out in all its
 * attempts, most of which were cut off. `null` = it is not.
 */
type Due = 'counted' | 'still' | 'barren';

function whyDue(
  run: RunRecord,
  task: TaskObserved,
  now: EpochMs,
  mark: { readonly since: EpochMs },
): Due | null {
  if (isCounted(run, task)) return 'counted';
  const limit = hungAfterMs(run, task);
  if (now - mark.since >= limit) return 'still';
  return barrenMs(run, now) >= BARREN_FACTOR * Math.max(HUNG_AT_LEAST_MS, limit) ? 'barren' : null;
}

/** `null` = not yet: its frames were not looked at, or it is not the one that was begun again and again. */
function freeTask(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  seen: RunObserved,
  task: TaskObserved,
  due: Due,
): RunRecord | null {
  if (task.name === CHECK_TASK) return freeCheck(sight, draft, run, task, due);
  const proved = new Set(framesOf(run.proved));
  const open = framesOfTask(task).filter((frame) => !proved.has(frame) && !isGivenUp(run, frame));
  if (open.length === 0) {
    act(draft, {
      kind: 'closeTask',
      ...sameTask(task),
      reason: `${task.name} stands still and nothing is left of it`,
    });
    return run;
  }
  if (due === 'counted') return takeAway(draft, run, task);
  const frame = hungFrame(run, seen, open);
  return frame === null ? null : freeFrame(sight, draft, run, seen, task, { frame, due });
}

/** Flamenco would let it hang for ever: each time that a worker asks whether it may go on counts as a sign of life. */
function freeCheck(sight: Sight, draft: Draft, run: RunRecord, task: TaskObserved, due: Due): RunRecord {
  if (due === 'counted') return takeAway(draft, run, task);
  if (due === 'still' && run.restarts < MAX_ATTEMPTS) {
    const counted = withCounted(run, task);
    const restarted = {
      restarts: run.restarts + 1,
      counted,
      barren: { ...run.barren, ms: 0, since: sight.now },
    };
    return takeAway(draft, updateRun(draft, run, restarted), task);
  }
  const times = due === 'still' ? `, ${run.restarts + 1} times` : '';
  return moveRun(sight, draft, run, 'failed', {
    code: 'checkHangs',
    message: `Blender opened the shot on a worker and ${stillness(sight, run, task, due)}${times}.`,
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
  { frame, due }: { readonly frame: number; readonly due: Due },
): RunRecord | null {
  const old = before.troubles.find((trouble) => trouble.frame === frame);
  const record = seen.verdicts.find((verdict) => verdict.frame === frame)?.record ?? null;
  // Another one may hang, and this one has only just begun.
  if (due === 'barren' && (record?.attempt ?? 0) < MAX_ATTEMPTS) return null;
  const trouble: FrameTrouble = {
    frame,
    attempts: due === 'barren' ? MAX_ATTEMPTS : (old?.attempts ?? 0) + 1,
    message: `it ${stillness(sight, before, task, due)}`,
    log: seen.logs[task.id] ?? old?.log ?? '',
    workers: withWorker(old, record?.run === before.id ? record.worker : null),
  };
  const troubles = [...before.troubles.filter((one) => one.frame !== frame), trouble];
  const run = updateRun(draft, before, {
    troubles: inOrder(troubles),
    counted: withCounted(before, task),
    // The others are given as long again.
    barren: { ...before.barren, ms: 0, since: sight.now },
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
  act(draft, { kind, ...sameTask(task), reason: `${task.name} stands still` });
  return run;
}

function hungAfterMs(run: RunRecord, task: TaskObserved): number {
  const isFrames = framesOfTask(task).length > 0;
  const limit = run.settings?.frameMinutesLimit.value ?? null;
  // A person's limit is about frames.
  if (limit !== null) return Math.max(isFrames ? 0 : HUNG_AT_LEAST_MS, limit * 60_000);
  const usual = Math.max(HUNG_FACTOR, rareFactor(run.times)) * secondsPerFrame(run) * 1000;
  const atFirst = isFrames ? Math.max(HUNG_AT_FIRST_MS, usual) : CHECK_HUNG_AT_FIRST_MS;
  const atLeast = run.times.frames === 0 ? atFirst : Math.max(HUNG_AT_LEAST_MS, usual);
  const longer = atLeast * LONGER_EACH_TIME ** attemptsAt(run, task);
  return Math.max(atLeast, Math.min(longer, LONGER_UP_TO_MS));
}

/** Of the frame of this task that was begun most often in vain and is still tried. */
function attemptsAt({ troubles }: RunRecord, task: TaskObserved): number {
  if (troubles.length === 0) return 0;
  const frames = new Set(framesOfTask(task));
  const tried = troubles.filter(({ frame, attempts }) => frames.has(frame) && attempts < MAX_ATTEMPTS);
  return Math.max(0, ...tried.map(({ attempts }) => attempts));
}

function stillness({ now }: Sight, run: RunRecord, task: TaskObserved, due: Due): string {
  if (due !== 'barren') return `stood still for ${inWords(hungAfterMs(run, task))}`;
  return `stood still for ${inWords(barrenMs(run, now))} in all, in attempts that were cut off`;
}

function inWords(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
}
