import { PortError } from '../../ports/errors.ts';
import type { Uploads } from '../../ports/uploads.ts';
import { cloudWork } from './errors.ts';
import { isObjectName, SENT_BY } from './objects.ts';
import type { OpenBucket } from './storage-client.ts';

interface Options {
  readonly openBucket: OpenBucket;
  readonly bucket: string;
}

/**
 * Opens Cloud Storage's own resumable sessions: the bytes do not go through this service. The address lives for a week
 * and is all that is needed to write that one object, so it is never logged.
 */
export function createCloudUploads({ openBucket, bucket }: Options): Uploads {
  return {
    begin: async (path, size, origin, by = null) => {
      const doing = `opening an upload of ${path}`;
      if (!isObjectName(path)) throw new PortError('invalid', doing);
      const file = (await openBucket(bucket)).file(path);
      // Without the origin a browser may not read the answers of the session.
      const options = {
        origin,
        metadata: {
          contentLength: size,
          contentType: 'application/octet-stream',
          ...(by !== null && { metadata: { [SENT_BY]: by } }),
        },
      };
      const [url] = await cloudWork(doing, () => file.createResumableUpload(options));
      return { url };
    },
  };
}
