import { type FileHandle, open, stat } from 'node:fs/promises';
import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { BlendError, type BlendTools, type ByteSource } from '../../blend/facts.ts';

/** 8 MiB, what `blend/` lets through. Frames that are one segment may have 16 MiB. */
const ZSTD_LIMITS = { params: { [constants.ZSTD_d_windowLogMax]: 24 } };
const CHUNK_BYTES = 256 * 1024;
/** Node's own lower limit. */
const SMALLEST_CHUNK = 64;

/** Node's own decompression for `readBlend`. */
export const blendTools: BlendTools = {
  inflateZstdFrame: (frame, expectedBytes) =>
    // One byte more than expected, so that a frame that is too long shows as such and not as an exact fit.
    // Room for all of it at once: growing chunk by chunk costs more than decoding.
    zstdDecompressSync(frame, {
      ...ZSTD_LIMITS,
      maxOutputLength: expectedBytes + 1,
      chunkSize: Math.max(SMALLEST_CHUNK, expectedBytes + 1),
    }),
  inflateZstdStream: (compressed) =>
    through(compressed, createZstdDecompress({ ...ZSTD_LIMITS, chunkSize: CHUNK_BYTES })),
  gunzip: (compressed) => through(compressed, createGunzip({ chunkSize: CHUNK_BYTES })),
};

/** Copies what comes in: `blend/` only lends its pieces, and a stream keeps them for longer. */
async function* copies(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield new Uint8Array(piece);
}

async function* through(
  compressed: AsyncIterable<Uint8Array>,
  decoder: Transform,
): AsyncGenerator<Uint8Array> {
  // Errors of either side arrive in the loop below; leaving the loop early ends both.
  pipeline(Readable.from(copies(compressed), { objectMode: false }), decoder, () => {});
  try {
    yield* decoder;
  } catch (cause) {
    if (isCutOff(cause)) throw new BlendError('truncated', 'the compressed file was cut off', { cause });
    throw cause;
  }
}

function isCutOff(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'Z_BUF_ERROR';
}

/** A file on this machine, which the caller closes. A folder or a pipe is `unreadable`. */
export async function fileSource(path: string): Promise<ByteSource & { close(): Promise<void> }> {
  // Before it is opened: to open a pipe waits for whoever writes into it.
  const found = await stat(path);
  if (!found.isFile())
    throw new BlendError(
      'unreadable',
      `this is a ${found.isDirectory() ? 'folder' : 'device or pipe'}, not a file`,
    );
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  return { size, read: (offset, length) => readExactly(handle, offset, length), close: () => handle.close() };
}

async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new Error('the file became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}
