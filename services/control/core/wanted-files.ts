import type { Needed } from './closure.ts';
import type { InputSeen, Unknown } from './model.ts';
import type { MissingInput } from './run.ts';
import {
  type FrameSpan,
  isTileOf,
  numberIn,
  type SequenceName,
  sequenceName,
  sequencePath,
  shownNumbers,
  spansOf,
  tilePath,
  tilePrefix,
} from './sequence.ts';

/** More files of one sequence are more than a run may have of all: counting ends. */
const MOST_OF_A_SEQUENCE = 20_000;

/** What is asked of the bucket: all objects that begin alike, those in folders below it only if deep. */
export interface Listing {
  readonly prefix: string;
  readonly isDeep: boolean;
}

export interface ListedInput extends InputSeen {
  readonly path: string;
}

/** What was listed, by `listingKey`; not listed (yet) is `undefined`. */
export type Listings = ReadonlyMap<string, readonly ListedInput[] | Unknown>;

export function listingKey({ prefix, isDeep }: Listing): string {
  return isDeep ? `${prefix}**` : `${prefix}*`;
}

/** One file that must be there; an optional one is pinned if it is. */
export interface WantedFile {
  readonly path: string;
  readonly referredBy: string;
  readonly owner: string | null;
  readonly kind: string | null;
  readonly isOptional: boolean;
}

export interface WantedFiles {
  readonly files: ReadonlyMap<string, WantedFile>;
  /** Sequences, tiles and folders of which there is nothing at all. */
  readonly missing: readonly MissingInput[];
  readonly warnings: readonly string[];
  /** Some listing could not be read. */
  readonly isUnknown: boolean;
}

/** The listing that tells which files a reference means; `null` = the reference itself says so. */
export function listingFor(needed: Needed): Listing | null {
  switch (needed.shape) {
    case 'folder':
      return { prefix: `${needed.path}/`, isDeep: true };
    case 'tiles':
      return { prefix: tilePrefix(needed.path), isDeep: false };
    case 'sequence': {
      const name = sequenceName(needed.path);
      return name === null ? null : { prefix: name.before, isDeep: false };
    }
    default:
      return null;
  }
}

/** The files that a reference means on these frames. */
export function wantedFiles(
  needed: readonly Needed[],
  frames: readonly number[] | null,
  listings: Listings,
): WantedFiles {
  const files = new Map<string, WantedFile>();
  const missing: MissingInput[] = [];
  const warnings: string[] = [];
  let isUnknown = false;
  const spans = frames === null ? null : spansOf(frames);
  for (const one of needed) {
    const listing = listingFor(one);
    const listed = listing === null ? [] : listings.get(listingKey(listing));
    const meant = meantBy(one, spans, listed === 'unknown' ? undefined : listed);
    if (meant === 'unknown') {
      isUnknown = true;
      continue;
    }
    for (const path of meant.required) add(files, one, path, one.isOptional);
    for (const path of meant.there) add(files, one, path, true);
    if (meant.required.length === 0 && meant.there.length === 0 && meant.isNeeded && !one.isOptional)
      missing.push(nothingOf(one));
    if (meant.warning !== undefined) warnings.push(meant.warning);
  }
  return { files, missing, warnings, isUnknown };
}

interface Meant {
  /** Must be there. */
  readonly required: readonly string[];
  /** Is there and may be used. */
  readonly there: readonly string[];
  /** Something of it must be there. */
  readonly isNeeded: boolean;
  readonly warning?: string;
}

const NOTHING: Meant = { required: [], there: [], isNeeded: false };

