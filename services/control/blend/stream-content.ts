import { concat, copyOf, type Piece } from './bytes.ts';
import { type Content, viewAt } from './content.ts';
import type { DecodeMeter } from './decode-meter.ts';
import { BlendError } from './facts.ts';
import type { Limits } from './limits.ts';

/** Without the large bodies, which are let go, most scenes fit: they are decoded once though they are walked twice. */
const KEEP_BYTES = 64 * 1024 * 1024;

/**
 * A compressed file without random access. Keeps the last 64 MiB of what was not let go; whoever asks for something
 * else makes it decode from the start again.
 */
export class StreamContent implements Content {
  readonly #open: () => AsyncIterable<Uint8Array>;
  readonly #meter: DecodeMeter;
  readonly #limits: Limits;
  #stream: AsyncIterator<Uint8Array> | null = null;
  /** In order, with holes where bytes were let go. */
  #kept: Piece[] = [];
  /** Bytes that are dropped as they come: from `from` to `to`. */
  #hole = { from: 0, to: 0 };
  #keptBytes = 0;
  #end = 0;
  #size: number | null = null;

  constructor(open: () => AsyncIterable<Uint8Array>, meter: DecodeMeter, limits: Limits) {
    this.#limits = limits;
    this.#open = open;
    this.#meter = meter;
  }

  get size(): number | null {
    return this.#size;
  }

  lastPiece(): Promise<null> {
    return Promise.resolve(null);
  }

  piece(offset: number, length: number): Piece | null {
    const piece = this.#kept[this.#indexAt(offset)];
    const isWhole = piece && offset >= piece.offset && offset + length <= piece.offset + piece.bytes.length;
    return isWhole ? piece : null;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset < this.#end && !this.#holds(offset, Math.min(offset + length, this.#end))) this.#restart();
    while (this.#end < offset + length && (await this.#pull(offset)));
    return viewAt(this, offset, length) ?? this.#assemble(offset, length);
  }

  letGo(offset: number, length: number): void {
    this.#hole = { from: offset, to: offset + length };
  }

  /** Lets go of the decoder; the content must not be read afterwards. */
  close(): void {
    // Not waited for: a stream that is stuck never ends, and what it says then is of no use.
    void this.#stream?.return?.()?.catch(() => {});
    this.#stream = null;
  }

  #restart(): void {
    this.close();
    this.#meter.restart();
    this.#kept = [];
    this.#keptBytes = 0;
    this.#hole = { from: 0, to: 0 };
    this.#end = 0;
    this.#size = null;
  }

  /** Decodes one piece more; false at the end. */
  async #pull(keepFrom: number): Promise<boolean> {
    if (this.#size !== null) return false;
    this.#stream ??= this.#open()[Symbol.asyncIterator]();
    const { done, value } = await this.#next(this.#stream);
    if (done) {
      this.#size = this.#end;
      return false;
    }
    this.#meter.add(value.length);
    this.#keepAround(value);
    this.#dropBefore(keepFrom);
    return true;
  }

  async #next(stream: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    return await this.#limits.guard(stream.next()).catch((cause: unknown) => {
      if (cause instanceof BlendError) throw cause;
      throw new BlendError(
        'corrupt',
        `the compressed data breaks off or is damaged after ${this.#end} bytes`,
        {
          cause,
        },
      );
    });
  }

  /** Keeps a decoded piece, except for what lies in the hole. */
  #keepAround(bytes: Uint8Array): void {
    const start = this.#end;
    const end = start + bytes.length;
    const from = Math.max(start, Math.min(this.#hole.from, end));
    const to = Math.max(from, Math.min(this.#hole.to, end));
    this.#end = end;
    if (from === to) this.#keep(start, bytes);
    else {
      // Copied: a piece of a piece would hold on to the whole.
      this.#keep(start, copyOf(bytes.subarray(0, from - start)));
      this.#keep(to, copyOf(bytes.subarray(to - start)));
    }
  }

  #keep(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#kept.push({ offset, bytes });
    this.#keptBytes += bytes.length;
  }

  #dropBefore(keepFrom: number): void {
    let drop = 0;
    for (const piece of this.#kept) {
      if (this.#keptBytes <= KEEP_BYTES || piece.offset + piece.bytes.length > keepFrom) break;
      this.#keptBytes -= piece.bytes.length;
      drop++;
    }
    if (drop > 0) this.#kept.splice(0, drop);
  }

  /** All of these bytes, which were decoded before, are still there. */
  #holds(offset: number, end: number): boolean {
    for (let index = this.#indexAt(offset); offset < end; index++) {
      const piece = this.#kept[index];
      if (!piece || piece.offset > offset) return false;
      offset = piece.offset + piece.bytes.length;
    }
    return true;
  }

  #assemble(offset: number, length: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let index = this.#indexAt(offset); index < this.#kept.length && length > 0; index++) {
      const piece = this.#kept[index];
      if (!piece) break;
      const part = piece.bytes.subarray(offset - piece.offset, offset - piece.offset + length);
      parts.push(part);
      offset += part.length;
      length -= part.length;
    }
    return concat(parts);
  }

  /** Index of the piece that holds `offset`, by bisection; of the next one if none does. */
  #indexAt(offset: number): number {
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = this.#kept[middle];
      if (piece && piece.offset + piece.bytes.length <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
