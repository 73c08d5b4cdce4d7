import { resourceOf, type StoredObject } from './storage/objects.ts';

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TYPE = 'google.cloud.storage.object.v1.finalized';

/** What Eventarc sends of an object that has been written: attributes as headers (`binary`) or all in the body. */
export function cloudEvent(object: StoredObject, mode: 'binary' | 'structured', id = '1'): Sent {
  const { bucket, name, createdAt } = object;
  const data = resourceOf(object, 'www.googleapis.com');
  const attributes = {
    ...{
      id,
      specversion: '1.0',
      type: TYPE,
      source: `//storage.googleapis.com/projects/_/buckets/${bucket}`,
    },
    ...{ subject: `objects/${name}`, time: new Date(createdAt).toISOString(), bucket },
  };
  if (mode === 'structured')
    return {
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({ ...attributes, datacontenttype: 'application/json', data }),
    };
  const headers = Object.entries(attributes).map(([key, value]) => [`ce-${key}`, encodeHeader(value)]);
  return {
    headers: { ...Object.fromEntries(headers), 'content-type': 'application/json' },
    body: JSON.stringify(data),
  };
}

/** The HTTP binding of CloudEvents: what is not printable ASCII is percent-encoded UTF-8. */
function encodeHeader(value: string): string {
  return value.replaceAll(/[^\x21-\x7e]|["%]/gu, (letter) => encodeURIComponent(letter));
}
