import type { IncomingHttpHeaders } from 'node:http';
import { parse } from 'yaml';
import type { KubeObject } from './objects.ts';

/** What a client sent: JSON, YAML, or the protobuf of Go's typed clients, of which Secrets and Namespaces are read. */
export function readBody(headers: IncomingHttpHeaders, body: Buffer): KubeObject {
  if (headers['content-type']?.includes('protobuf')) return readProtobuf(body);
  return parse(body.toString());
}

/** Field numbers of k8s.io/api's generated messages. */
const UNKNOWN = { type: 1, raw: 2 };
const TYPE = { kind: 2 };
const OBJECT = { metadata: 1, data: 2, type: 3 };
const METADATA = { name: 1, namespace: 3, labels: 11 };
const ENTRY = { key: 1, value: 2 };
const MAGIC = 4;

function readProtobuf(body: Buffer): KubeObject {
  const unknown = fields(body.subarray(MAGIC));
  const kind = text(fields(bytes(unknown, UNKNOWN.type)), TYPE.kind);
  const object = fields(bytes(unknown, UNKNOWN.raw));
  const metadata = fields(bytes(object, OBJECT.metadata));
  const namespace = text(metadata, METADATA.namespace);
  const common = {
    kind,
    metadata: {
      name: text(metadata, METADATA.name),
      ...(namespace !== '' && { namespace }),
      labels: entries(metadata, METADATA.labels, 'utf8'),
    },
  };
  if (kind !== 'Secret') return common;
  return { ...common, data: entries(object, OBJECT.data, 'base64'), type: text(object, OBJECT.type) };
}

type Fields = ReadonlyMap<number, readonly Buffer[]>;

/** Every field with a length, by its number; numbers are skipped. */
function fields(message: Buffer): Fields {
  const found = new Map<number, Buffer[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at] ?? 0;
      at += 1;
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const length = varint();
    if (tag % 8 !== 2) continue;
    const number = Math.floor(tag / 8);
    found.set(number, [...(found.get(number) ?? []), message.subarray(at, at + length)]);
    at += length;
  }
  return found;
}

function bytes(from: Fields, number: number): Buffer {
  return from.get(number)?.[0] ?? Buffer.alloc(0);
}

function text(from: Fields, number: number): string {
  return bytes(from, number).toString();
}

function entries(from: Fields, number: number, encoding: 'utf8' | 'base64'): Record<string, string> {
  const pairs = (from.get(number) ?? []).map(fields);
  return Object.fromEntries(
    pairs.map((pair) => [text(pair, ENTRY.key), bytes(pair, ENTRY.value).toString(encoding)]),
  );
}
