import { accessSync, constants } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import {
  type Audience,
  expandVariables,
  type ResolvedVariable,
  resolveVariables,
} from '../config/variables.ts';
import { farmStatus } from '../core/farm-status.ts';
import { version } from '../version.ts';
import type { ManagerDeps } from './deps.ts';
import { anyObjectSchema, pathSchema } from './schemas.ts';

interface ForPlatform {
  Params: { audience: string; platform: string };
}

/** Version, farm status and configuration. */
export function metaRoutes(app: FastifyInstance, { farm, config }: ManagerDeps): void {
  app.get('/api/v3/version', () => ({ ...version, name: config.current().managerName }));
  app.get('/api/v3/status', () => ({ status: farmStatus(farm) }));

  app.get('/api/v3/configuration', () => {
    // Flamenco too reads its file again here and takes the new values.
    config.reload();
    const storageLocation = config.current().sharedStoragePath;
    return { storageLocation, shamanEnabled: false, isFirstRun: config.isFirstRun() };
  });

  app.get('/api/v3/configuration/file', () => config.values());

  app.put<{ Body: Record<string, unknown> }>(
    '/api/v3/configuration/file',
    { schema: { body: anyObjectSchema } },
    (request, reply) => {
      config.replace(request.body);
      reply.code(204).send();
    },
  );

  app.get<ForPlatform>('/api/v3/configuration/variables/:audience/:platform', ({ params }) => {
    const resolved = variablesFor(config, params);
    const entries = [...resolved].map(([name, { value, isTwoWay }]) => [
      name,
      { value, is_twoway: isTwoWay },
    ]);
    return Object.fromEntries(entries);
  });

  app.get<ForPlatform>('/api/v3/configuration/shared-storage/:audience/:platform', ({ params }) => ({
    location: expandVariables(config.current().sharedStoragePath, variablesFor(config, params)),
    audience: params.audience,
    platform: params.platform,
    shamanEnabled: false,
  }));

  app.post<{ Body: { path: string } }>(
    '/api/v3/configuration/check/shared-storage',
    { schema: { body: pathSchema } },
    ({ body }) => checkFolder(body.path),
  );
}

function variablesFor(config: ManagerDeps['config'], params: ForPlatform['Params']) {
  if (!isAudience(params.audience)) return new Map<string, ResolvedVariable>();
  const { variables, sharedStoragePath } = config.current();
  return resolveVariables(variables, params.audience, params.platform, sharedStoragePath);
}

/** The document has only these two; Flamenco does not check, and shows an unknown audience nothing. */
function isAudience(text: string): text is Audience {
  return text === 'workers' || text === 'users';
}

function checkFolder(path: string) {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return { path, is_usable: true, cause: 'Directory checked successfully' };
  } catch (error) {
    return { path, is_usable: false, cause: error instanceof Error ? error.message : String(error) };
  }
}
