import type { Renders } from '../ports/buckets.ts';
import { PortError } from '../ports/errors.ts';

/** Thumbnails and most frames fit into one read, which then tells the size, too. */
export const PIECE_BYTES = 1024 * 1024;
/** Cloud Run refuses an answer that says it is longer than 32 MiB; one that is streamed in chunks may have any length. */
export const MAX_ANNOUNCED_BYTES = 31 * 1024 * 1024;

/** Bytes `[start, end)` of an object, read as they are taken. Throws when it has become shorter meanwhile. */
export async function* piecesOf(
  renders: Pick<Renders, 'read'>,
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const piece = await renders.read(path, at, Math.min(PIECE_BYTES, end - at));
    // It was written anew and is shorter now: what was promised can't be sent, so the connection breaks off.
    if (piece.length === 0) throw new PortError('transient', `reading ${path} to its end`);
    at += piece.length;
    yield piece;
  }
}
