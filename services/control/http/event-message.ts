import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

/** What an event says; `ignored` = nothing that is about a finished upload; `bad` = it will never be understood. */
export type EventRead =
  | { readonly kind: 'uploaded'; readonly path: string; readonly generation: string | null }
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'bad'; readonly why: string };

const FINALIZED = 'google.cloud.storage.object.v1.finalized';

const objectResource = z.looseObject({
  name: z.string(),
  generation: z.union([z.string(), z.number()]).transform(String).optional(),
});

const pushBody = z.looseObject({
  message: z.looseObject({
    data: z.string().optional(),
    attributes: z.record(z.string(), z.string()).default({}),
  }),
});

const structuredBody = z.looseObject({ type: z.string(), data: z.unknown() });

/** Understands a Pub/Sub push and a CloudEvent, binary (`ce-` headers) or structured. */
export function readEvent(headers: IncomingHttpHeaders, text: string): EventRead {
  const body = parseJson(text);
  if (body === undefined) return bad('the body is no JSON');
  const type = headers['ce-type'];
  if (typeof type === 'string') return readCloudEvent(type, body);
  const push = pushBody.safeParse(body);
  if (push.success) return readPush(push.data.message);
  const structured = structuredBody.safeParse(body);
  if (structured.success) return readCloudEvent(structured.data.type, structured.data.data);
  return bad('neither a Pub/Sub push nor a CloudEvent');
}

function readCloudEvent(type: string, data: unknown): EventRead {
  if (type !== FINALIZED) return { kind: 'ignored', why: `event type ${type.slice(0, 100)}` };
  return readResource(data);
}

function readPush({ attributes, data }: z.output<typeof pushBody>['message']): EventRead {
  const { eventType, objectId, objectGeneration } = attributes;
  if (eventType !== undefined && eventType !== 'OBJECT_FINALIZE')
    return { kind: 'ignored', why: `event type ${eventType.slice(0, 100)}` };
  if (objectId !== undefined)
    return { kind: 'uploaded', path: objectId, generation: objectGeneration ?? null };
  return readResource(data === undefined ? undefined : parseJson(Buffer.from(data, 'base64').toString()));
}

function readResource(data: unknown): EventRead {
  const parsed = objectResource.safeParse(data);
  if (!parsed.success) return bad('it names no object');
  return { kind: 'uploaded', path: parsed.data.name, generation: parsed.data.generation ?? null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bad(why: string): EventRead {
  return { kind: 'bad', why };
}
