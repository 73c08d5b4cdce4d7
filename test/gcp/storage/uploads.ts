import { randomUUID } from 'node:crypto';
import { type Answer, type Asked, json } from '../server.ts';
import {
  type Buckets,
  checksums,
  type ObjectSettings,
  resourceOf,
  type StoredObject,
  unmetCondition,
} from './objects.ts';

/** All chunks of a resumable upload but the last are multiples of this; of others only so much is kept. */
const CHUNK = 256 * 1024;

interface Session {
  readonly bucket: string;
  readonly name: string;
  /** Of the request that opened it: the conditions hold or not when the upload ends. */
  readonly query: URLSearchParams;
  readonly settings: ObjectSettings;
  /** As the opener announced it; `null` = not said. */
  readonly size: number | null;
  readonly origin: string | null;
  received: Buffer;
  object: StoredObject | null;
}

interface Options {
  readonly buckets: Buckets;
  readonly host: () => string;
  readonly error: (status: number, message?: string) => Answer;
  /** Told of each object that was finished. */
  readonly onFinalized: (object: StoredObject) => void;
}

/** The three ways of uploading of the JSON API: media, multipart/related and resumable sessions. */
export function createUploads({ buckets, host, error, onFinalized }: Options) {
  const sessions = new Map<string, Session>();

  function finish(
    bucket: string,
    name: string,
    query: URLSearchParams,
    bytes: Buffer,
    settings: ObjectSettings & { readonly crc32c?: string; readonly md5Hash?: string },
  ): StoredObject | Answer {
    const { crc32c, md5Hash, ...kept } = settings;
    const sums = checksums(bytes);
    if (crc32c !== undefined && crc32c !== sums.crc32c)
      return error(400, `Provided CRC32C "${crc32c}" doesn't match calculated CRC32C "${sums.crc32c}".`);
    if (md5Hash !== undefined && md5Hash !== sums.md5Hash) return error(400, 'Provided MD5 does not match.');
    const unmet = unmetCondition(query, buckets.find(bucket, name));
    if (unmet !== null) return error(unmet);
    const object = buckets.put(bucket, name, bytes, kept);
    onFinalized(object);
    return object;
  }

  const answerWith = (result: StoredObject | Answer): Answer =>
    'status' in result ? result : json(200, resourceOf(result, host()));

  function begin(bucket: string, { url, headers, body }: Asked): Answer {
    const { name, ...settings } = settingsOf(body.toString());
    const path = url.searchParams.get('name') ?? name ?? '';
    if (path === '') return error(400, 'Required');
    const type = headers['x-upload-content-type'];
    const size = headers['x-upload-content-length'];
    const id = randomUUID();
    sessions.set(id, {
      ...{ bucket, name: path, query: url.searchParams, received: Buffer.alloc(0), object: null },
      settings: { ...(type === undefined ? {} : { contentType: String(type) }), ...settings },
      size: size === undefined ? null : Number(size),
      origin: headers.origin ?? null,
    });
    const query = `uploadType=resumable&name=${encodeURIComponent(path)}&upload_id=${id}`;
    const location = `http://${host()}/upload/storage/v1/b/${bucket}/o?${query}`;
    return {
      status: 200,
      headers: { location, 'x-guploader-uploadid': id, ...cors(headers.origin ?? null) },
    };
  }

  function proceed(id: string, asked: Asked): Answer {
    const session = sessions.get(id);
    if (session === undefined) return error(404, 'No such upload');
    const answer = take(session, asked);
    const withCors = { ...answer, headers: { ...answer.headers, ...cors(session.origin) } };
    if (answer.status !== 308 || asked.headers['x-guploader-no-308'] !== 'yes') return withCors;
    // Some clients' HTTP stacks take a 308 for a redirect.
    return {
      ...withCors,
      status: 200,
      headers: { ...withCors.headers, 'x-http-status-code-override': '308' },
    };
  }

  function take(session: Session, { headers, body, isWhole }: Asked): Answer {
    if (session.object !== null) return answerWith(session.object);
    const header = headers['content-range'];
    const range = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(header ?? `bytes 0-*/${body.length}`);
    if (range === null) return error(400, `Failed to parse Content-Range header: ${header}`);
    const [, first, , total] = range;
    const size = total === '*' ? null : Number(total);
    if (size !== null && session.size !== null && size !== session.size)
      return error(400, `Upload size ${size} does not match what was announced: ${session.size}`);
    if (first !== undefined) {
      const offset = Number(first);
      if (offset > session.received.length)
        return error(400, `Bytes ${session.received.length} and on are missing`);
      const bytes = Buffer.concat([session.received.subarray(0, offset), body]);
      const isLast = isWhole && (size === null ? range[2] === '*' : bytes.length === size);
      session.received = isLast ? bytes : bytes.subarray(0, bytes.length - (bytes.length % CHUNK));
      if (isLast) return end(session);
    } else if (size !== null && size === session.received.length) return end(session);
    return { status: 308, headers: rangeOf(session) };
  }

  function end(session: Session): Answer {
    const { bucket, name, query, received, settings } = session;
    const result = finish(bucket, name, query, received, settings);
    if (!('status' in result)) session.object = result;
    return answerWith(result);
  }

  return {
    post(bucket: string, asked: Asked): Answer {
      if (!buckets.has(bucket)) return error(404, 'The specified bucket does not exist.');
      const { searchParams: query } = asked.url;
      const type = query.get('uploadType');
      if (type === 'resumable') return begin(bucket, asked);
      if (type === 'media') {
        const contentType = asked.headers['content-type'] ?? 'application/octet-stream';
        return answerWith(finish(bucket, query.get('name') ?? '', query, asked.body, { contentType }));
      }
      const parts = multipartOf(asked);
      if (type !== 'multipart' || parts === null || !asked.isWhole) return error(400, 'Malformed upload.');
      const { name, ...settings } = { contentType: parts.contentType, ...settingsOf(parts.metadata) };
      return answerWith(finish(bucket, query.get('name') ?? name ?? '', query, parts.bytes, settings));
    },
    put: proceed,
    cancel(id: string): Answer {
      return sessions.delete(id) ? { status: 499 } : error(404, 'No such upload');
    },
  };
}

