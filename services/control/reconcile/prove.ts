import { frameFiles } from '../core/output-names.ts';
import {
  type FrameRecord,
  type FrameVerdict,
  HEAD_BYTES,
  pictureProblem,
  TAIL_BYTES,
} from '../core/proof.ts';
import { type RunRecord, rendersFolder } from '../core/run.ts';
import type { ObjectSeen, Renders } from '../ports/buckets.ts';

/** Frames whose files are read in one pass; the rest follow in the next ones. */
const READS_PER_PASS = 200;
const AT_ONCE = 8;

export interface Proofs {
  readonly verdicts: readonly FrameVerdict[];
  /** Every frame that was asked for has a verdict. */
  readonly isWhole: boolean;
}

/** Looks at the files of these frames: all there, newer than the run, whole to their end, and what the kit recorded. */
export async function proveFrames(
  renders: Renders,
  run: RunRecord,
  frames: readonly number[],
): Promise<Proofs> {
  if (frames.length === 0) return { verdicts: [], isWhole: true };
  const folder = rendersFolder(run);
  const objects = await renders.list(`${folder}/`).catch(() => null);
  if (objects === null) return { verdicts: [], isWhole: false };
  const byPath = new Map(objects.map((object) => [object.path, object]));
  const batch = frames.slice(0, READS_PER_PASS);
  const verdicts: FrameVerdict[] = [];
  for (let from = 0; from < batch.length; from += AT_ONCE) {
    const some = batch.slice(from, from + AT_ONCE);
    verdicts.push(
      ...(await Promise.all(some.map((frame) => proveFrame(renders, run, frame, folder, byPath)))),
    );
  }
  const isWhole = batch.length === frames.length && verdicts.every(({ verdict }) => verdict !== 'unknown');
  return { verdicts, isWhole };
}

async function proveFrame(
  renders: Renders,
  run: RunRecord,
  frame: number,
  folder: string,
  objects: ReadonlyMap<string, ObjectSeen>,
): Promise<FrameVerdict> {
  try {
    const record = await readFrameRecord(
      renders,
      `${folder}/records/${String(frame).padStart(4, '0')}.json`,
      objects,
    );
    const problem = await findProblem(renders, run, frame, folder, objects);
    if (problem !== null) return { frame, record, ...problem };
    if (record?.run === run.id && record.state !== 'done') {
      return {
        frame,
        record,
        verdict: 'broken',
        message: record.error ?? 'its render was begun and never ended',
      };
    }
    return { frame, record, verdict: 'proved', message: '' };
  } catch (error) {
    return {
      frame,
      record: null,
      verdict: 'unknown',
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

async function findProblem(
  renders: Renders,
  run: RunRecord,
  frame: number,
  folder: string,
  objects: ReadonlyMap<string, ObjectSeen>,
): Promise<{ readonly verdict: 'missing' | 'broken'; readonly message: string } | null> {
  if (run.output === null) return { verdict: 'missing', message: 'has no name' };
  for (const file of frameFiles(run.output, frame)) {
    const object = objects.get(`${folder}/${file}`);
    if (object === undefined) return { verdict: 'missing', message: `${file} is not there` };
    if (object.updatedAt < (run.startedAt ?? 0))
      return { verdict: 'missing', message: `${file} is older than the run` };
    const wrong = await pictureProblemOf(renders, object, run.output.extension);
    if (wrong !== null) return { verdict: 'broken', message: `${file} ${wrong}` };
  }
  return null;
}

async function pictureProblemOf(
  renders: Renders,
  object: ObjectSeen,
  extension: string,
): Promise<string | null> {
  const { path, size } = object;
  const head = await renders.read(path, 0, Math.min(size, HEAD_BYTES));
  const tail = size <= head.length ? head : await renders.read(path, size - TAIL_BYTES, TAIL_BYTES);
  return pictureProblem(extension, { size, head, tail });
}

async function readFrameRecord(
  renders: Renders,
  path: string,
  objects: ReadonlyMap<string, ObjectSeen>,
): Promise<FrameRecord | null> {
  const value = await readJson(renders, path, objects);
  if (value === null || typeof value.frame !== 'number' || typeof value.run !== 'string') return null;
  const number = (key: string) => (typeof value[key] === 'number' ? value[key] : null);
  const text = (key: string) => (typeof value[key] === 'string' ? value[key] : null);
  return {
    frame: value.frame,
    run: value.run,
    state: value.state === 'done' || value.state === 'failed' ? value.state : 'rendering',
    attempt: number('attempt') ?? 1,
    worker: text('worker') ?? '',
    seconds: number('seconds'),
    loadSeconds: number('loadSeconds'),
    peakMemoryMiB: number('peakMemoryMiB'),
    device: text('device'),
    warnings: Array.isArray(value.warnings) ? value.warnings.map(String) : [],
    error: text('error'),
  };
}

/** A small JSON file of the kit; `null` when it is not there or is none. */
export async function readJson(
  renders: Renders,
  path: string,
  objects: ReadonlyMap<string, ObjectSeen> | null,
): Promise<Record<string, unknown> | null> {
  const object = objects === null ? null : objects.get(path);
  if (object === undefined) return null;
  const bytes = await renders.read(path, 0, 1024 * 1024);
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
