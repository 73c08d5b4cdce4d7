/** A frame range that nobody can read; the text is what the submitter gets to see. */
class InvalidRange extends Error {
  constructor(range: string, part: string) {
    super(`invalid range "${range}": ${part}`);
    this.name = 'GoError';
  }
}

/** Cuts a range like `1-10,20..25,40` into ranges of at most `chunkSize` frames, sorted and without doubles. */
export function frameChunker(range: unknown, chunkSize: unknown): string[] {
  const text = String(range ?? '').trim();
  if (text === '') throw new InvalidRange(text, 'empty range');
  const size = toInt(chunkSize);
  if (size < 1) throw goError(`invalid chunk size, must be positive number: ${size}`);
  const frames = explode(text);
  if (frames.length === 0) throw new InvalidRange(text, 'empty range');
  const chunks: string[] = [];
  for (let start = 0; start < frames.length; start += size) {
    chunks.push(merge(frames.slice(start, start + size)));
  }
  return chunks;
}

export function frameCount(range: unknown): number {
  return explode(String(range ?? '')).length;
}

function explode(range: string): readonly number[] {
  const frames = new Set<number>();
  const regular = range.replaceAll('..', '-');
  for (const part of regular.split(',')) {
    const ends = part.split('-');
    if (ends.length > 2) throw new InvalidRange(regular, part);
    const [first, last] = [ends[0], ends.at(-1)].map((end) => parseFrame(end ?? '', regular, part));
    for (let frame = first ?? 0; frame <= (last ?? -1); frame++) frames.add(frame);
  }
  return [...frames].sort((a, b) => a - b);
}

function parseFrame(text: string, range: string, part: string): number {
  const trimmed = text.trim();
  if (!/^[+-]?\d+$/.test(trimmed)) throw new InvalidRange(range, part);
  return Number(trimmed);
}

function merge(frames: readonly number[]): string {
  const runs: string[] = [];
  let first = frames[0] ?? 0;
  frames.forEach((frame, index) => {
    const next = frames[index + 1];
    if (next === frame + 1) return;
    runs.push(runText(first, frame));
    first = next ?? 0;
  });
  return runs.join(',');
}

/** A run of two frames is written as two frames: `9,10`, not `9-10`. */
function runText(first: number, last: number): string {
  if (first === last) return `${first}`;
  return first + 1 === last ? `${first},${last}` : `${first}-${last}`;
}

/** Numbers as Flamenco's script engine takes them: what is missing or no number counts as 0. */
function toInt(value: unknown): number {
  const number = Math.trunc(Number(value));
  return Number.isFinite(number) ? number : 0;
}

function goError(message: string): Error {
  const error = new Error(message);
  error.name = 'GoError';
  return error;
}
