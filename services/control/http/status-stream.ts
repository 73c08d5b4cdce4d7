import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Refusal } from './errors.ts';
import type { LongLived } from './long-lived.ts';
import { isMoving, type StatusSeen } from './status-reader.ts';

interface Options {
  readonly readStatus: () => Promise<StatusSeen>;
  readonly longLived: LongLived;
}

const LOOK_EVERY_MS = 1000;
/** A stream keeps an instance of the service alive, and paid for. */
const LASTS_MS = 5 * 60_000;
const MAX_STREAMS = 50;

/**
 * `GET /status/stream`: server-sent events, one a changed status, only while things move. At rest it is answered 204,
 * which tells an `EventSource` not to come back; the page polls then.
 */
export async function streamRoutes(app: FastifyInstance, { readStatus, longLived }: Options): Promise<void> {
  app.get('/status/stream', async (request, reply) => {
    const status = await readStatus();
    if (!isMoving(status.document)) return reply.code(204).send();
    if (longLived.count >= MAX_STREAMS)
      throw new Refusal(
        503,
        'tooManyStreams',
        'Too many are watching at once.',
        'Ask /status now and then instead.',
      );
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const untrack = longLived.track(reply.raw);
    await follow(reply.raw, status, readStatus)
      .catch((err: unknown) => request.log.warn({ err }, 'status stream failed'))
      .finally(() => {
        untrack();
        reply.raw.end();
      });
    return reply;
  });
}

function follow(
  raw: ServerResponse,
  first: StatusSeen,
  readStatus: () => Promise<StatusSeen>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = first.etag;
    let isReading = false;
    const stop = (): void => {
      clearInterval(looking);
      clearTimeout(ending);
      resolve();
    };
    const look = async (): Promise<void> => {
      if (isReading) return;
      isReading = true;
      const status = await readStatus();
      isReading = false;
      if (status.etag !== last && !raw.writableNeedDrain) {
        last = status.etag;
        send(raw, status);
      }
      if (!isMoving(status.document)) stop();
    };
    const fail = (error: unknown): void => {
      stop();
      reject(error);
    };
    const looking = setInterval(() => look().catch(fail), LOOK_EVERY_MS);
    const ending = setTimeout(stop, LASTS_MS);
    raw.on('close', stop).on('error', stop);
    send(raw, first);
  });
}

function send(raw: ServerResponse, status: StatusSeen): void {
  raw.write(`id: ${status.etag.replaceAll('"', '')}\ndata: ${status.json}\n\n`);
}
