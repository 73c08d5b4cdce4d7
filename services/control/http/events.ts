import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { recordUpload } from './command-records.ts';
import type { AppDeps } from './deps.ts';
import { sendError, statusOf } from './errors.ts';
import { readEvent } from './event-message.ts';
import { wantMachine } from './machines.ts';
import { pathProblem } from './object-paths.ts';

/** Pub/Sub messages have at most 10 MB; an object's metadata 8 KiB and a bit. */
const MAX_EVENT_BYTES = 1024 * 1024;

/** Pieces of parallel uploads, and what gcsfuse writes before it composes: never the thing itself. */
const PARTS = /(^|\/)(gcloud\/tmp|gsutil\/tmp|\.?gcsfuse_tmp|_tmp)\//;

const farmMemory = z.looseObject({ openRuns: z.array(z.string()) });

/**
 * `POST /events/storage`: something was uploaded. Writes it down, kicks the tick and is done. What can never be
 * understood is logged and acknowledged, or it would be sent again for a week; what failed for a passing reason is
 * answered 503, so that it is sent again.
 */
export async function eventRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  if (deps.machines !== undefined) wantMachine(app, deps.machines.identity, deps.machines.eventsAccount);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ['application/json', 'application/cloudevents+json'],
    { parseAs: 'string', bodyLimit: MAX_EVENT_BYTES },
    async (_request: unknown, body: unknown) => body,
  );
  app.setErrorHandler((error: Error, request, reply) => {
    const isForGood = [400, 413].includes(statusOf(error));
    if (!isForGood) return sendError(error, request, reply);
    request.log.warn({ err: error }, 'event dropped');
    return reply.code(204).send();
  });

  app.post('/events/storage', async (request, reply) => {
    const event = readEvent(request.headers, String(request.body ?? ''));
    if (event.kind !== 'uploaded') {
      request.log[event.kind === 'bad' ? 'warn' : 'debug']({ why: event.why }, 'event dropped');
      return reply.code(204).send();
    }
    const problem = pathProblem(event.path);
    if (problem !== null) request.log.warn({ path: event.path.slice(0, 200), problem }, 'event dropped');
    else if (await matters(deps, event.path)) await recordUpload(deps, event.path, event.generation);
    return reply.code(204).send();
  });
}

/** A shot, its settings, or anything at all while a run is open: it may be the texture that it waits for. */
async function matters(deps: AppDeps, path: string): Promise<boolean> {
  if (PARTS.test(path)) return false;
  if (/\.(blend|render\.json)$/i.test(path)) return true;
  try {
    const memory = farmMemory.safeParse((await deps.records.read('farm.json'))?.value);
    return !memory.success || memory.data.openRuns.length > 0;
  } catch {
    // Unknown is not "no": one look too many costs less than a shot that waits for ever.
    return true;
  }
}
