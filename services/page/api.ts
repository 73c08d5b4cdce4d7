/** What the service has to say against something. */
export class Refused extends Error {
  readonly status: number;
  readonly action: string;

  constructor(status: number, message: string, action: string) {
    super(message);
    this.status = status;
    this.action = action;
  }
}

/** The service did not answer at all. */
export class Unreachable extends Error {}

interface ErrorBody {
  readonly error?: { readonly message?: string; readonly action?: string };
}

/** By it Identity-Aware Proxy sees that no person follows a redirect: it answers 401 when the session is over. */
export const FROM_A_SCRIPT = { 'x-requested-with': 'XMLHttpRequest' };

/** Asks for JSON. Throws `Refused` or `Unreachable`. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answerOf<T>(await send(path, signal === undefined ? {} : { signal }));
}

/** Sends what a person wants. Throws `Refused` or `Unreachable`. */
export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  return answerOf<T>(await send(path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function send(path: string, init: Asked): Promise<Response> {
  try {
    return await fetch(path, { cache: 'no-store', ...init, headers: { ...FROM_A_SCRIPT, ...init.headers } });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new Unreachable('The service does not answer.', { cause });
  }
}

type Asked = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

async function answerOf<T>(response: Response): Promise<T> {
  const body = (await response.json().catch(() => ({}))) as T & ErrorBody;
  if (response.ok) return body;
  const { message = `The service answered ${response.status}.`, action = '' } = body.error ?? {};
  throw new Refused(response.status, message, action);
}

/** For people: what went wrong, and what to do about it. */
export function problemText(error: unknown): string {
  if (error instanceof Refused) return `${error.message} ${error.action}`.trim();
  if (error instanceof Unreachable) return 'The service does not answer. Try again in a moment.';
  return error instanceof Error ? error.message : String(error);
}
