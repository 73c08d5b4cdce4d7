import type { FastifyInstance } from 'fastify';
import { type People, personOf } from './people.ts';

/**
 * `GET /me` → `{person, canSignOut}`: as whom the page is used (`null` = nobody was asked), and whether that can be ended
 * here.
 */
export async function meRoutes(
  app: FastifyInstance,
  { people }: { readonly people: People | undefined },
): Promise<void> {
  app.get('/me', async (request, reply) => {
    const isBySession = people?.door !== undefined && request.headers.authorization === undefined;
    return reply
      .header('cache-control', 'no-store')
      .send({ person: personOf(request), canSignOut: isBySession });
  });
}
