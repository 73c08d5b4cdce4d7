import type { Renders } from '../../ports/buckets.ts';
import { PortError } from '../../ports/errors.ts';
import { isObjectName, listObjects, readObject, writeObject } from './objects.ts';
import type { OpenBucket } from './storage-client.ts';

interface Options {
  readonly openBucket: OpenBucket;
  readonly bucket: string;
}

/** The renders bucket in Cloud Storage. */
export function createCloudRenders({ openBucket, bucket }: Options): Renders {
  return {
    list: async (prefix) => listObjects(await openBucket(bucket), { prefix }),

    read: async (path, offset, length) => {
      if (!isObjectName(path)) throw new PortError('notFound', `reading ${path}`);
      if (length === 0) return new Uint8Array();
      return (await readObject((await openBucket(bucket)).file(path), { offset, length })).bytes;
    },

    write: async (path, bytes, contentType) => {
      if (!isObjectName(path)) throw new PortError('invalid', `writing ${path}`);
      await writeObject((await openBucket(bucket)).file(path), bytes, { contentType });
    },
  };
}
