import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** What came of the body; less than all of it when the caller went away (`isWhole` is then false). */
  readonly body: Buffer;
  readonly isWhole: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/**
 * What goes wrong with the next requests that fit: an answer of that `status` instead of acting; no answer at all
 * (`hang`) or a closed connection (`reset`), before acting or after; half of the answer's body (`cut`), or all of it with
 * another first byte (`damage`).
 */
export type Trouble =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  | { readonly kind: 'hang' | 'reset'; readonly acts: boolean }
  | { readonly kind: 'cut' | 'damage' };

interface Fault {
  /** Is tried on `METHOD /path?query`. */
  readonly on: RegExp;
  readonly trouble: Trouble;
  times: number;
  /** Of so many requests that match, each last one; 1 = every one. */
  readonly each: number;
  seen: number;
  /** Told when it has struck. */
  readonly onStruck: () => void;
}

interface Options {
  readonly clock: { now(): number };
  readonly answer: (asked: Asked) => Answer | Promise<Answer>;
  /** What a status that was ordered looks like in this API. */
  readonly failure: (status: number) => Answer;
}

/** An API on 127.0.0.1 that remembers what it was asked and can be told to fail. */
export interface Server {
  readonly port: number;
  readonly host: string;
  /** `METHOD /path?query` of each request, in order. */
  readonly asked: readonly string[];
  readonly requests: readonly Asked[];
  /** The next `times` requests that match get into trouble; `onStruck` is told of each, once it was acted on. */
  fail(on: RegExp, trouble: Trouble, times?: number, onStruck?: () => void): void;
  /** One of `each` requests that match gets into trouble, until `mend`. */
  failSometimes(on: RegExp, trouble: Trouble, each: number): void;
  /** Ends all trouble. */
  mend(): void;
  forget(): void;
  close(): Promise<void>;
}

export async function startServer({ clock, answer, failure }: Options): Promise<Server> {
  const requests: Asked[] = [];
  const faults: Fault[] = [];

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = await readRequest(request);
    requests.push(asked);
    const fault = nextFault(faults, lineOf(asked));
    const trouble = fault?.trouble ?? null;
    if (trouble?.kind === 'status')
      return send(response, { ...failure(trouble.status), ...(trouble.body ? { body: trouble.body } : {}) });
    if ((trouble?.kind === 'hang' || trouble?.kind === 'reset') && !trouble.acts)
      return drop(response, trouble.kind);
    const given = await answer(asked);
    fault?.onStruck();
    if (trouble?.kind === 'hang' || trouble?.kind === 'reset') return drop(response, trouble.kind);
    if (trouble?.kind === 'cut') return cut(response, given);
    send(response, trouble?.kind === 'damage' ? damaged(given) : given);
  };
  const send = (response: ServerResponse, { status, headers = {}, body = '' }: Answer) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    response
      .writeHead(status, { date: new Date(clock.now()).toUTCString(), ...length, ...headers })
      .end(body);
  };
  const cut = (response: ServerResponse, { status, headers = {}, body = '' }: Answer) => {
    const whole = Buffer.from(body);
    response.writeHead(status, { ...headers, 'content-length': String(whole.length) });
    response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => response.destroy());
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      process.stderr.write(`a stand-in failed: ${error instanceof Error ? error.stack : String(error)}\n`);
      response.destroy();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    host: `127.0.0.1:${port}`,
    requests,
    get asked() {
      return requests.map(lineOf);
    },
    fail: (on, trouble, times = 1, onStruck = () => {}) =>
      void faults.push({ on, trouble, times, each: 1, seen: 0, onStruck }),
    failSometimes: (on, trouble, each) =>
      void faults.push({ on, trouble, times: Number.POSITIVE_INFINITY, each, seen: 0, onStruck: () => {} }),
    mend: () => {
      faults.length = 0;
    },
    forget: () => {
      requests.length = 0;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
    body: JSON.stringify(value),
  };
}

function lineOf({ method, url }: Asked): string {
  return `${method} ${url.pathname}${url.search}`;
}

function nextFault(faults: readonly Fault[], line: string): Fault | null {
  for (const fault of faults) {
    if (fault.times <= 0 || !fault.on.test(line)) continue;
    fault.seen += 1;
    if (fault.seen % fault.each !== 0) continue;
    fault.times -= 1;
    return fault;
  }
  return null;
}

function damaged(answer: Answer): Answer {
  const body = Buffer.from(answer.body ?? '');
  return { ...answer, body: Buffer.concat([Buffer.from(body[0] === 0x31 ? '2' : '1'), body.subarray(1)]) };
}

function drop(response: ServerResponse, kind: 'hang' | 'reset'): void {
  if (kind === 'reset') response.socket?.resetAndDestroy();
}

async function readRequest(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  let isWhole = true;
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    isWhole = false;
  }
  return {
    method: request.method ?? 'GET',
    url: new URL(request.url ?? '/', 'http://127.0.0.1'),
    headers: request.headers,
    body: Buffer.concat(chunks),
    isWhole,
  };
}
