import { Decompress } from 'fzstd';
import type { BlendTools, ByteSource } from '../../control/blend/facts.ts';

/** What a browser has for `readBlend`: its own gzip, and Zstandard in JavaScript (few browsers have that yet). */
export const blendTools: BlendTools = {
  inflateZstdFrame: (frame, expectedBytes) => {
    // Given a buffer, `decompress` returns all of it, however little was written: only the stream tells the length.
    const all = new Uint8Array(expectedBytes);
    let length = 0;
    const decoder = new Decompress((piece) => {
      if (length + piece.length > expectedBytes) throw new Error('the frame holds more than it says');
      all.set(piece, length);
      length += piece.length;
    });
    decoder.push(frame.slice(), true);
    return all.subarray(0, length);
  },
  async *inflateZstdStream(compressed) {
    let out: Uint8Array[] = [];
    // It keeps what it was given, and hands out what it keeps: both are copied.
    const decoder = new Decompress((piece) => out.push(piece.slice()));
    for await (const piece of compressed) {
      decoder.push(piece.slice());
      yield* out;
      out = [];
    }
    decoder.push(new Uint8Array(0), true);
    yield* out;
  },
  async *gunzip(compressed) {
    const iterator = compressed[Symbol.asyncIterator]();
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(value.slice());
      },
    });
    yield* source.pipeThrough(new DecompressionStream('gzip'));
  },
};

/** Slices of a chosen file. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}
