import { concat } from './bytes.ts';
import type { Content, DecodeMeter } from './content.ts';
import { BlendError } from './facts.ts';

/** Most compressed scenes fit, and are then decoded once though they are walked twice. */
const KEEP_BYTES = 32 * 1024 * 1024;

interface Chunk {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * A compressed file without random access. Keeps the last 32 MiB; whoever asks for something before that makes it
 * decode from the start again.
 */
export class StreamContent implements Content {
  readonly #open: () => AsyncIterable<Uint8Array>;
  readonly #meter: DecodeMeter;
  #stream: AsyncIterator<Uint8Array> | null = null;
  #kept: Chunk[] = [];
  #keptBytes = 0;
  #end = 0;
  #size: number | null = null;

  constructor(open: () => AsyncIterable<Uint8Array>, meter: DecodeMeter) {
    this.#open = open;
    this.#meter = meter;
  }

  get size(): number | null {
    return this.#size;
  }

  lastPiece(): Promise<null> {
    return Promise.resolve(null);
  }

  view(offset: number, length: number): Uint8Array | null {
    const chunk = this.#kept[this.#chunkAt(offset)];
    if (!chunk || offset < chunk.offset || offset + length > chunk.offset + chunk.bytes.length) return null;
    return chunk.bytes.subarray(offset - chunk.offset, offset - chunk.offset + length);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset < (this.#kept[0]?.offset ?? 0)) await this.#restart();
    while (this.#end < offset + length && (await this.#pull(offset)));
    return this.view(offset, length) ?? this.#assemble(offset, length);
  }

  /** Lets go of the decoder; the content must not be read afterwards. */
  async close(): Promise<void> {
    await this.#stream?.return?.();
    this.#stream = null;
  }

  async #restart(): Promise<void> {
    await this.close();
    this.#meter.restart();
    this.#kept = [];
    this.#keptBytes = 0;
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
    this.#keep(value, keepFrom);
    return true;
  }

  async #next(stream: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    return await stream.next().catch((cause: unknown) => {
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

  #keep(bytes: Uint8Array, keepFrom: number): void {
    if (bytes.length === 0) return;
    this.#kept.push({ offset: this.#end, bytes });
    this.#end += bytes.length;
    this.#keptBytes += bytes.length;
    let drop = 0;
    for (const chunk of this.#kept) {
      if (this.#keptBytes <= KEEP_BYTES || chunk.offset + chunk.bytes.length > keepFrom) break;
      this.#keptBytes -= chunk.bytes.length;
      drop++;
    }
    if (drop > 0) this.#kept.splice(0, drop);
  }

  #assemble(offset: number, length: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let index = this.#chunkAt(offset); index < this.#kept.length && length > 0; index++) {
      const chunk = this.#kept[index];
      if (!chunk) break;
      const part = chunk.bytes.subarray(offset - chunk.offset, offset - chunk.offset + length);
      parts.push(part);
      offset += part.length;
      length -= part.length;
    }
    return concat(parts);
  }

  /** Index of the chunk that holds `offset`, by bisection; past the last one if none does. */
  #chunkAt(offset: number): number {
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#kept[middle];
      if (chunk && chunk.offset + chunk.bytes.length <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
