import type { FastifyInstance } from 'fastify';
import type { AppDeps } from './deps.ts';
import { wantMachine } from './machines.ts';

/** `POST /tick`: the scheduler's call. A pass that failed is a failed request, so that the scheduler counts it. */
export async function tickRoutes(app: FastifyInstance, deps: AppDeps): Promise<void> {
  if (deps.machines !== undefined) wantMachine(app, deps.machines.identity, deps.machines.tickAccount);
  // The scheduler's body says nothing and may have any type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async () => null);

  app.post('/tick', async () => {
    const { lookAgainAt, passes, isElsewhere } = await deps.runTick('tick');
    return {
      lookAgainAt: lookAgainAt === null ? null : new Date(lookAgainAt).toISOString(),
      passes,
      isElsewhere,
    };
  });
}
