import type { FastifyInstance } from 'fastify';
import type { AppDeps } from './deps.ts';

/** `GET /status/history`: how the pool and the money went, as far as it was written down. */
export async function historyRoutes(app: FastifyInstance, { records }: AppDeps): Promise<void> {
  app.get('/status/history', async () => {
    const record = await records.read('history.json');
    return record?.value ?? { schema: 1, samples: [] };
  });
}
