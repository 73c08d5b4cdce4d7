import type { Sight } from './draft.ts';
import { ageOf, expectedTimes, type Known, loadingLeft, partAt } from './frame-times.ts';
import type { TaskObserved } from './model.ts';
import { timesByPart } from './neighbours.ts';
import type { RunRecord } from './run.ts';
import { secondsLeft } from './spread.ts';
import { unfinishedFrames } from './submission.ts';
import { activeTasks } from './tasks.ts';
import { framesOfTask, placesOf } from './troubles.ts';

/** What the frames of a run need by where they stand. Seconds. */
export interface Outlook {
  /** Frames that nobody has in hand; what each needs, on average; the share of them of which nobody knows how long they take. */
  readonly frames: number;
  readonly each: number;
  readonly unknown: number;
  /** Until a running task is done: of its frames those that are there from an earlier attempt are not rendered again. */
  readonly leftOf: (task: TaskObserved) => number;
}

/** `usual`: seconds of a frame anywhere. */
export function outlookOf(sight: Sight, run: RunRecord, usual: number): Outlook {
  const places = placesOf(run);
  const partOf = (frame: number) => partAt(places.get(frame) ?? 0, places.size);
  const active = activeTasks(sight.observed.details.get(run.id));
  const running = active.flatMap((task) => {
    const frame = framesOfTask(task)[task.stepsCompleted];
    return frame === undefined ? [] : [{ taskId: task.id, part: partOf(frame) }];
  });
  const { seconds, isKnown } = timesByPart(run, running, usual, sight.now);
  const inHand = new Set(active.flatMap(framesOfTask));
  const unfinished = new Set(unfinishedFrames(run));
  const parts = [...unfinished].filter((frame) => !inHand.has(frame)).map(partOf);
  const sum = parts.reduce((total, part) => total + (seconds[part] ?? usual), 0);
  const unknown = parts.filter((part) => isKnown[part] !== true).length;
  const { spread } = expectedTimes(run, sight.now);
  const times: LeftOf = {
    spread,
    run,
    now: sight.now,
    secondsOf: (frame) => seconds[partOf(frame)] ?? usual,
    unfinished,
  };
  return {
    frames: parts.length,
    each: parts.length === 0 ? usual : sum / parts.length,
    unknown: unknown / Math.max(1, parts.length),
    leftOf: (task) => secondsLeftOf(times, task),
  };
}

interface LeftOf {
  readonly run: Known;
  readonly now: number;
  readonly spread: number;
  readonly secondsOf: (frame: number) => number;
  readonly unfinished: ReadonlySet<number>;
}

function secondsLeftOf({ run, now, spread, secondsOf, unfinished }: LeftOf, task: TaskObserved): number {
  const [present, ...others] = framesOfTask(task)
    .slice(task.stepsCompleted)
    .filter((frame) => unfinished.has(frame));
  if (present === undefined) return 0;
  const age = ageOf(run, task.id, now) ?? 0;
  const left = secondsLeft(age, { mean: secondsOf(present), spread });
  return loadingLeft(run, task.id, now) + left + others.reduce((sum, frame) => sum + secondsOf(frame), 0);
}
