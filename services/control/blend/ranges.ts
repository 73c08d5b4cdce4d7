import { BlendError, type ByteSource } from './facts.ts';

/** The start holds header, globals and scenes in nearly every file, the end the DNA and the seek table. */
const HEAD_BYTES = 512 * 1024;
const TAIL_BYTES = 192 * 1024;
/** After a jump the next heads may be far apart again: begin small, double while they stay close. */
const FIRST_STEP = 16 * 1024;
const LAST_STEP = 1024 * 1024;
/** A gap that a bucket delivers faster than it answers another request. */
const NEAR_GAP = 256 * 1024;

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const NOTHING: Piece = { offset: 0, bytes: new Uint8Array(0) };

/**
 * Reads a source in few, growing ranges: keeps its head, its tail and one moving window in memory. Whatever the
 * source throws becomes `BlendError('unreadable')`.
 */
export class RangeReader {
  readonly size: number;
  bytesRead = 0;
  readonly #source: ByteSource;
  #head = NOTHING;
  #tail = NOTHING;
  #window = NOTHING;
  #step = FIRST_STEP;

  private constructor(source: ByteSource) {
    this.#source = source;
    this.size = source.size;
  }

  static async open(source: ByteSource): Promise<RangeReader> {
    if (!Number.isSafeInteger(source.size) || source.size < 0)
      throw new BlendError('unreadable', 'the size of the file is not known');
    const reader = new RangeReader(source);
    await reader.#readEnds();
    return reader;
  }

  /** The last bytes of the file; all of it when it is small. */
  get tail(): Piece {
    return this.#tail;
  }

  /** The bytes if they are at hand, null if a read is needed. The view is only good until the next read. */
  view(offset: number, length: number): Uint8Array | null {
    return (
      cut(this.#window, offset, length) ?? cut(this.#head, offset, length) ?? cut(this.#tail, offset, length)
    );
  }

  /** As many of the bytes as the file has. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const atHand = this.view(offset, wanted);
    if (atHand) return atHand;
    this.#window = await this.#fetch(offset, this.#windowEnd(offset, wanted) - offset);
    return this.#window.bytes.subarray(0, wanted);
  }

  async #readEnds(): Promise<void> {
    if (this.size <= HEAD_BYTES + TAIL_BYTES) {
      this.#head = await this.#fetch(0, this.size);
      this.#tail = this.#head;
      return;
    }
    const [head, tail] = await Promise.all([
      this.#fetch(0, HEAD_BYTES),
      this.#fetch(this.size - TAIL_BYTES, TAIL_BYTES),
    ]);
    this.#head = head;
    this.#tail = tail;
    this.#window = head;
  }

  #windowEnd(offset: number, wanted: number): number {
    const gap = offset - (this.#window.offset + this.#window.bytes.length);
    this.#step = Math.abs(gap) <= NEAR_GAP ? Math.min(this.#step * 2, LAST_STEP) : FIRST_STEP;
    const end = Math.min(this.size, offset + Math.max(wanted, this.#step));
    const needed = offset + wanted;
    return needed <= this.#tail.offset ? Math.min(end, this.#tail.offset) : end;
  }

  async #fetch(offset: number, length: number): Promise<Piece> {
    if (length === 0) return { offset, bytes: new Uint8Array(0) };
    this.bytesRead += length;
    const bytes = await this.#source.read(offset, length).catch((cause: unknown) => {
      throw new BlendError('unreadable', `bytes ${offset} to ${offset + length} could not be read`, {
        cause,
      });
    });
    if (bytes.length !== length)
      throw new BlendError('unreadable', `asked for ${length} bytes at ${offset}, got ${bytes.length}`);
    return { offset, bytes };
  }
}

function cut(piece: Piece, offset: number, length: number): Uint8Array | null {
  const start = offset - piece.offset;
  if (start < 0 || start + length > piece.bytes.length) return null;
  return piece.bytes.subarray(start, start + length);
}
