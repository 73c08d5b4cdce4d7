import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { AppDeps } from './deps.ts';
import { Refusal } from './errors.ts';
import { isMoving, isStale, type StatusSeen } from './status-reader.ts';

const PAGE_SIZE = 50;

/** Ids are file names: nothing that could lead anywhere else. */
export const runId = z.string().regex(/^[\w-]{1,64}$/, 'no id of a run');

interface Options {
  readonly deps: AppDeps;
  readonly readStatus: () => Promise<StatusSeen>;
}

/**
 * `GET /status` and the run records. Two headers say what cannot be in the document, because it depends on when it is
 * read: `x-tablao-stale` (nobody has looked for too long) and `x-tablao-moving` (worth asking again soon).
 */
export async function statusRoutes(app: FastifyInstance, { deps, readStatus }: Options): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get('/status', async (request, reply) => {
    const status = await readStatus();
    describeStatus(reply, status, deps);
    if (request.headers['if-none-match'] === status.etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(status.json);
  });

  routes.get(
    '/status/runs',
    { schema: { querystring: z.object({ after: runId.optional() }) } },
    async (request) => {
      const { after } = request.query;
      const ids = (await deps.records.list('runs/')).map((name) =>
        name.slice('runs/'.length, -'.json'.length),
      );
      const rest = after === undefined ? ids : ids.filter((id) => id > after);
      const page = rest.slice(0, PAGE_SIZE);
      const records = await Promise.all(page.map((id) => deps.records.read(`runs/${id}.json`)));
      return {
        runs: records.flatMap((record) => (record === null ? [] : [record.value])),
        next: rest.length > PAGE_SIZE ? (page.at(-1) ?? null) : null,
      };
    },
  );

  routes.get('/status/runs/:id', { schema: { params: z.object({ id: runId }) } }, async (request) => {
    const record = await deps.records.read(`runs/${request.params.id}.json`);
    if (record === null) throw noSuchRun(request.params.id);
    return record.value;
  });
}

export function noSuchRun(id: string): Refusal {
  return new Refusal(404, 'noSuchRun', `There is no run ${id}.`, 'The ids of all runs are at /status/runs.');
}

function describeStatus(reply: FastifyReply, status: StatusSeen, deps: AppDeps): void {
  reply.headers({
    etag: status.etag,
    'cache-control': 'no-cache',
    'x-tablao-stale': String(isStale(status.document, deps.clock.now())),
    'x-tablao-moving': String(isMoving(status.document)),
  });
}
