import { concat, type Piece, viewOf } from './bytes.ts';
import type { Content } from './content.ts';
import type { DecodeMeter } from './decode-meter.ts';
import { BlendError, type BlendTools } from './facts.ts';
import type { Limits } from './limits.ts';
import type { RangeReader } from './ranges.ts';
import { checkFrameHeader, framePieces, isSkippable, isZstdFrame, type SeekTable } from './zstd-frames.ts';

/** Frames hold up to 16 MiB, Blender's 2 MiB. Two: what lies across a boundary is at hand. */
const KEPT_FRAMES = 2;
/** Blender cuts large bodies into frames of 1 MiB, and puts what comes before and after into smaller ones. */
const BODY_FRAME = 1024 * 1024;
/** Small frames are asked for ahead of time once frames are skipped: heads are in there. */
const SMALL_STORED = 48 * 1024;

/** A Zstandard file with a seek table: any frame can be decoded alone, and frames nobody asks for never are. */
export class ZstdContent implements Content {
  readonly size: number;
  readonly #raw: RangeReader;
  readonly #table: SeekTable;
  readonly #tools: BlendTools;
  readonly #meter: DecodeMeter;
  readonly #limits: Limits;
  #kept: readonly Piece[] = [];
  #last = 0;
  #headFrames: readonly number[] | null = null;

  constructor(raw: RangeReader, table: SeekTable, tools: BlendTools, meter: DecodeMeter, limits: Limits) {
    this.#limits = limits;
    this.#raw = raw;
    this.#table = table;
    this.#tools = tools;
    this.#meter = meter;
    this.size = table.decoded[table.decoded.length - 1] ?? 0;
  }

  piece(offset: number, length: number): Piece | null {
    for (const frame of this.#kept) {
      const from = offset - frame.offset;
      if (from >= 0 && from + length <= frame.bytes.length) return frame;
    }
    return null;
  }

  letGo(): void {}

  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(this.size, offset + length);
    const parts: Uint8Array[] = [];
    for (let at = offset; at < end; ) {
      const frame = await this.#frameWith(at);
      const part = frame.bytes.subarray(at - frame.offset, end - frame.offset);
      parts.push(part);
      at += part.length;
    }
    return parts.length === 1 && parts[0] ? parts[0] : concat(parts);
  }

  async lastPiece(): Promise<Piece | null> {
    return this.size === 0 ? null : await this.#keep(lastAtMost(this.#table.decoded, this.size - 1));
  }

  async #frameWith(offset: number): Promise<Piece> {
    const kept = this.piece(offset, 1);
    if (kept) return kept;
    const index = lastAtMost(this.#table.decoded, offset);
    if (index > this.#last + 1) this.#askAhead(index);
    this.#last = index;
    return this.#keep(index);
  }

  async #keep(index: number): Promise<Piece> {
    const frame = await this.#decode(index);
    this.#kept = [frame, ...this.#kept.slice(0, KEPT_FRAMES - 1)];
    return frame;
  }

  /**
   * Asks for the next small frames: where bodies are skipped, the walk lands in these. Where it passed over some, it
   * is likely to pass over as many again.
   */
  #askAhead(index: number): void {
    this.#headFrames ??= this.#findHeadFrames();
    const next = firstAbove(this.#headFrames, index);
    const passed = firstAbove(this.#headFrames, index - 1) - firstAbove(this.#headFrames, this.#last);
    const step = passed + 1;
    for (let at = next + passed; at < this.#headFrames.length && this.#raw.canAskAhead; at += step) {
      const [stored, storedEnd] = pair(this.#table.stored, this.#headFrames[at] ?? 0);
      this.#raw.prefetch(stored, storedEnd - stored);
    }
  }

  #findHeadFrames(): readonly number[] {
    const frames = this.#table.decoded.length - 1;
    return Array.from({ length: frames }, (_, index) => index).filter((index) => this.#mayBeHeads(index));
  }

  #mayBeHeads(index: number): boolean {
    const [stored, storedEnd] = pair(this.#table.stored, index);
    // What comes after frames of a body is the rest of that body.
    return storedEnd - stored <= SMALL_STORED && !this.#isBody(index) && !this.#isBody(index - 1);
  }

  #isBody(index: number): boolean {
    const [offset, end] = pair(this.#table.decoded, index);
    return end - offset === BODY_FRAME;
  }

  async #decode(index: number): Promise<Piece> {
    const [stored, storedEnd] = pair(this.#table.stored, index);
    const [offset, end] = pair(this.#table.decoded, index);
    const expected = end - offset;
    this.#limits.check();
    const frame = await this.#raw.read(stored, storedEnd - stored);
    const { contentSize } = checkFrameHeader(frame);
    if (contentSize !== null && contentSize !== expected)
      throw brokenFrame(index, 'its size is not the seek table’s');
    this.#meter.add(expected);
    const bytes = await this.#inflate(frame, expected, index);
    if (bytes.length !== expected) throw brokenFrame(index, `${bytes.length} bytes instead of ${expected}`);
    return { offset, bytes };
  }

  async #inflate(frame: Uint8Array, expected: number, index: number): Promise<Uint8Array> {
    try {
      return await this.#tools.inflateZstdFrame(frame, expected);
    } catch (cause) {
      throw brokenFrame(index, 'it does not decode', cause);
    }
  }
}

/** All decoded bytes of a Zstandard file without a usable table, frame after frame, as `zstd` itself reads it. */
export async function* zstdStream(
  raw: RangeReader,
  tools: BlendTools,
): AsyncGenerator<Uint8Array, void, void> {
  let at = 0;
  while (at < raw.size) {
    const head = await raw.read(at, 8);
    if (head.length < 8)
      throw new BlendError('truncated', 'the file ends inside the head of a Zstandard frame');
    const magic = viewOf(head).getUint32(0, true);
    if (isSkippable(magic)) {
      at += 8 + viewOf(head).getUint32(4, true);
      continue;
    }
    if (!isZstdFrame(magic)) throw new BlendError('corrupt', `no Zstandard frame at byte ${at}`);
    const counted = countBytes(framePieces(raw, at));
    yield* tools.inflateZstdStream(counted.pieces);
    at += await counted.rest();
  }
}

/** Passes pieces on and tells how long they were, the ones that the decoder did not care to take included. */
function countBytes(pieces: AsyncGenerator<Uint8Array, void, void>) {
  let bytes = 0;
  async function* pass(): AsyncGenerator<Uint8Array, void, void> {
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
      bytes += next.value.length;
      yield next.value;
    }
  }
  const rest = async (): Promise<number> => {
    for await (const piece of pieces) bytes += piece.length;
    return bytes;
  };
  return { pieces: pass(), rest };
}

function pair(offsets: Float64Array, index: number): readonly [number, number] {
  return [offsets[index] ?? 0, offsets[index + 1] ?? 0];
}

/** Index of the first entry that is more than `value`. */
function firstAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the last entry that is not after `value`. Empty frames share an offset: the last of them is the full one. */
function lastAtMost(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function brokenFrame(index: number, why: string, cause?: unknown): BlendError {
  if (cause instanceof BlendError) return cause;
  return new BlendError('corrupt', `Zstandard frame ${index} is damaged: ${why}`, { cause });
}
