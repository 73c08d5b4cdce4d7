import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { wantJson } from './callers.ts';
import type { AppDeps } from './deps.ts';
import { pathProblem } from './object-paths.ts';

const MAX_PATHS = 200;
const AT_ONCE = 16;

const body = z.strictObject({ paths: z.array(z.string().max(4096)).max(MAX_PATHS) });

/** What the scenes bucket has under a path. `crc32c`: `null` = it is being computed, ask again. */
interface FileThere {
  readonly path: string;
  readonly size: number;
  readonly crc32c: string | null;
}

/** `POST /scenes/look {paths}` → `{files}`: what is in the bucket already and need not be sent. Absent ones are left out. */
export async function sceneRoutes(app: FastifyInstance, { scenes }: AppDeps): Promise<void> {
  wantJson(app);
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.post('/scenes/look', { schema: { body } }, async (request) => {
    const { paths } = request.body;
    const files: FileThere[] = [];
    for (let at = 0; at < paths.length; at += AT_ONCE) {
      const some = paths.slice(at, at + AT_ONCE).filter((path) => pathProblem(path) === null);
      for (const seen of await Promise.all(some.map((path) => scenes.look(path))))
        if (seen !== null) files.push({ path: seen.path, size: seen.size, crc32c: seen.crc32c });
    }
    return { files };
  });
}
