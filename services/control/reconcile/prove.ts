import { frameFiles } from '../core/output-names.ts';
import type { FrameRecord, FrameVerdict, RecordedFile } from '../core/proof.ts';
import { type RunRecord, rendersFolder } from '../core/run.ts';
import { partToRead, pictureProblem } from '../core/whole-picture.ts';
import type { ObjectSeen, Renders } from '../ports/buckets.ts';

/** Frames whose files are read in one pass; the rest follow in the next ones. */
const READS_PER_PASS = 200;
const AT_ONCE = 8;

export interface Proofs {
  readonly verdicts: readonly FrameVerdict[];
  /** Every frame that was asked for has a verdict. */
  readonly isWhole: boolean;
}

/**
 * Looks at these frames: the run's own record of each says that it is done, and all files are there, those of every view
 * and those that were recorded, newer than the run and whole to their end. One small read a file. Of those that were
 * `proved` before only whether their files are still there.
 *
 * A file that is newer than the run's start is not enough: a worker of an earlier run of the same version, cancelled or
 * cut off from its manager, may go on for a while and write the same names with that run's samples, size or camera. The
 * kit writes its run into the record before it renders, so the last record tells whose file is there. A frame with another
 * run's record, or with none, is `missing`: it is rendered again, and what the old worker did costs no more than that.
 */
export async function proveFrames(
  renders: Renders,
  run: RunRecord,
  frames: readonly number[],
  proved: readonly number[] = [],
): Promise<Proofs> {
  if (frames.length === 0 && proved.length === 0) return { verdicts: [], isWhole: true };
  const folder = rendersFolder(run);
  const objects = await renders.list(`${folder}/`).catch(() => null);
  if (objects === null) return { verdicts: [], isWhole: false };
  const byPath = new Map(objects.map((object) => [object.path, object]));
  // Frames of which nothing is there cost no read: a lost job of thousands is seen as a whole in one pass.
  const hasLeft = (frame: number) =>
    byPath.has(`${folder}/records/${String(frame).padStart(4, '0')}.json`) ||
    expectedFiles(run, frame, null).some(({ path }) => byPath.has(`${folder}/${path}`));
  const { there = [], absent = [] } = Object.groupBy(frames, (frame) =>
    hasLeft(frame) ? 'there' : 'absent',
  );
  const batch = [...there.slice(0, READS_PER_PASS), ...absent];
  const verdicts: FrameVerdict[] = findGone(run, proved, folder, byPath);
  for (let from = 0; from < batch.length; from += AT_ONCE) {
    const some = batch.slice(from, from + AT_ONCE);
    verdicts.push(
      ...(await Promise.all(some.map((frame) => proveFrame(renders, run, frame, folder, byPath)))),
    );
  }
  const isWhole = batch.length === frames.length && verdicts.every(({ verdict }) => verdict !== 'unknown');
  return { verdicts, isWhole };
}

function findGone(
  run: RunRecord,
  proved: readonly number[],
  folder: string,
  objects: ReadonlyMap<string, ObjectSeen>,
): FrameVerdict[] {
  return proved.flatMap((frame): readonly FrameVerdict[] => {
    const gone = expectedFiles(run, frame, null).find(
      ({ path }) => (objects.get(`${folder}/${path}`)?.size ?? 0) === 0,
    );
    if (gone === undefined) return [];
    return [{ frame, record: null, verdict: 'missing', message: `${gone.path} is not there any more` }];
  });
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
    const own = record?.run === run.id ? record : null;
    const complaint = own === null ? null : complaintOf(own);
    if (complaint !== null) return { frame, record, verdict: 'broken', message: complaint };
    const problem = await findProblem(renders, run, expectedFiles(run, frame, own), folder, objects);
    if (problem !== null) return { frame, record, ...problem };
    if (own === null) return { frame, record, verdict: 'missing', message: strangerOf(record) };
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

function complaintOf(record: FrameRecord): string | null {
  if (record.state === 'done') return null;
  return record.error ?? 'its render was begun and never ended';
}

function strangerOf(record: FrameRecord | null): string {
  if (record === null) return 'its files are there, but no record of who made them';
  return `its files were made by another run (${record.run})`;
}

interface ExpectedFile {
  readonly path: string;
  /** As the kit saw it when the frame was done; `null` = it recorded nothing. */
  readonly bytes: number | null;
}

/** One file a view, whatever the record says, and all that it says; of a frame without a record the views alone. */
function expectedFiles(run: RunRecord, frame: number, record: FrameRecord | null): readonly ExpectedFile[] {
  const recorded = new Map((record?.files ?? []).map(({ path, bytes }) => [path, bytes]));
  const views = run.output === null ? [] : frameFiles(run.output, frame);
  const paths = new Set([...views, ...recorded.keys()]);
  return [...paths].map((path) => ({ path, bytes: recorded.get(path) ?? null }));
}

async function findProblem(
  renders: Renders,
  run: RunRecord,
  files: readonly ExpectedFile[],
  folder: string,
  objects: ReadonlyMap<string, ObjectSeen>,
): Promise<{ readonly verdict: 'missing' | 'broken'; readonly message: string } | null> {
  if (files.length === 0) return { verdict: 'missing', message: 'has no name' };
  for (const { path, bytes } of files) {
    const object = objects.get(`${folder}/${path}`);
    if (object === undefined) return { verdict: 'missing', message: `${path} is not there` };
    if (object.updatedAt < (run.startedAt ?? 0))
      return { verdict: 'missing', message: `${path} is older than the run` };
    if (bytes !== null && object.size < bytes)
      return { verdict: 'broken', message: `${path} is cut short (${object.size} of ${bytes} bytes)` };
    const wrong = await pictureProblemOf(renders, object);
    if (wrong !== null) return { verdict: 'broken', message: `${path} ${wrong}` };
  }
  return null;
}

async function pictureProblemOf(renders: Renders, { path, size }: ObjectSeen): Promise<string | null> {
  const extension = path.slice(path.lastIndexOf('.')).toLowerCase();
  const part = size === 0 ? null : partToRead(extension, size);
  const bytes = part === null ? new Uint8Array() : await renders.read(path, part.offset, part.length);
  return pictureProblem(extension, size, bytes);
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
    startedAt: text('startedAt'),
    worker: text('worker') ?? '',
    seconds: number('seconds'),
    loadSeconds: number('loadSeconds'),
    peakMemoryMiB: number('peakMemoryMiB'),
    device: text('device'),
    files: Array.isArray(value.files) ? value.files.flatMap(toRecordedFile) : [],
    warnings: Array.isArray(value.warnings) ? value.warnings.map(String) : [],
    error: text('error'),
  };
}

function toRecordedFile(value: unknown): readonly RecordedFile[] {
  if (typeof value !== 'object' || value === null) return [];
  const { path, bytes } = value as Partial<RecordedFile>;
  return typeof path === 'string' && typeof bytes === 'number' ? [{ path, bytes }] : [];
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
