import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { crc32c } from '@node-rs/crc32';
import { PortError } from '../../ports/errors.ts';
import { isAbsent } from './file-errors.ts';

interface Append {
  readonly offset: number;
  /** The whole upload has so many bytes; a body that goes beyond is refused. */
  readonly limit: number;
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

const CHUNK_BYTES = 1024 * 1024;

/** 0 when there is no file yet. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isAbsent(error)) return 0;
    throw error;
  }
}

/**
 * Writes `body` at `offset` and cuts off what was there; returns the size afterwards. When the body breaks off, or the
 * signal ends it, what came so far is kept and the rest may be sent later.
 */
export async function appendTo(path: string, { offset, limit, body, signal }: Append): Promise<number> {
  await using file = await open(path, offset === 0 ? 'w' : 'r+');
  let at = offset;
  for await (const piece of untilBroken(body, signal)) {
    if (at + piece.length > limit) {
      await file.truncate(offset);
      throw new PortError('invalid', `receiving more than the ${limit} bytes that were announced`);
    }
    let written = 0;
    while (written < piece.length) {
      const { bytesWritten } = await file.write(piece, written, piece.length - written, at + written);
      written += bytesWritten;
    }
    at += piece.length;
  }
  if (at === limit) await file.datasync();
  return at;
}

/** CRC-32C of a file, base64 of the big-endian 4 bytes. */
export async function crcOf(path: string): Promise<string> {
  let sum = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) sum = crc32c(chunk, sum);
  const four = Buffer.alloc(4);
  four.writeUInt32BE(sum);
  return four.toString('base64');
}

/** A lost connection is the usual end of a piece, not a failure. */
async function* untilBroken(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  const ended = new Promise<'ended'>((resolve) => {
    if (signal.aborted) resolve('ended');
    signal.addEventListener('abort', () => resolve('ended'), { once: true });
  });
  for (;;) {
    const next = await Promise.race([iterator.next().catch(() => 'ended' as const), ended]);
    if (next === 'ended' || next.done === true) break;
    yield next.value;
  }
  // Lets go of the request, without waiting for a peer that may be gone.
  void iterator.return?.().catch(() => undefined);
}
