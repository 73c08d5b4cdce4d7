/** What went wrong with a call to Tablao's service, in words for the person at the terminal. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** HTTP status; `null` = nobody answered. */
  readonly status: number | null;

  constructor(message: string, status: number | null, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }

  /** The same call may go well a little later. */
  get isPassing(): boolean {
    return this.status === null || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Calls Tablao's routes. All methods throw `ServiceError`. */
export interface ServiceClient {
  /** Without a slash at the end. */
  readonly url: string;
  /** The JSON that a route answers with; the caller knows its shape from the route's own description. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** The answer as it is, for bytes; the caller looks at its status. */
  open(path: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Response>;
}

interface Options {
  /** Where the page is: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; `null` = none is wanted. */
  readonly token: string | null;
}

/** A route that takes longer has lost its server. */
const CALL_MS = 60_000;

/** Throws `ServiceError` when `url` is none. */
export function createServiceClient(options: Options): ServiceClient {
  const url = baseOf(options.url);
  const authorization: Readonly<Record<string, string>> =
    options.token === null ? {} : { authorization: `Bearer ${options.token}` };

  async function call(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${url}${path}`, {
        ...init,
        headers: { ...authorization, ...(init.headers as Record<string, string> | undefined) },
      });
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'AbortError') throw cause;
      throw new ServiceError(
        `Tablao does not answer at ${url} (${reasonOf(cause)}). Start it (npm start), or say where it is: --url, or TABLAO_URL.`,
        null,
        { cause },
      );
    }
  }

  async function json<T>(path: string, init: RequestInit): Promise<T> {
    const response = await call(path, { ...init, signal: AbortSignal.timeout(CALL_MS) });
    if (!response.ok) throw await refusalOf(response);
    const text = await response.text().catch((cause: unknown) => {
      throw new ServiceError(`The connection to ${url} was lost (${reasonOf(cause)}).`, null, { cause });
    });
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      const said = `What answers at ${url} is not Tablao, or a page to sign in at before it. Check --url or TABLAO_URL.`;
      throw new ServiceError(said, response.status, { cause });
    }
  }

  return {
    url,
    get: (path) => json(path, {}),
    post: (path, body) =>
      json(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    open: (path, headers, signal) => call(path, { headers, ...(signal === undefined ? {} : { signal }) }),
  };
}

/** What the service said about a call that it refused: its sentence and its advice. */
export async function refusalOf(response: Response): Promise<ServiceError> {
  const said = (await response.json().catch(() => null)) as {
    readonly error?: { readonly message?: unknown; readonly action?: unknown };
  } | null;
  const { message, action } = said?.error ?? {};
  if (typeof message === 'string')
    return new ServiceError([message, action].filter(Boolean).join(' '), response.status);
  const advice =
    response.status === 401 || response.status === 403
      ? ' You are not let in: open it with npm run proxy, or give a token in TABLAO_TOKEN.'
      : '';
  return new ServiceError(`The service answered ${response.status}.${advice}`, response.status);
}

function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ServiceError(`"${text}" is no address. Write it like http://127.0.0.1:8080.`, null);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** `fetch` hides what happened in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error.name === 'TimeoutError' ? 'no answer in time' : error.message;
}
