import { BlendError } from './facts.ts';
import type { RangeReader } from './ranges.ts';

/** The bytes of the .blend itself, after decompression. */
export interface Content {
  /** Null for a stream that was not read to its end yet. */
  readonly size: number | null;
  /** The bytes if they are at hand, null if `read` is needed. Only good until the next `read`. */
  view(offset: number, length: number): Uint8Array | null;
  /** As many of the bytes as there are. Going back may be dear: a stream begins anew. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The last bytes when they are cheap to have: the DNA is among them. Null for streams. */
  lastPiece(): Promise<{ readonly offset: number; readonly bytes: Uint8Array } | null>;
}

/** A file that is not compressed. */
export function plainContent(raw: RangeReader): Content {
  return {
    size: raw.size,
    view: (offset, length) => raw.view(offset, length),
    read: (offset, length) => raw.read(offset, length),
    lastPiece: () => Promise.resolve(raw.tail),
  };
}

/** 4 GiB: more than a compressed scene has ever needed, and what a reader can decode in a minute or so. */
const MAX_DECODED = 4 * 1024 ** 3;
/** Runs of zeros compress well, but not whole files: beyond this ratio it is a bomb. Small files are left in peace. */
const MAX_RATIO = 1000;
const RATIO_FROM = 64 * 1024 ** 2;

/** Counts what was decoded, and stops files that cost far more than they are. */
export class DecodeMeter {
  readonly #compressedSize: number;
  #decoded = 0;

  constructor(compressedSize: number) {
    this.#compressedSize = compressedSize;
  }

  add(bytes: number): void {
    this.#decoded += bytes;
    if (this.#decoded > RATIO_FROM && this.#decoded > this.#compressedSize * MAX_RATIO)
      throw new BlendError('bomb', `${this.#compressedSize} bytes unpack to more than ${this.#decoded}`);
    if (this.#decoded > MAX_DECODED)
      throw new BlendError('tooLarge', `unpacks to more than ${MAX_DECODED / 1024 ** 3} GiB`);
  }

  /** A stream that begins anew pays again only for itself. */
  restart(): void {
    this.#decoded = 0;
  }
}
