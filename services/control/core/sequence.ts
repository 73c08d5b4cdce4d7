/**
 * How one user of a sequence counts: on frame `f` of the scene it shows the file with the number `n + offset`, where
 * `n = f - start + 1`. `extend` holds the first and the last one, `clip` shows nothing outside 1 to `frames`.
 */
export interface SequenceUse {
  readonly start: number;
  readonly frames: number;
  readonly offset: number;
  readonly mode: 'extend' | 'clip' | 'repeat' | 'pingPong';
}

/** A path whose last run of digits (before the ending) counts frames: `film/plate_` `0013` `.png`. */
export interface SequenceName {
  readonly before: string;
  readonly digits: string;
  readonly after: string;
}

/** `null` = there is no number in the name, so it is one file. The digits of an ending (`.mp4`) are none. */
export function sequenceName(path: string): SequenceName | null {
  const nameAt = path.lastIndexOf('/') + 1;
  const dot = path.lastIndexOf('.');
  const stemEnd = dot > nameAt ? dot : path.length;
  const match = /^(.*?)(\d+)(\D*)$/s.exec(path.slice(nameAt, stemEnd));
  if (match === null) return null;
  const [, before = '', digits = '', after = ''] = match;
  return { before: path.slice(0, nameAt) + before, digits, after: after + path.slice(stemEnd) };
}

/** Path of the file with this number, padded as the named one is. */
export function sequencePath({ before, digits, after }: SequenceName, number: number): string {
  return before + String(number).padStart(digits.length, '0') + after;
}

/** The number of a file of this sequence; `null` = it is none of it. */
export function numberIn({ before, digits, after }: SequenceName, path: string): number | null {
  if (!path.startsWith(before) || !path.endsWith(after)) return null;
  const text = path.slice(before.length, path.length - after.length);
  if (!/^\d{1,9}$/.test(text)) return null;
  const isPadded = text.length === digits.length || (text.length > digits.length && !text.startsWith('0'));
  return isPadded ? Number(text) : null;
}

/** Frames that follow one another. */
export interface FrameSpan {
  readonly from: number;
  readonly to: number;
}

/** Sorted frames as spans: a run may have a million of them. */
export function spansOf(frames: readonly number[]): readonly FrameSpan[] {
  const spans: { from: number; to: number }[] = [];
  for (const frame of frames) {
    const last = spans.at(-1);
    if (last !== undefined && frame === last.to + 1) last.to = frame;
    else spans.push({ from: frame, to: frame });
  }
  return spans;
}

/** Numbers of all files that are shown in these spans; ends once there are more than `atMost`. */
export function shownNumbers(
  use: SequenceUse,
  spans: readonly FrameSpan[],
  first: 0 | 1,
  atMost: number,
): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const { from, to } of spans.flatMap((span) => decidingSpans(use, span))) {
    for (let frame = from; frame <= to && numbers.size <= atMost; frame += 1) {
      const number = shownNumber(use, frame, first);
      if (number !== null) numbers.add(number);
    }
  }
  return numbers;
}

/** The frames of a span that show all that the whole span shows: what is held or comes again is looked at once. */
function decidingSpans({ start, frames, mode }: SequenceUse, { from, to }: FrameSpan): readonly FrameSpan[] {
  const own = { from: Math.max(from, start), to: Math.min(to, start + frames - 1) };
  const again = mode === 'pingPong' ? 2 * frames : frames;
  switch (mode) {
    case 'clip':
      return [own];
    case 'extend':
      return [{ from, to: from }, own, { from: to, to }];
    default:
      return [{ from, to: Math.min(to, from + again - 1) }];
  }
}

/**
 * The number of the file that is shown on a frame; `null` = none, or it cannot be told.
 * `first` is what `extend` holds before its start: 0 for images (seen in Blender 3.4), else 1.
 */
function shownNumber(use: SequenceUse, frame: number, first: 0 | 1): number | null {
  const { start, frames, offset, mode } = use;
  if (frames < 1) return null;
  const n = frame - start + 1;
  const position = PLACE[mode](n, frames, first);
  return position === null || position + offset < 0 ? null : position + offset;
}

const PLACE: Readonly<
  Record<SequenceUse['mode'], (n: number, frames: number, first: number) => number | null>
> = {
  extend: (n, frames, first) => Math.min(Math.max(n, first), frames),
  clip: (n, frames) => (n < 1 || n > frames ? null : n),
  repeat: (n, frames) => wrap(n - 1, frames) + 1,
  pingPong: (n, frames) => {
    if (frames === 1) return 1;
    const period = frames * 2 - 2;
    const at = wrap(n - 1, period);
    return at < frames ? at + 1 : period - at + 1;
  },
};

function wrap(n: number, length: number): number {
  return ((n % length) + length) % length;
}

/** Names of UDIM tiles hold one of these in place of the tile's number. */
const TILE = /<(UDIM|UVTILE)>/;

export function isTiled(path: string): boolean {
  return TILE.test(path);
}

/** Path of one tile: 1001 is `1001` in place of `<UDIM>` and `u1_v1` in place of `<UVTILE>`. */
export function tilePath(path: string, tile: number): string {
  const u = ((tile - 1001) % 10) + 1;
  const v = Math.floor((tile - 1001) / 10) + 1;
  return path.replace(TILE, (_, token) => (token === 'UDIM' ? String(tile) : `u${u}_v${v}`));
}

/** What all tiles of a path begin with. */
export function tilePrefix(path: string): string {
  return path.slice(0, path.search(TILE));
}

export function isTileOf(path: string, other: string): boolean {
  const prefix = tilePrefix(path);
  const suffix = path.slice(prefix.length).replace(TILE, '');
  if (!other.startsWith(prefix) || !other.endsWith(suffix)) return false;
  const number = other.slice(prefix.length, other.length - suffix.length);
  return path.includes('<UDIM>') ? /^[1-9]\d{3}$/.test(number) : /^u\d+_v\d+$/.test(number);
}
