import { isLetIn, type LetIn } from '../let-in.ts';
import { type Answer, type Asked, json, type Server, startServer } from '../server.ts';
import { listObjects, selectFields } from './listing.ts';
import { mediaAnswer } from './media.ts';
import {
  type Buckets,
  createBuckets,
  type ObjectSettings,
  resourceOf,
  type StoredObject,
  unmetCondition,
} from './objects.ts';
import { createUploads } from './uploads.ts';

export interface StorageStandIn extends Server {
  readonly url: string;
  /** Writes behind the callers' backs. */
  put(bucket: string, name: string, content: string | Uint8Array, settings?: ObjectSettings): StoredObject;
  remove(bucket: string, name: string): void;
  find(bucket: string, name: string): StoredObject | null;
  /** Names of all objects, sorted. */
  names(bucket: string): readonly string[];
}

interface Options {
  readonly clock?: { now(): number };
  readonly buckets?: readonly string[];
  readonly token?: LetIn;
  /** Told of each object that an upload finished: a test sends its event. */
  readonly onFinalized?: (object: StoredObject) => void;
  /** Writes of one object within a second of each other get a 429, as Google's limit says. */
  readonly limitsWrites?: boolean;
}

const REASONS: Readonly<Record<number, string>> = {
  304: 'notModified',
  400: 'invalid',
  401: 'authError',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  412: 'conditionNotMet',
  416: 'requestedRangeNotSatisfiable',
  429: 'rateLimitExceeded',
  503: 'backendError',
};

/** Google Cloud Storage's JSON API over http on 127.0.0.1, as far as its clients use it here. */
export async function startStorage({
  clock = { now: () => Date.now() },
  buckets: names = ['scenes', 'renders', 'state'],
  token = null,
  onFinalized = () => {},
  limitsWrites = false,
}: Options = {}): Promise<StorageStandIn> {
  const buckets = createBuckets(clock);
  for (const name of names) buckets.create(name);
  const host = () => `127.0.0.1:${server.port}`;
  const limit = limitsWrites ? createWriteLimit(clock) : () => false;
  const uploads = createUploads({ buckets, host, error, onFinalized });

  function answer(asked: Asked): Answer {
    // rclone stands for the cluster's mounts, which have an identity of their own.
    if (!isLetIn(token, asked.headers.authorization) && !asked.headers['user-agent']?.startsWith('rclone'))
      if (!asked.url.searchParams.has('upload_id'))
        // The address of a resumable session is its own credential.
        return error(401, 'Invalid Credentials');
    const path = asked.url.pathname;
    const upload = /^\/(?:resumable\/)?upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(path);
    if (upload !== null) return uploadAnswer(decodeURIComponent(upload[1] ?? ''), asked);
    const copy = /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)\/(rewriteTo|copyTo)\/b\/([^/]+)\/o\/([^/]+)$/.exec(
      path,
    );
    if (copy !== null && asked.method === 'POST') return copyAnswer(copy.map(decodeURIComponent), asked);
    const object = /^\/(?:download\/)?storage\/v1\/b\/([^/]+)\/o\/(.+)$/.exec(path);
    if (object !== null)
      return objectAnswer(decodeURIComponent(object[1] ?? ''), decodeURIComponent(object[2] ?? ''), asked);
    const bucket = /^\/storage\/v1\/b(?:\/([^/]+)(\/o)?)?\/?$/.exec(path);
    if (bucket === null) return error(404, 'Not Found');
    return bucketAnswer(bucket[1] ?? null, bucket[2] !== undefined, asked);
  }

  function uploadAnswer(bucket: string, asked: Asked): Answer {
    const id = asked.url.searchParams.get('upload_id');
    if (asked.method === 'OPTIONS') return preflight(asked);
    // Google's Go client sends a session's chunks by POST.
    if (['PUT', 'POST'].includes(asked.method) && id !== null) return uploads.put(id, asked);
    if (asked.method === 'DELETE' && id !== null) return uploads.cancel(id);
    if (asked.method !== 'POST') return error(400);
    const name = asked.url.searchParams.get('name');
    if (name !== null && limit(`${bucket}/${name}`)) return error(429, 'The object exceeded the rate limit.');
    return uploads.post(bucket, asked);
  }

  /** As gcsfuse and rclone rename: the object is copied within the server, then the old one is removed. */
  function copyAnswer(
    [, from = '', name = '', how, to = '', as = '']: readonly string[],
    asked: Asked,
  ): Answer {
    const source = buckets.find(from, name);
    if (source === null || !buckets.has(to)) return error(404, `No such object: ${from}/${name}`);
    const unmet = unmetCondition(asked.url.searchParams, buckets.find(to, as));
    if (unmet !== null) return error(unmet);
    const object = buckets.put(to, as, source.bytes, source.settings);
    onFinalized(object);
    const resource = resourceOf(object, host());
    if (how === 'copyTo') return json(200, resource);
    const size = String(source.bytes.length);
    return json(200, {
      ...{ kind: 'storage#rewriteResponse', done: true, resource },
      ...{ totalBytesRewritten: size, objectSize: size },
    });
  }

  function objectAnswer(bucket: string, name: string, asked: Asked): Answer {
    const { searchParams: query } = asked.url;
    const object = findVersion(buckets, bucket, name, query.get('generation'));
    const unmet = object === null && query.has('generation') ? null : unmetCondition(query, object);
    if (unmet !== null) return error(unmet);
    if (object === null) return error(404, `No such object: ${bucket}/${name}`);
    if (asked.method === 'GET' && query.get('alt') === 'media') return mediaAnswer(object, asked);
    if (asked.method === 'GET')
      return json(200, selectFields(resourceOf(object, host()), query.get('fields')));
    if (asked.method === 'PATCH')
      return json(200, resourceOf(buckets.patch(object, JSON.parse(asked.body.toString())), host()));
    if (asked.method !== 'DELETE') return error(400);
    buckets.remove(bucket, name);
    return { status: 204 };
  }

  function bucketAnswer(bucket: string | null, isListing: boolean, asked: Asked): Answer {
    const { searchParams: query } = asked.url;
    if (bucket === null && asked.method === 'POST') {
      const { name } = JSON.parse(asked.body.toString());
      if (buckets.has(name)) return error(409, 'Your previous request to create the named bucket succeeded');
      buckets.create(name);
      return json(200, bucketResource(name));
    }
    if (bucket === null)
      return json(200, { kind: 'storage#buckets', items: buckets.names().map(bucketResource) });
    if (!buckets.has(bucket)) return error(404, 'The specified bucket does not exist.');
    if (isListing)
      return json(200, selectFields(listObjects(buckets.list(bucket), query, host()), query.get('fields')));
    if (asked.method === 'DELETE') {
      buckets.removeBucket(bucket);
      return { status: 204 };
    }
    return json(200, bucketResource(bucket));
  }

  const server = await startServer({ clock, answer, failure: error });
  return Object.assign(server, {
    url: `http://${server.host}`,
    put: (bucket: string, name: string, content: string | Uint8Array, settings?: ObjectSettings) =>
      buckets.put(bucket, name, Buffer.from(content as Uint8Array), settings),
    remove: buckets.remove,
    find: buckets.find,
    names: (bucket: string) => buckets.list(bucket).map(({ name }) => name),
  });
}

