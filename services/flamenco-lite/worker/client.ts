import type { Credentials } from './credentials.ts';

export interface Answer {
  readonly status: number;
  /** Parsed when it is JSON; else the text. */
  readonly body: unknown;
}

/** The manager's worker API. Every method throws when no answer came. */
export interface Client {
  readonly post: (path: string, body?: unknown, signal?: AbortSignal) => Promise<Answer>;
  readonly get: (path: string, signal?: AbortSignal) => Promise<Answer>;
  readonly postImage: (path: string, mediaType: string, image: Buffer) => Promise<Answer>;
}

/**
 * Flamenco's worker waits for an answer for ever; ours gives up after this long, so that a hanging connection ends like
 * a lost one.
 */
const requestTimeoutMs = 30_000;

export function createClient(managerUrl: string, credentials: Credentials | null): Client {
  const authorization = credentials === null ? {} : { authorization: basic(credentials) };
  const send = async (
    method: string,
    path: string,
    more: RequestInit,
    signal?: AbortSignal,
  ): Promise<Answer> => {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    const response = await fetch(`${managerUrl}/api/v3/worker/${path}`, {
      ...more,
      method,
      headers: { ...authorization, ...more.headers },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    return { status: response.status, body: parsed(await response.text()) };
  };
  return {
    post: (path, body, signal) => send('POST', path, body === undefined ? {} : jsonBody(body), signal),
    get: (path, signal) => send('GET', path, {}, signal),
    postImage: (path, mediaType, image) =>
      send('POST', path, { body: new Uint8Array(image), headers: { 'content-type': mediaType } }),
  };
}

/** One field of an answer, when it is a text. */
export function textField(answer: Answer, name: string): string | null {
  if (typeof answer.body !== 'object' || answer.body === null) return null;
  const value = (answer.body as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : null;
}

function jsonBody(body: unknown): RequestInit {
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

function basic({ workerId, secret }: Credentials): string {
  return `Basic ${Buffer.from(`${workerId}:${secret}`).toString('base64')}`;
}