function rangeOf({ received }: Session): Readonly<Record<string, string>> {
  return received.length === 0 ? {} : { range: `bytes=0-${received.length - 1}` };
}

function cors(origin: string | null): Readonly<Record<string, string>> {
  if (origin === null) return {};
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'range, location' };
}

function settingsOf(text: string): ObjectSettings & {
  readonly name?: string;
  readonly crc32c?: string;
  readonly md5Hash?: string;
} {
  const { name, contentType, contentEncoding, cacheControl, metadata, crc32c, md5Hash } =
    text === '' ? {} : JSON.parse(text);
  const given = { name, contentType, contentEncoding, cacheControl, metadata, crc32c, md5Hash };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** multipart/related: the first part is the object's metadata, the second its bytes. */
function multipartOf({ headers, body }: Asked) {
  // Google's own program puts it between single quotes.
  const boundary = /boundary=(["']?)([^;]+)\1/.exec(headers['content-type'] ?? '');
  const mark = `--${boundary?.[2]}`;
  const starts: number[] = [];
  for (let at = body.indexOf(mark); at !== -1; at = body.indexOf(mark, at + mark.length)) starts.push(at);
  const [first, second, last] = starts;
  if (boundary === null || first === undefined || second === undefined || last === undefined) return null;
  const metadata = partOf(body.subarray(first + mark.length, second));
  const media = partOf(body.subarray(second + mark.length, last));
  return {
    metadata: metadata.bytes.toString(),
    bytes: media.bytes,
    contentType: /^content-type:\s*(.+)$/im.exec(media.head)?.[1]?.trim() ?? 'application/octet-stream',
  };
}

/** A line break, the headers, an empty line, the content, a line break; some clients end lines with `\n` alone. */
function partOf(part: Buffer): { readonly head: string; readonly bytes: Buffer } {
  const isCrLf = part.subarray(0, 2).toString() === '\r\n';
  const lineBreak = isCrLf ? '\r\n' : '\n';
  const at = part.indexOf(lineBreak + lineBreak);
  return {
    head: part.subarray(lineBreak.length, at).toString(),
    bytes: part.subarray(at + 2 * lineBreak.length, part.length - lineBreak.length),
  };
}
