import { createReadStream } from 'node:fs';
import { crc32c } from '@node-rs/crc32';

interface Known {
  readonly generation: string;
  readonly crc32c: string;
}

interface Options {
  /** The generation that the file has now; `null` = it is gone. */
  readonly generationOf: (path: string) => Promise<string | null>;
}

/** Large enough that a terabyte needs no million calls, small enough to let the loop breathe. */
const CHUNK_BYTES = 1024 * 1024;

/** Checksums of files, computed one after the other in the background and remembered for their generation. */
export function createChecksums({ generationOf }: Options) {
  const known = new Map<string, Known>();
  const wanted = new Map<string, { readonly file: string; readonly generation: string }>();
  let isWorking = false;

  async function work(): Promise<void> {
    isWorking = true;
    for (const [path, { file, generation }] of wanted) {
      const crc = await crc32cOfFile(file).catch(() => null);
      const isSame = crc !== null && (await generationOf(path).catch(() => null)) === generation;
      if (isSame) known.set(path, { generation, crc32c: crc });
      // What could not be read, or has changed, is asked for again by whoever still wants it.
      if (wanted.get(path)?.generation === generation) wanted.delete(path);
    }
    isWorking = false;
  }

  return {
    known(path: string, generation: string): string | null {
      const found = known.get(path);
      return found?.generation === generation ? found.crc32c : null;
    },

    /** Has it computed soon. Asking again is harmless. */
    want(path: string, file: string, generation: string): void {
      if (wanted.get(path)?.generation === generation) return;
      wanted.set(path, { file, generation });
      if (!isWorking) void work();
    },
  };
}

/** CRC-32C, base64 of the big-endian 4 bytes, as Cloud Storage writes it. */
async function crc32cOfFile(file: string): Promise<string> {
  let sum = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) sum = crc32c(chunk, sum);
  const four = Buffer.alloc(4);
  four.writeUInt32BE(sum);
  return four.toString('base64');
}
