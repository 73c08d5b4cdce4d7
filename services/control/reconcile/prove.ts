import { frameFiles } from '../core/output-names.ts';
import type { FrameRecord, FrameVerdict, RecordedFile } from '../core/proof.ts';
import { type RunRecord, recordPath, rendersFolder } from '../core/run.ts';
import { partToRead, pictureProblem } from '../core/whole-picture.ts';
import type { ObjectSeen, Renders } from '../ports/buckets.ts';
import { isPortError } from '../ports/errors.ts';
import { inParallel } from './look-up.ts';
import { orUnknown } from './or-unknown.ts';

/** Frames whose files are read in one pass; the rest follow in the next ones. */
const READS_PER_PASS = 200;

interface Proofs {
  readonly verdicts: readonly FrameVerdict[];
  /** Every frame that was asked for has a verdict. */
  readonly isWhole: boolean;
}

/** Which frames of a run to look at. */
interface Asked {
  readonly open: readonly number[];
  /** Of the open ones those that a worker said it is done with, or that it has in hand: that nothing is listed of one is not enough. */
  readonly expected: ReadonlySet<number>;
  /** Proved before: only whether their files are still there. */
  readonly proved: readonly number[];
}

/** Looks at frames, and remembers what it read of those that did not come out. */
export interface ProofLook {
  readonly look: (run: RunRecord, asked: Asked) => Promise<Proofs>;
  /** Nothing is remembered of other runs than these. */
  readonly keepOnly: (runIds: ReadonlySet<string>) => void;
}

interface Known {
  /** Generations of the frame's files when it was read. */
  readonly mark: string;
  readonly verdict: FrameVerdict;
}

/**
 * Looks at these frames: the run's own record of each says that it is done, and all files are there, those of every view
 * and those that were recorded, newer than the run and whole to their end. One small read a file. Where there are too many for
 * one pass, those go first that were not read yet, and of the others holds what was read while their files are the same: so
 * all of them have a verdict after a few passes, however many are broken.
 *
 * A file that is newer than the run's start is not enough: a worker of an earlier run of the same version, cancelled or
 * cut off from its manager, may go on for a while and write the same names with that run's samples, size or camera. The
 * kit writes its run into the record before it renders, so the last record tells whose file is there. A frame with another
 * run's record, or with none, is `missing`: it is rendered again, and what the old worker did costs no more than that.
 *
 * A listing may lack what is there. An attempt is counted against a frame that is missing, so each one that should be there
 * is asked for by its name; where that finds it, the frame is `unknown` until the next pass.
 */
export function createProofLook(renders: Renders): ProofLook {
  const known = new Map<string, ReadonlyMap<number, Known>>();

  async function look(run: RunRecord, { open, expected, proved }: Asked): Promise<Proofs> {
    if (open.length === 0 && proved.length === 0) return { verdicts: [], isWhole: true };
    const folder = rendersFolder(run);
    const objects = await orUnknown(renders.list(`${folder}/`));
    if (objects === 'unknown') return { verdicts: [], isWhole: false };
    const listing = { renders, run, folder, objects: new Map(objects.map((one) => [one.path, one])) };
    const gone = new Map(proved.flatMap((frame) => goneFile(listing, frame) ?? []));
    // Frames of which nothing is there cost no read: a lost job of thousands is seen as a whole in one pass.
    const { dear = [], free = [] } = Object.groupBy(open, (frame) =>
      expected.has(frame) || hasAny(listing, frame) ? 'dear' : 'free',
    );
    const before = known.get(run.id);
    const isKnown = (frame: number) => {
      const one = before?.get(frame);
      return one !== undefined && one.mark === markOf(listing, one.verdict);
    };
    const { old = [], fresh = [] } = Object.groupBy([...gone.keys(), ...dear], (frame) =>
      isKnown(frame) ? 'old' : 'fresh',
    );
    const due = [...fresh, ...old];
    const verdicts = new Map<number, FrameVerdict>();
    for (const frame of due.slice(READS_PER_PASS)) {
      const one = isKnown(frame) ? before?.get(frame) : undefined;
      if (one !== undefined) verdicts.set(frame, one.verdict);
    }
    await inParallel([...free, ...due.slice(0, READS_PER_PASS)], async (frame) => {
      const path = gone.get(frame);
      const isExpected = expected.has(frame);
      const judged =
        path === undefined ? proveFrame(listing, frame, isExpected) : proveGone(listing, frame, path);
      verdicts.set(frame, await judged);
    });
    const inOrder = [...gone.keys(), ...open].flatMap((frame) => verdicts.get(frame) ?? []);
    // What was not read is not known: it may be expected by the next pass.
    const unread = new Set(free);
    const faults = inOrder.filter((one) => isFault(one) && !unread.has(one.frame));
    known.set(
      run.id,
      new Map(faults.map((verdict) => [verdict.frame, { verdict, mark: markOf(listing, verdict) }])),
    );
    const isWhole =
      inOrder.length === gone.size + open.length && inOrder.every(({ verdict }) => verdict !== 'unknown');
    return { verdicts: inOrder, isWhole };
  }

  return {
    look,
    keepOnly: (runIds) => {
      for (const id of known.keys()) if (!runIds.has(id)) known.delete(id);
    },
  };
}

