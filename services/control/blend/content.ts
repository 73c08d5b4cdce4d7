import type { Piece } from './bytes.ts';
import type { RangeReader } from './ranges.ts';

/** The bytes of the .blend itself, after decompression. */
export interface Content {
  /** Null for a stream that was not read to its end yet. */
  readonly size: number | null;
  /** A piece at hand that holds all of these bytes; null if `read` is needed. Its bytes never change. */
  piece(offset: number, length: number): Piece | null;
  /** As many of the bytes as there are. Going back may be dear: a stream begins anew. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The last bytes when they are cheap to have: the DNA is among them. Null for streams. */
  lastPiece(): Promise<Piece | null>;
  /** These bytes will not be asked for: a stream need not keep them. Asking all the same is only dear. */
  letGo(offset: number, length: number): void;
}

/** The bytes if they are at hand. */
export function viewAt(content: Content, offset: number, length: number): Uint8Array | null {
  const piece = content.piece(offset, length);
  return piece ? piece.bytes.subarray(offset - piece.offset, offset - piece.offset + length) : null;
}

/** A file that is not compressed. */
export function plainContent(raw: RangeReader): Content {
  return {
    size: raw.size,
    piece: (offset, length) => raw.piece(offset, length),
    read: (offset, length) => raw.read(offset, length),
    lastPiece: () => Promise.resolve(raw.tail),
    letGo: () => {},
  };
}