function meantBy(
  needed: Needed,
  frames: readonly FrameSpan[] | null,
  listed: readonly ListedInput[] | undefined,
): Meant | Unknown {
  const { path, shape, tiles, onFrames } = needed;
  if (frames !== null && onFrames !== undefined && !isSeen(onFrames, frames)) return NOTHING;
  if (shape === undefined) return { required: [path], there: [], isNeeded: true };
  if (shape === 'tiles' && tiles !== undefined)
    return { required: tiles.map((tile) => tilePath(path, tile)), there: [], isNeeded: tiles.length > 0 };
  const name = shape === 'sequence' ? sequenceName(path) : null;
  if (shape === 'sequence' && name === null) return { required: [path], there: [], isNeeded: true };
  if (name !== null && frames !== null && needed.shown !== undefined)
    return shownFiles(needed, name, frames, needed.shown);
  if (listed === undefined) return 'unknown';
  if (name !== null) return foundFrames(needed, name, frames, listed);
  const there = listed.map((file) => file.path);
  return {
    required: [],
    there: shape === 'tiles' ? there.filter((other) => isTileOf(path, other)) : there,
    isNeeded: true,
  };
}

function isSeen({ from, to }: FrameSpan, frames: readonly FrameSpan[]): boolean {
  return from <= to && frames.some((span) => span.from <= to && span.to >= from);
}

/** The file tells which of the sequence is shown when: exactly these must be there. */
function shownFiles(
  { kind }: Needed,
  name: SequenceName,
  frames: readonly FrameSpan[],
  shown: NonNullable<Needed['shown']>,
): Meant {
  const numbers = new Set<number>();
  for (const use of shown) {
    if (numbers.size > MOST_OF_A_SEQUENCE) break;
    for (const number of shownNumbers(use, frames, kind === 'image' ? 0 : 1, MOST_OF_A_SEQUENCE))
      numbers.add(number);
  }
  const required = [...numbers].sort((a, b) => a - b).map((number) => sequencePath(name, number));
  return { required, there: [], isNeeded: false };
}

/**
 * The file does not tell: what is there is taken, and a gap in it is missing where the run's frames fall into it.
 * Beyond its ends the sequence may well be held or repeated: that is only said.
 */
function foundFrames(
  { path, referredBy }: Needed,
  name: SequenceName,
  frames: readonly FrameSpan[] | null,
  listed: readonly ListedInput[],
): Meant {
  const numbers = listed.flatMap((file) => numberIn(name, file.path) ?? []).sort((a, b) => a - b);
  const there = numbers.map((number) => sequencePath(name, number));
  const [first] = numbers;
  const last = numbers.at(-1);
  if (first === undefined || last === undefined || frames === null)
    return { required: [], there, isNeeded: true };
  const gaps = gapsIn(frames, new Set(numbers), { from: first, to: last });
  const meant = { required: gaps.map((frame) => sequencePath(name, frame)), there, isNeeded: true };
  const beyond = frames.reduce((sum, { from, to }) => {
    return (
      sum + Math.max(0, Math.min(to, first - 1) - from + 1) + Math.max(0, to - Math.max(from, last + 1) + 1)
    );
  }, 0);
  if (beyond === 0) return meant;
  const range = `${first} to ${last}`;
  return {
    ...meant,
    warning: `${path} (in ${referredBy}) has pictures ${range}; ${beyond} of the frames lie outside of that.`,
  };
}

/** The frames between the ends of a sequence of which there is no file. */
function gapsIn(
  frames: readonly FrameSpan[],
  known: ReadonlySet<number>,
  ends: FrameSpan,
): readonly number[] {
  const gaps: number[] = [];
  for (const { from, to } of frames) {
    const last = Math.min(to, ends.to);
    for (
      let frame = Math.max(from, ends.from);
      frame <= last && gaps.length <= MOST_OF_A_SEQUENCE;
      frame += 1
    )
      if (!known.has(frame)) gaps.push(frame);
  }
  return gaps;
}

function add(files: Map<string, WantedFile>, needed: Needed, path: string, isOptional: boolean): void {
  const known = files.get(path);
  if (known !== undefined && (isOptional || !known.isOptional)) return;
  const { referredBy, owner, kind } = needed;
  files.set(path, { path, referredBy, owner, kind, isOptional });
}

function nothingOf({ path, referredBy, owner, kind }: Needed): MissingInput {
  return { path, referredBy, owner, kind, problem: 'missing', suggestion: null };
}