function isFault({ verdict }: FrameVerdict): boolean {
  return verdict === 'missing' || verdict === 'broken';
}

/** What was listed of a run's folder. */
interface Listing {
  readonly renders: Renders;
  readonly run: RunRecord;
  readonly folder: string;
  readonly objects: ReadonlyMap<string, ObjectSeen>;
}

function hasAny(listing: Listing, frame: number): boolean {
  const { run, folder, objects } = listing;
  return (
    objects.has(recordPath(folder, frame)) ||
    expectedFiles(run, frame, null).some(({ path }) => objects.has(`${folder}/${path}`))
  );
}

/** A frame that was proved, and the file of it that is not listed any more. */
function goneFile({ run, folder, objects }: Listing, frame: number): readonly [number, string][] | null {
  const gone = expectedFiles(run, frame, null).find(
    ({ path }) => (objects.get(`${folder}/${path}`)?.size ?? 0) === 0,
  );
  return gone === undefined ? null : [[frame, gone.path]];
}

/** The same as long as none of the frame's files was written anew. */
function markOf(listing: Listing, { frame, record }: FrameVerdict): string {
  const { run, folder, objects } = listing;
  const files = expectedFiles(run, frame, record).map(({ path }) => `${folder}/${path}`);
  return [recordPath(folder, frame), ...files].map((path) => objects.get(path)?.generation ?? '').join(' ');
}

async function proveGone({ renders, folder }: Listing, frame: number, path: string): Promise<FrameVerdict> {
  const message = `${path} is not there any more`;
  const isThere = await orUnknown(hasBytes(renders, `${folder}/${path}`));
  return { frame, record: null, verdict: isThere === false ? 'missing' : 'unknown', message };
}

async function hasBytes(renders: Renders, path: string): Promise<boolean> {
  const bytes = await orAbsent(renders.read(path, 0, 1));
  return bytes !== null && bytes.length > 0;
}

async function orAbsent<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error: unknown) => {
    if (isPortError(error, 'notFound')) return null;
    throw error;
  });
}

async function proveFrame(listing: Listing, frame: number, isExpected: boolean): Promise<FrameVerdict> {
  try {
    const path = recordPath(listing.folder, frame);
    const isListed = listing.objects.has(path);
    const record = isListed || isExpected ? await readFrameRecord(listing.renders, path) : null;
    const own = record?.run === listing.run.id ? record : null;
    const complaint = own === null ? null : complaintOf(own);
    if (complaint !== null) return { frame, record, verdict: 'broken', message: complaint };
    const problem = await findProblem(listing, expectedFiles(listing.run, frame, own), isExpected);
    if (problem !== null) return { frame, record, ...problem };
    if (own === null) return { frame, record, verdict: 'missing', message: strangerOf(record) };
    return { frame, record, verdict: 'proved', message: '' };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { frame, record: null, verdict: 'unknown', message };
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
  { renders, run, folder, objects }: Listing,
  files: readonly ExpectedFile[],
  isExpected: boolean,
): Promise<Pick<FrameVerdict, 'verdict' | 'message'> | null> {
  if (files.length === 0) return { verdict: 'missing', message: 'has no name' };
  for (const { path, bytes } of files) {
    const object = objects.get(`${folder}/${path}`);
    if (object === undefined) {
      const isThere = isExpected && (await hasBytes(renders, `${folder}/${path}`));
      return isThere
        ? { verdict: 'unknown', message: `${path} was not listed, and is there` }
        : { verdict: 'missing', message: `${path} is not there` };
    }
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

/** What the kit wrote of a frame; `null` = nothing that can be understood. */
export async function readFrameRecord(renders: Renders, path: string): Promise<FrameRecord | null> {
  const value = await readJson(renders, path);
  if (value === null || typeof value.frame !== 'number' || typeof value.run !== 'string') return null;
  // The scene's own Python may have written it: what is no length of time or size counts as not said.
  const number = (key: string) => {
    const found = value[key];
    return typeof found === 'number' && found >= 0 && found <= Number.MAX_SAFE_INTEGER ? found : null;
  };
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
export async function readJson(renders: Renders, path: string): Promise<Record<string, unknown> | null> {
  const bytes = await orAbsent(renders.read(path, 0, 1024 * 1024));
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
