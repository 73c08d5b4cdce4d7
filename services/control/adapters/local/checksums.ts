import { crcOf } from './upload-file.ts';

interface Known {
  readonly generation: string;
  readonly crc32c: string;
}

interface Options {
  /** The generation that the file has now; `null` = it is gone. */
  readonly generationOf: (path: string) => Promise<string | null>;
}

/** Checksums of files, computed one after the other in the background and remembered for their generation. */
export function createChecksums({ generationOf }: Options) {
  const known = new Map<string, Known>();
  const wanted = new Map<string, { readonly file: string; readonly generation: string }>();
  let isWorking = false;

  async function work(): Promise<void> {
    isWorking = true;
    for (const [path, { file, generation }] of wanted) {
      const crc = await crcOf(file).catch(() => null);
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
