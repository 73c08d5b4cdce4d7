import { post, Refused, Unreachable } from '../api.ts';

/** A multiple of 256 KiB, as Cloud Storage wants it. */
const PIECE = 8 * 1024 * 1024;
const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];

interface Upload {
  readonly path: string;
  readonly blob: Blob;
  /** Tells an upload that was begun from one of other bytes. */
  readonly mark: string;
  readonly signal: AbortSignal;
  /** How many bytes are there; less than before when something had to be sent again. */
  readonly onSent: (bytes: number) => void;
  /** The connection is lost (or back). */
  readonly onConnected: (isConnected: boolean) => void;
}

/** The upload is not known there any more: it has to begin anew. */
class Forgotten extends Error {}

/**
 * Sends one file, piece by piece; goes on where it stopped after a lost connection, a closed lid or a reload of the page.
 * Throws `Refused` when the service will not have it, and when `signal` fires.
 */
export async function upload(one: Upload): Promise<void> {
  let failures = 0;
  for (;;) {
    one.signal.throwIfAborted();
    try {
      await sendAll(one, () => {
        failures = 0;
      });
      forget(one);
      return;
    } catch (error) {
      one.signal.throwIfAborted();
      if (error instanceof Forgotten) forget(one);
      else if (!isPassing(error)) throw error;
      await wantReadable(one);
      one.onConnected(!(error instanceof Unreachable));
      await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0, one.signal);
      failures += 1;
    }
  }
}

async function sendAll(one: Upload, onProgress: () => void): Promise<void> {
  const { blob, onSent, onConnected } = one;
  const known = recall(one);
  const url = known ?? (await begin(one));
  // A new upload has nothing yet, one that was begun may have any number of bytes.
  let at = known === null ? 0 : await howFar(url, one);
  while (at < blob.size || blob.size === 0) {
    onSent(at);
    const from = at;
    const answer = await put(url, one, from, (sent) => {
      onProgress();
      onConnected(true);
      onSent(from + sent);
    });
    if (answer === 'whole') break;
    at = answer;
  }
  onSent(blob.size);
}

async function begin(one: Upload): Promise<string> {
  const { url } = await post<{ readonly url: string }>('/uploads', { path: one.path, size: one.blob.size });
  remember(one, url);
  return url;
}

/** How many bytes are there already. */
async function howFar(url: string, one: Upload): Promise<number> {
  const answer = await request(url, one, null, { 'content-range': `bytes */${one.blob.size}` }, () => {});
  return answer === 'whole' ? one.blob.size : answer;
}

function put(
  url: string,
  one: Upload,
  at: number,
  onSent: (bytes: number) => void,
): Promise<number | 'whole'> {
  const end = Math.min(at + PIECE, one.blob.size);
  const headers: Record<string, string> =
    one.blob.size === 0 ? {} : { 'content-range': `bytes ${at}-${end - 1}/${one.blob.size}` };
  return request(url, one, one.blob.slice(at, end), headers, onSent);
}

/** XMLHttpRequest, since `fetch` does not tell how much of a body is sent. */
function request(
  url: string,
  { signal }: Upload,
  body: Blob | null,
  headers: Readonly<Record<string, string>>,
  onSent: (bytes: number) => void,
): Promise<number | 'whole'> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    const abort = () => call.abort();
    signal.addEventListener('abort', abort);
    const done = (settle: () => void) => {
      signal.removeEventListener('abort', abort);
      settle();
    };
    call.open('PUT', url);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.upload.onprogress = ({ loaded }) => onSent(loaded);
    call.onerror = () => done(() => reject(new Unreachable('the connection was lost')));
    call.onabort = () => done(() => reject(signal.reason));
    call.onload = () =>
      done(() => {
        if (call.status === 200 || call.status === 201) resolve('whole');
        else if (call.status === 308) resolve(receivedBytes(call.getResponseHeader('range')));
        else if (call.status === 404 || call.status === 410) reject(new Forgotten());
        else reject(refusalOf(call));
      });
    call.send(body);
  });
}

/** `bytes=0-99` is a hundred; without the header nothing is there. */
function receivedBytes(range: string | null): number {
  const last = /^bytes=0-(\d+)$/.exec(range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

function refusalOf(call: XMLHttpRequest): Refused {
  try {
    const { error } = JSON.parse(call.responseText) as { error: { message: string; action: string } };
    return new Refused(call.status, error.message, error.action);
  } catch {
    return new Refused(call.status, `The answer was ${call.status}.`, '');
  }
}

/**
 * A file that was saved, moved or removed since it was chosen cannot be read any more, which browsers call a lost
 * connection: no patience helps. Throws what to do.
 */
export async function wantReadable({ path, blob }: Pick<Upload, 'path' | 'blob'>): Promise<void> {
  try {
    await blob.slice(0, 1).arrayBuffer();
  } catch (cause) {
    throw new Error(`${path} was changed since you chose it. Choose the folder again, then send it.`, {
      cause,
    });
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof Refused && (error.status === 429 || error.status === 503 || error.status === 500);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    }
    addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}

const keyOf = ({ path, mark }: Upload) => `upload ${mark} ${path}`;

/** Kept through a reload of the page; a browser that keeps nothing begins anew. */
function recall(one: Upload): string | null {
  try {
    return localStorage.getItem(keyOf(one));
  } catch {
    return null;
  }
}

function remember(one: Upload, url: string): void {
  try {
    localStorage.setItem(keyOf(one), url);
  } catch {
    // Full or forbidden.
  }
}

function forget(one: Upload): void {
  try {
    localStorage.removeItem(keyOf(one));
  } catch {
    // Nothing was kept.
  }
}
