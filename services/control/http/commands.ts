import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isFinal, isHeldBack, type RunRecord } from '../core/run.ts';
import { readSettings } from '../core/settings.ts';
import { wantJson } from './callers.ts';
import { recordCommand } from './command-records.ts';
import type { AppDeps } from './deps.ts';
import { Refusal } from './errors.ts';
import { personOf } from './people.ts';
import { noSuchRun, runId } from './status.ts';

const nothing = z.strictObject({});
const wakeBody = z.strictObject({ minutes: z.number().positive().max(1440).default(30) });
const params = z.object({ id: runId });

/** What people ask for: `POST /runs/<id>/…` and `POST /farm/…`. Written down and answered 202; the next pass obeys. */
export async function commandRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  wantJson(app);
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const accept = async ({ log }: FastifyRequest, command: Parameters<typeof recordCommand>[1]) => ({
    id: await recordCommand(deps, command, log),
  });
  const plain = { schema: { params, body: nothing } };

  routes.post('/runs/:id/cancel', plain, async (request, reply) => {
    const run = await findRun(deps, request.params.id);
    if (isFinal(run.state))
      throw wrongState(run, 'there is nothing to cancel', 'To render it once more, use again.');
    return reply
      .code(202)
      .send(await accept(request, { kind: 'cancel', runId: run.id, by: personOf(request) }));
  });

  routes.post('/runs/:id/again', { schema: { params, body: z.unknown() } }, async (request, reply) => {
    const read = readSettings(request.body, 'the settings');
    if (!read.ok)
      throw new Refusal(
        400,
        read.reason.code,
        read.reason.message,
        'Correct the settings and send them again.',
      );
    const run = await findRun(deps, request.params.id);
    if (!isFinal(run.state)) throw wrongState(run, 'it lives', 'Wait until it ends, or cancel it first.');
    return reply.code(202).send(
      await accept(request, {
        kind: 'again',
        runId: run.id,
        by: personOf(request),
        settings: { ...read.settings },
      }),
    );
  });

  routes.post('/runs/:id/release', plain, async (request, reply) => {
    const run = await findRun(deps, request.params.id);
    if (!isHeldBack(run))
      throw wrongState(run, 'it is not held', 'Nothing needs to be done: only held runs wait for a word.');
    return reply
      .code(202)
      .send(await accept(request, { kind: 'release', runId: run.id, by: personOf(request) }));
  });

  routes.post('/runs/:id/allow-scripts', plain, async (request, reply) => {
    const run = await findRun(deps, request.params.id);
    if (run.reason?.code !== 'needsScripts')
      throw wrongState(run, 'it does not ask for scripts', 'For a new run, use again with "scripts": true.');
    return reply
      .code(202)
      .send(await accept(request, { kind: 'allowScripts', runId: run.id, by: personOf(request) }));
  });

  routes.post('/farm/wake', { schema: { body: wakeBody } }, async (request, reply) =>
    reply
      .code(202)
      .send(await accept(request, { kind: 'wake', by: personOf(request), minutes: request.body.minutes })),
  );
  for (const kind of ['teardown', 'pause', 'resume'] as const)
    routes.post(`/farm/${kind}`, { schema: { body: nothing } }, async (request, reply) =>
      reply.code(202).send(await accept(request, { kind, by: personOf(request) })),
    );
}

async function findRun(deps: AppDeps, id: string): Promise<RunRecord> {
  const record = await deps.records.read(`runs/${id}.json`);
  if (record === null) throw noSuchRun(id);
  return record.value as RunRecord;
}

function wrongState(run: RunRecord, why: string, action: string): Refusal {
  return new Refusal(409, 'wrongState', `Run ${run.id} of ${run.shot} is ${run.state}: ${why}.`, action);
}
