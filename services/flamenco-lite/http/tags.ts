import type { FastifyInstance } from 'fastify';
import { createTag, deleteTag, tagByName } from '../core/tags.ts';
import type { ManagerDeps } from './deps.ts';
import { ApiError } from './errors.ts';
import { tagJson } from './json.ts';
import { findTag } from './lookup.ts';
import { tagSchema } from './schemas.ts';

interface ById {
  Params: { id: string };
}

interface TagBody {
  Body: { id?: string; name: string; description?: string };
}

/** Worker tags. The list is `tags`, one of them `tag`. */
export function tagRoutes(app: FastifyInstance, { farm }: ManagerDeps): void {
  const schema = { body: tagSchema };

  app.get('/api/v3/worker-mgt/tags', () => ({ tags: [...farm.tags.values()].map(tagJson) }));

  app.post<TagBody>('/api/v3/worker-mgt/tags', { schema }, ({ body }) => {
    const id = body.id === undefined || body.id === '' ? farm.newId() : body.id;
    const tag = createTag(farm, { id, name: body.name, description: body.description ?? '' });
    // A taken name is a fault of the database in Flamenco, so 500 and not 409.
    if (tag === null) throw new ApiError(500, 'error creating worker tag');
    return tagJson(tag);
  });

  app.get<ById>('/api/v3/worker-mgt/tag/:id', ({ params }) => tagJson(findTag(farm, params.id)));

  app.put<ById & TagBody>('/api/v3/worker-mgt/tag/:id', { schema }, ({ params, body }, reply) => {
    const tag = findTag(farm, params.id);
    const namesake = tagByName(farm, body.name);
    if (namesake !== null && namesake !== tag) throw new ApiError(500, 'error saving worker tag');
    tag.name = body.name;
    tag.description = body.description ?? tag.description;
    reply.code(204).send();
  });

  app.delete<ById>('/api/v3/worker-mgt/tag/:id', ({ params }, reply) => {
    deleteTag(farm, findTag(farm, params.id));
    reply.code(204).send();
  });
}
