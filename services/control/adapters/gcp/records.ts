import type { File } from '@google-cloud/storage';
import { isPortError, PortError } from '../../ports/errors.ts';
import type { Records } from '../../ports/records.ts';
import { deleteObject, isObjectName, listObjects, readObject, writeObject } from './objects.ts';
import type { OpenBucket } from './storage-client.ts';
import type { WritePace } from './write-pace.ts';

interface Options {
  readonly openBucket: OpenBucket;
  readonly bucket: string;
  readonly pace: WritePace;
}

const ABSENT = '0';

/** Records as objects of the state bucket: Cloud Storage's generations are the compare-and-set. */
export function createCloudRecords({ openBucket, bucket, pace }: Options): Records {
  async function fileOf(name: string): Promise<File> {
    if (!isObjectName(name)) throw new PortError('invalid', `a record named ${JSON.stringify(name)}`);
    return (await openBucket(bucket)).file(name);
  }

  async function write(name: string, value: unknown, ifGeneration?: string): Promise<string> {
    const file = await fileOf(name);
    const bytes = Buffer.from(JSON.stringify(value));
    const condition = ifGeneration === undefined ? {} : { ifGeneration };
    return pace(name, () => writeObject(file, bytes, { contentType: 'application/json', ...condition }));
  }

  return {
    read: async (name) => {
      const file = await fileOf(name);
      try {
        const { bytes, generation } = await readObject(file, null);
        return { value: parse(name, bytes), generation };
      } catch (error) {
        if (isPortError(error, 'notFound')) return null;
        throw error;
      }
    },
    create: (name, value) => write(name, value, ABSENT),
    replace: (name, value, ifGeneration) => write(name, value, ifGeneration),
    overwrite: async (name, value) => {
      await write(name, value);
    },
    delete: async (name) => deleteObject(await fileOf(name)),
    list: async (prefix) => {
      const objects = await listObjects(await openBucket(bucket), { prefix });
      return objects.map(({ path }) => path).sort();
    },
  };
}

function parse(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new PortError('invalid', `reading ${name}`, { cause });
  }
}
