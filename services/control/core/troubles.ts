import { chunkOfTask } from './chunks.ts';
import { learn, learnLoading, partAt } from './frame-times.ts';
import { formatFrames, framesOf } from './frames.ts';
import type { RunObserved, TaskObserved } from './model.ts';
import type { FrameRecord, FrameVerdict } from './proof.ts';
import type { FrameTrouble, RunRecord } from './run.ts';

/** A frame that went wrong this often is given up. */
export const MAX_ATTEMPTS = 3;
const WARNINGS_KEPT = 20;
const LOGS_KEPT = 20;

/** Takes the frames that were proved into the run, and what their records teach; takes out those that are gone. */
export function takeProofs(run: RunRecord, seen: RunObserved): RunRecord {
  const gone = new Set(badVerdicts(seen, framesOf(run.proved)).map(({ frame }) => frame));
  const known = new Set(framesOf(run.proved).filter((frame) => !gone.has(frame)));
  const fresh = seen.verdicts.filter(({ verdict, frame }) => verdict === 'proved' && !known.has(frame));
  if (fresh.length === 0 && gone.size === 0) return run;
  const records = fresh.flatMap(({ record }) => (record === null ? [] : [record]));
  const warnings = new Set([...run.warnings, ...records.flatMap((record) => record.warnings)]);
  const proved = [...known, ...fresh.map(({ frame }) => frame)];
  const good = new Set(proved);
  return {
    ...run,
    proved: formatFrames(proved),
    times: learnAll(run, records),
    warnings: [...warnings].slice(0, WARNINGS_KEPT),
    troubles: run.troubles.filter(({ frame }) => !good.has(frame)),
  };
}

function learnAll(run: RunRecord, records: readonly FrameRecord[]): RunRecord['times'] {
  const places = placesOf(run);
  return records.reduce(
    (times, record) => learn(times, record, partAt(places.get(record.frame) ?? 0, places.size)),
    run.times,
  );
}

/** Where each frame of a run stands among all of them, from 0. */
export function placesOf(run: RunRecord): ReadonlyMap<number, number> {
  return new Map(framesOf(run.frames ?? '').map((frame, place) => [frame, place]));
}

/** Takes what the first frame that runs says of loading, until one that has ended has said it. */
export function takeLoading(run: RunRecord, { loadSeconds = null }: RunObserved): RunRecord {
  return loadSeconds === null || run.times.loads > 0
    ? run
    : { ...run, times: learnLoading(run.times, loadSeconds) };
}

/** Which frames of these did not come out, by their verdict. Unknown ones are left alone. */
export function badVerdicts(seen: RunObserved, frames: readonly number[]): readonly FrameVerdict[] {
  const wanted = new Set(frames);
  return seen.verdicts.filter(
    ({ frame, verdict }) => wanted.has(frame) && (verdict === 'missing' || verdict === 'broken'),
  );
}

/**
 * Counts an attempt for each frame that is to blame. A frame that was begun has a record of this run; where none of
 * them has one the task as a whole did not get that far, and all are to blame.
 */
export function blame(run: RunRecord, bad: readonly FrameVerdict[], log: string): RunRecord {
  const begun = bad.filter(({ record, verdict }) => record?.run === run.id || verdict === 'broken');
  const blamed = begun.length > 0 ? begun : bad;
  const troubles = new Map(run.troubles.map((trouble) => [trouble.frame, trouble]));
  for (const verdict of blamed)
    troubles.set(verdict.frame, troubleOf(run, troubles.get(verdict.frame), verdict, log));
  return { ...run, troubles: inOrder([...troubles.values()]) };
}

/** By frame. Only the first ones keep their log: thousands of frames that fail alike must not make a record of megabytes. */
export function inOrder(troubles: readonly FrameTrouble[]): readonly FrameTrouble[] {
  const sorted = [...troubles].sort((a, b) => a.frame - b.frame);
  return sorted.map((one, index) => (index < LOGS_KEPT || one.log === '' ? one : { ...one, log: '' }));
}

function troubleOf(
  run: RunRecord,
  before: FrameTrouble | undefined,
  { frame, record, message }: FrameVerdict,
  log: string,
): FrameTrouble {
  const recorded = record?.run === run.id ? record : null;
  return {
    frame,
    attempts: Math.max((before?.attempts ?? 0) + 1, recorded?.attempt ?? 0),
    message: recorded?.error ?? before?.message ?? message,
    log: log === '' ? (before?.log ?? '') : log,
    workers: withWorker(before, recorded?.worker ?? null),
  };
}

/** Counted in an earlier pass, whose requeue did not reach the manager: asking again is no further attempt. */
export function isCounted(run: RunRecord, task: TaskObserved): boolean {
  return run.counted[task.id] === task.updatedAt;
}

export function withCounted(run: RunRecord, task: TaskObserved): RunRecord['counted'] {
  return { ...run.counted, [task.id]: task.updatedAt };
}

/** The workers of a trouble, with the one of its newest attempt (`null` = nobody knows). */
export function withWorker(before: FrameTrouble | undefined, worker: string | null): readonly string[] {
  const others = (before?.workers ?? []).filter((name) => name !== worker);
  return worker === null || worker === '' ? others : [...others, worker];
}

export function isGivenUp(run: RunRecord, frame: number): boolean {
  return run.troubles.some((trouble) => trouble.frame === frame && trouble.attempts >= MAX_ATTEMPTS);
}

/** Frames of a task in the order in which they are rendered. */
export function framesOfTask(task: TaskObserved): readonly number[] {
  const chunk = chunkOfTask(task.name);
  return chunk === null ? [] : framesOf(chunk);
}

/** The sentence about what did not come out: frames, the first error, its last log lines. */
export function describeTroubles(troubles: readonly FrameTrouble[]): string {
  const first = troubles[0];
  if (first === undefined) return '';
  const frames = formatFrames(troubles.map((trouble) => trouble.frame));
  const lines = lastLines(first.log, 3);
  const said = lines === '' ? '' : ` Last log lines of frame ${first.frame}: ${lines}`;
  return `${troubles.length === 1 ? 'Frame' : 'Frames'} ${frames} failed: ${first.message}.${said}`;
}

/** Flamenco's worker puts this before each line of a program that it runs. */
const PROGRAM_LINE = /^(?:\S+ )?pid=\d+ > /;

/** The end of what Blender and the kit said; Flamenco's own lines only where there are no others. */
function lastLines(log: string, count: number): string {
  const lines = log.split('\n');
  const said = lines
    .filter((line) => PROGRAM_LINE.test(line))
    .map((line) => line.replace(PROGRAM_LINE, '').trim())
    .filter((line) => line !== '' && line !== 'Blender quit');
  const shown = said.length > 0 ? said : lines.map((line) => line.trim()).filter((line) => line !== '');
  return shown.slice(-count).join(' | ').slice(0, 600);
}
