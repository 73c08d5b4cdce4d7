import { refusal, unreachable } from './errors.ts';

export interface HttpOptions {
  /** The manager's address; `null` = it is not up. Asked for at each request, since it changes with each farm. */
  readonly url: () => string | null | Promise<string | null>;
  readonly fetch?: typeof fetch;
  /** For a whole request; at most 10 s. */
  readonly timeoutMs?: number;
}

/** Sends one request and gives the answer's JSON, its text, or `null` for an empty one. Throws `PortError`, never retries. */
export interface Http {
  readonly get: (path: string, doing: string) => Promise<unknown>;
  readonly post: (path: string, body: unknown, doing: string) => Promise<unknown>;
  readonly delete: (path: string, doing: string) => Promise<unknown>;
}

/** A pass holds a lease while it waits, so no request may take longer. */
const longestTimeoutMs = 10_000;

/** Of a text that is no message, this many characters are told. */
const longestWords = 200;

export function createHttp(options: HttpOptions): Http {
  const timeoutMs = Math.min(options.timeoutMs ?? longestTimeoutMs, longestTimeoutMs);
  const send = async (doing: string, path: string, init: RequestInit): Promise<unknown> => {
    const base = await options.url();
    if (base === null) throw unreachable(doing, new Error('the manager is not up'));
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await exchange(options.fetch ?? fetch, `${base.replace(/\/+$/, '')}/api/v3/${path}`, {
      ...init,
      signal,
    }).catch((error: unknown) => {
      throw unreachable(doing, error);
    });
    if (answer.status >= 200 && answer.status < 300) return content(answer, doing);
    throw refusal(answer.status, doing, words(answer));
  };
  return {
    get: (path, doing) => send(doing, path, { method: 'GET' }),
    post: (path, body, doing) => send(doing, path, { method: 'POST', ...json(body) }),
    delete: (path, doing) => send(doing, path, { method: 'DELETE' }),
  };
}

interface Answer {
  readonly status: number;
  readonly isJson: boolean;
  readonly text: string;
}

async function exchange(send: typeof fetch, url: string, init: RequestInit): Promise<Answer> {
  const response = await send(url, init);
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, isJson, text: await response.text() };
}

function json(body: unknown): RequestInit {
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

function content({ isJson, text }: Answer, doing: string): unknown {
  if (text === '') return null;
  if (!isJson) return text;
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch (error) {
    throw unreachable(doing, error);
  }
}

/** Errors are `{"message": …}`, with or without a code; a proxy's may be anything. */
function words({ isJson, text }: Answer): string {
  const start = text.slice(0, longestWords);
  if (!isJson) return start;
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : start;
  } catch {
    return start;
  }
}
