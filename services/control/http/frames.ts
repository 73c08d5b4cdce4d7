import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { parseFrames } from '../core/frames.ts';
import { NEW_RUN, type RunRecord, recordPath, rendersFolder } from '../core/run.ts';
import { isPortError } from '../ports/errors.ts';
import type { AppDeps } from './deps.ts';
import { Refusal } from './errors.ts';
import { noSuchRun, runId } from './status.ts';

/** A page shows no more at a time. */
const MAX_FRAMES = 500;
const AT_ONCE = 16;
/** A record with a long log is some kilobytes. */
const MAX_RECORD_BYTES = 256 * 1024;

/** What the kit wrote of a frame. Workers write it: what does not fit is left out, as if there were none. */
const frameRecord = z.object({
  frame: z.int(),
  run: z.string(),
  state: z.enum(['rendering', 'done', 'failed']),
  attempt: z.number().optional(),
  worker: z.string().optional(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  seconds: z.number().optional(),
  loadSeconds: z.number().optional(),
  peakMemoryMiB: z.number().optional(),
  device: z.string().optional(),
  files: z.array(z.object({ path: z.string(), bytes: z.number() })).optional(),
  warnings: z.array(z.string()).optional(),
  error: z.string().nullish(),
  log: z.string().nullish(),
});
export type FrameRecord = z.infer<typeof frameRecord>;

const query = z.object({ frames: z.string().max(10_000) });

/**
 * `GET /status/runs/<id>/frames?frames=1-200` → `{frames: […]}`: what the workers have written of these frames of this
 * run; those that were not begun are left out. At most 500 at a time.
 */
export async function frameRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const schema = { params: z.object({ id: runId }), querystring: query };
  routes.get('/status/runs/:id/frames', { schema }, async (request) => {
    const frames = framesAsked(request.query.frames);
    const seen = await deps.records.read(`runs/${request.params.id}.json`);
    if (seen === null) throw noSuchRun(request.params.id);
    const run = { ...NEW_RUN, ...(seen.value as RunRecord) };
    if (run.version === null) return { frames: [] };
    const found: FrameRecord[] = [];
    for (let at = 0; at < frames.length; at += AT_ONCE) {
      const some = frames.slice(at, at + AT_ONCE).map((frame) => readRecord(deps, run, frame));
      for (const record of await Promise.all(some)) if (record !== null) found.push(record);
    }
    return { frames: found };
  });
}

function framesAsked(expression: string): readonly number[] {
  const parsed = parseFrames(expression);
  if (!parsed.ok) throw new Refusal(400, 'badFrames', parsed.message, parsed.action);
  if (parsed.frames.length <= MAX_FRAMES) return parsed.frames;
  throw new Refusal(
    400,
    'tooManyFrames',
    `${parsed.frames.length} frames are more than ${MAX_FRAMES}.`,
    `Ask for ${MAX_FRAMES} at a time.`,
  );
}

/** `null` = there is none of this run. */
export async function readRecord(
  deps: Pick<AppDeps, 'renders'>,
  run: RunRecord,
  frame: number,
): Promise<FrameRecord | null> {
  const path = recordPath(rendersFolder(run), frame);
  try {
    const text = new TextDecoder().decode(await deps.renders.read(path, 0, MAX_RECORD_BYTES));
    const parsed = frameRecord.safeParse(JSON.parse(text));
    return parsed.success && parsed.data.run === run.id ? parsed.data : null;
  } catch (error) {
    if (isPortError(error, 'notFound') || error instanceof SyntaxError) return null;
    throw error;
  }
}
