import { gunzipSync } from 'node:zlib';
import { readRange } from '../../../services/control/http/byte-range.ts';
import type { Answer, Asked } from '../server.ts';
import { checksums, etagOf, type StoredObject } from './objects.ts';

/**
 * The bytes of an object. One that is stored with `Content-Encoding: gzip` is unpacked for callers that do not accept
 * gzip, and then has no ranges; the others get it as it is stored.
 */
export function mediaAnswer(object: StoredObject, { headers }: Asked): Answer {
  const { bytes, settings } = object;
  const isGzip = settings.contentEncoding === 'gzip';
  const about = describe(object);
  if (isGzip && !String(headers['accept-encoding'] ?? '').includes('gzip'))
    return {
      status: 200,
      headers: { ...about, warning: '214 UploadServer gunzipped' },
      body: gunzipSync(bytes),
    };
  const encoding = isGzip ? { 'content-encoding': 'gzip' } : {};
  const range = readRange(headers.range, bytes.length);
  if (range.kind === 'outside')
    return {
      status: 416,
      headers: { 'content-range': `bytes */${bytes.length}`, 'content-type': 'text/html; charset=UTF-8' },
      body: 'Requested range not satisfiable',
    };
  if (range.kind === 'whole') return { status: 200, headers: { ...about, ...encoding }, body: bytes };
  const { start, end } = range;
  return {
    status: 206,
    headers: { ...about, ...encoding, 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` },
    body: bytes.subarray(start, end),
  };
}

function describe(object: StoredObject): Readonly<Record<string, string>> {
  const { bytes, settings, generation, metageneration } = object;
  const sums = checksums(bytes);
  return {
    'content-type': settings.contentType ?? 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag: etagOf(object),
    'last-modified': new Date(object.updatedAt).toUTCString(),
    'x-goog-generation': generation,
    'x-goog-metageneration': String(metageneration),
    'x-goog-hash': `crc32c=${sums.crc32c},md5=${sums.md5Hash}`,
    'x-goog-storage-class': 'STANDARD',
    'x-goog-stored-content-encoding': settings.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': String(bytes.length),
  };
}