function findVersion(
  buckets: Buckets,
  bucket: string,
  name: string,
  generation: string | null,
): StoredObject | null {
  const object = buckets.find(bucket, name);
  return generation === null || object?.generation === generation ? object : null;
}

function error(status: number, message = REASONS[status] ?? 'error'): Answer {
  const errors = [{ domain: 'global', reason: REASONS[status] ?? 'internalError', message }];
  return json(status, { error: { code: status, message, errors } });
}

function preflight({ headers }: Asked): Answer {
  return {
    status: 200,
    headers: {
      'access-control-allow-origin': headers.origin ?? '*',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': String(headers['access-control-request-headers'] ?? ''),
    },
  };
}

function bucketResource(name: string): Readonly<Record<string, unknown>> {
  return {
    ...{ kind: 'storage#bucket', id: name, name, projectNumber: '1', location: 'EUROPE-WEST1' },
    ...{ storageClass: 'STANDARD', metageneration: '1', etag: 'CAE=', locationType: 'region' },
    ...{ timeCreated: '2026-11-01T00:00:00.000Z', updated: '2026-11-01T00:00:00.000Z' },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
  };
}

/** Whether this object was written less than a second ago. */
function createWriteLimit(clock: { now(): number }): (object: string) => boolean {
  const writtenAt = new Map<string, number>();
  return (object) => {
    const last = writtenAt.get(object);
    if (last !== undefined && clock.now() - last < 1000) return true;
    writtenAt.set(object, clock.now());
    return false;
  };
}
