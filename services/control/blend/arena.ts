import { copyOf } from './bytes.ts';

const CHUNK_BYTES = 128 * 1024;
const LARGE_BYTES = 16 * 1024;

/**
 * Copies many small things that are let go together, into few large arrays: an array of its own for each of half a
 * million bodies costs more than all the reading.
 */
export function createArena(): (bytes: Uint8Array) => Uint8Array {
  let chunk = new Uint8Array(0);
  let used = 0;
  return (bytes) => {
    if (bytes.length > LARGE_BYTES) return copyOf(bytes);
    if (used + bytes.length > chunk.length) {
      chunk = new Uint8Array(CHUNK_BYTES);
      used = 0;
    }
    chunk.set(bytes, used);
    const copy = chunk.subarray(used, used + bytes.length);
    used += bytes.length;
    return copy;
  };
}
