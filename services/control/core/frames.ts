/** More frames than this in one run is a typing error, not a film. */
const MAX_FRAMES = 1_000_000;

export type FramesParsed =
  | { readonly ok: true; readonly frames: readonly number[] }
  | { readonly ok: false; readonly message: string; readonly action: string };

/** `"1-250"`, `"1,5,10-20"` → sorted frame numbers, each once. Blanks are allowed; negatives, steps and reversed ranges are not. */
export function parseFrames(expression: string): FramesParsed {
  const frames: number[] = [];
  let isSorted = true;
  for (const part of expression.split(',')) {
    const range = parsePart(part.trim());
    if (typeof range === 'string') return refuse(expression, range);
    if (range.to - range.from + 1 + frames.length > MAX_FRAMES)
      return refuse(expression, `is more than ${MAX_FRAMES} frames`);
    isSorted &&= range.from > (frames.at(-1) ?? -1);
    for (let frame = range.from; frame <= range.to; frame += 1) frames.push(frame);
  }
  // What we write ourselves always is.
  return { ok: true, frames: isSorted ? frames : [...new Set(frames)].sort((a, b) => a - b) };
}

/** Frames of an expression that we wrote ourselves (`''` = none). Throws on anything else. */
export function framesOf(expression: string): readonly number[] {
  if (expression === '') return [];
  const parsed = parseFrames(expression);
  if (!parsed.ok) throw new Error(`not a frame expression of ours: ${expression}`);
  return parsed.frames;
}

/** The shortest expression for these frames: `[1,2,3,7]` → `"1-3,7"`; `[]` → `""`. */
export function formatFrames(frames: Iterable<number>): string {
  const sorted = [...new Set(frames)].sort((a, b) => a - b);
  const parts: string[] = [];
  let from = sorted[0];
  let last = from;
  for (const frame of [...sorted.slice(1), undefined]) {
    if (from === undefined || last === undefined) break;
    if (frame === last + 1) {
      last = frame;
      continue;
    }
    parts.push(from === last ? `${from}` : `${from}-${last}`);
    from = frame;
    last = frame;
  }
  return parts.join(',');
}

/** The frames of a scene's own range: start to end in steps. */
export function framesOfRange(start: number, end: number, step: number): readonly number[] {
  const frames: number[] = [];
  for (let frame = start; frame <= end && frames.length < MAX_FRAMES; frame += Math.max(1, step)) {
    frames.push(frame);
  }
  return frames;
}

function parsePart(part: string): { readonly from: number; readonly to: number } | string {
  const match = /^(\d{1,7})(?:\s*-\s*(\d{1,7}))?$/.exec(part);
  if (match === null) return part.startsWith('-') ? 'has a negative frame' : `has "${part.slice(0, 40)}"`;
  const from = Number(match[1]);
  const to = match[2] === undefined ? from : Number(match[2]);
  if (to < from) return `runs backwards in "${part}"`;
  return { from, to };
}

function refuse(expression: string, why: string): FramesParsed {
  const action = why.includes('negative')
    ? 'Move the animation so that it starts at frame 0 or later: Flamenco cannot name negative frames.'
    : 'Write frames like "1-250" or "1,5,10-20".';
  return { ok: false, message: `frames "${expression.slice(0, 80)}" ${why}`, action };
}
