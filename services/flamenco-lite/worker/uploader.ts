import { readFile } from 'node:fs/promises';
import type { Client } from './client.ts';

const pngStart = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
const jpegStart = Buffer.from([0xff, 0xd8, 0xff]);

/** Sends pictures to the manager, one at a time; of those that wait only the newest is kept. */
export interface Uploader {
  readonly add: (taskId: string, path: string) => void;
}

/**
 * Flamenco's worker makes each picture a JPEG first. We send JPEG and PNG as they are and leave out the others: the
 * manager takes both. What fails is told to `say` only: a missing preview is no reason to fail a task.
 */
export function createUploader(client: Client, say: (line: string) => void): Uploader {
  let waiting: (() => Promise<void>) | null = null;
  let isBusy = false;
  const work = async () => {
    isBusy = true;
    while (waiting !== null) {
      const next = waiting;
      waiting = null;
      await next().catch((error: unknown) => say(`picture not sent: ${error}`));
    }
    isBusy = false;
  };
  return {
    add: (taskId, path) => {
      waiting = () => upload(client, taskId, path);
      if (!isBusy) void work();
    },
  };
}

async function upload(client: Client, taskId: string, path: string): Promise<void> {
  const image = await readFile(path);
  const mediaType = mediaTypeOf(image);
  if (mediaType === null) return;
  const { status } = await client.postImage(`task/${taskId}/output-produced`, mediaType, image);
  if (status !== 202) throw new Error(`the manager answered ${status}`);
}

function mediaTypeOf(image: Buffer): string | null {
  if (image.subarray(0, pngStart.length).equals(pngStart)) return 'image/png';
  return image.subarray(0, jpegStart.length).equals(jpegStart) ? 'image/jpeg' : null;
}
