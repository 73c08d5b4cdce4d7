import type { Scenes } from '../../ports/buckets.ts';
import { isPortError, PortError } from '../../ports/errors.ts';
import { isObjectName, listObjects, lookAtObject, readObject } from './objects.ts';
import type { OpenBucket } from './storage-client.ts';

interface Options {
  readonly openBucket: OpenBucket;
  readonly bucket: string;
}

/** Shots and their settings files. In Google's globs `**` goes over slashes; nothing makes them ignore the case. */
const SHOTS = '**.{blend,Blend,BLEND,render.json}';
/** The pieces of a parallel upload lie in the same bucket until they are composed. */
const PIECES = /^(gcloud|gsutil)\/tmp\//;

/** The scenes bucket in Cloud Storage. An object there is whole from the moment on at which it can be seen. */
export function createCloudScenes({ openBucket, bucket }: Options): Scenes {
  return {
    list: async () => {
      const objects = await listObjects(await openBucket(bucket), { matchGlob: SHOTS });
      return objects.filter(({ path }) => !PIECES.test(path));
    },

    look: async (path) => (isObjectName(path) ? lookAtObject((await openBucket(bucket)).file(path)) : null),

    listUnder: async (prefix, { isDeep, limit }) => {
      const query = isDeep ? { prefix } : { prefix, delimiter: '/' };
      const objects = await listObjects(await openBucket(bucket), query, limit);
      return { objects: objects.slice(0, limit), isWhole: objects.length <= limit };
    },

    read: async (path, generation, offset, length) => {
      const doing = `reading ${path} of generation ${generation}`;
      if (!isObjectName(path)) throw new PortError('notFound', doing);
      const file = (await openBucket(bucket)).file(path, { generation });
      if (length === 0) return new Uint8Array();
      try {
        return (await readObject(file, { offset, length })).bytes;
      } catch (error) {
        throw isPortError(error, 'notFound') ? new PortError('notFound', doing, { cause: error }) : error;
      }
    },
  };
}
