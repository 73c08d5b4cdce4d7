import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createPatience, type Patience } from '../service/patience.ts';
import { refusalOf, ServiceError } from '../service/service-client.ts';
import { createStall } from '../service/stall.ts';
import { SubmitError } from './plan.ts';

/** The session is not known any more: begin a new one. */
export class SessionGone extends Error {
  override readonly name = 'SessionGone';
}

interface Put {
  /** Address of a resumable upload. */
  readonly url: string;
  readonly file: string;
  readonly size: number;
  /** False: begun by a command before. */
  readonly isNew: boolean;
  /** Tells how many bytes of the file have gone out so far; it may go back when some were lost. */
  readonly onBytes: (sent: number) => void;
  readonly patience?: Patience;
}

const GONE = 'its upload is not known any more, or was over before';
/** A question is answered within this. */
const ANSWER_MS = 60_000;
const PIECE_BYTES = 1024 * 1024;

/**
 * Sends a file to a resumable upload, from where it stands: with the protocol of Cloud Storage's sessions, 308 until
 * whole. A lost connection is taken up again. Throws `SessionGone`, `SubmitError` when the file became shorter or unreadable, or
 * `ServiceError` when it lasts too long.
 * @see https://cloud.google.com/storage/docs/performing-resumable-uploads
 */
export async function putFile(wanted: Put): Promise<void> {
  const { url, file, size, onBytes, patience = createPatience() } = wanted;
  let reached = 0;
  for (let mayBeWhole = wanted.isNew; ; ) {
    try {
      const received = await askReceived(url, size);
      // Its bytes were in the bucket once. They are not now, or nobody would send them.
      if (received === 'whole' && !mayBeWhole) throw new SessionGone(GONE);
      if (received === 'whole') return onBytes(size);
      mayBeWhole = true;
      if (received > reached) patience.reset();
      reached = Math.max(reached, received);
      onBytes(received);
      if ((await send(url, file, received, size, onBytes)) === 'whole') return onBytes(size);
    } catch (error) {
      if (!(error instanceof ServiceError) || !error.isPassing) throw error;
      if (!(await patience.wait())) throw error;
    }
  }
}

type Received = number | 'whole';

function askReceived(url: string, size: number): Promise<Received> {
  return put(url, { 'content-range': `bytes */${size}` }, null, AbortSignal.timeout(ANSWER_MS));
}

async function send(
  url: string,
  file: string,
  from: number,
  size: number,
  onBytes: (sent: number) => void,
): Promise<Received> {
  // The question about an empty file has answered it already, unless the server wants its nothing said again.
  if (size === 0) return put(url, { 'content-range': 'bytes */0' }, null, AbortSignal.timeout(ANSWER_MS));
  const stall = createStall();
  let isReadable = true;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let sent = from;
    const range = { start: from, end: size - 1, highWaterMark: PIECE_BYTES };
    try {
      for await (const piece of createReadStream(file, range)) {
        stall.touch();
        yield piece as Uint8Array;
        sent += (piece as Uint8Array).length;
        onBytes(sent);
      }
    } catch (error) {
      isReadable = false;
      throw error;
    }
    isReadable = sent === size;
  }
  try {
    const headers = {
      'content-range': `bytes ${from}-${size - 1}/${size}`,
      'content-length': `${size - from}`,
    };
    return await put(url, headers, Readable.from(pieces()), stall.signal);
  } catch (error) {
    // Not the connection's fault: trying again would only take minutes.
    if (!isReadable)
      throw new SubmitError(`${file} was changed while it was sent. Run the same command again.`);
    throw error;
  } finally {
    stall.end();
  }
}

async function put(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Readable | null,
  signal: AbortSignal,
): Promise<Received> {
  const response = await fetch(url, {
    method: 'PUT',
    headers,
    signal,
    // 308 means "go on" here, not "go elsewhere".
    redirect: 'manual',
    ...(body === null ? {} : { body: body as unknown as ReadableStream, duplex: 'half' }),
  } as RequestInit).catch((cause: unknown) => {
    throw new ServiceError(`The connection was lost (${wordsOf(cause)}).`, null, { cause });
  });
  if (response.status === 308) {
    await response.body?.cancel();
    const last = /^bytes=0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
    return last === undefined ? 0 : Number(last) + 1;
  }
  if (response.ok) {
    await response.body?.cancel();
    return 'whole';
  }
  if (response.status === 404 || response.status === 410) {
    await response.body?.cancel();
    throw new SessionGone(GONE);
  }
  throw await refusalOf(response);
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
