import { BlendError } from './facts.ts';

/** 4 GiB: more than a compressed scene has ever needed. */
const MAX_DECODED = 4 * 1024 ** 3;
const MIB = 1024 * 1024;
/**
 * Runs of zeros compress well, but not whole files: beyond these it is a bomb. Small files are left in peace. The
 * first stops gzip's best (1032 : 1) at once, the second whatever would keep a decoder busy for seconds.
 */
const RATIOS = [
  { from: 64 * MIB, most: 1000 },
  { from: 512 * MIB, most: 100 },
] as const;

/** Counts what was decoded, and stops files that cost far more than they are. */
export class DecodeMeter {
  readonly #compressedSize: number;
  #decoded = 0;

  constructor(compressedSize: number) {
    this.#compressedSize = compressedSize;
  }

  add(bytes: number): void {
    this.#decoded += bytes;
    const decoded = this.#decoded;
    if (RATIOS.some(({ from, most }) => decoded > from && decoded > this.#compressedSize * most))
      throw new BlendError('bomb', `${this.#compressedSize} bytes unpack to more than ${decoded}`);
    if (decoded > MAX_DECODED)
      throw new BlendError('tooLarge', `unpacks to more than ${MAX_DECODED / 1024 ** 3} GiB`);
  }

  /** A stream that begins anew pays again only for itself. */
  restart(): void {
    this.#decoded = 0;
  }
}
