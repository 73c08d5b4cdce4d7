import type { FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { bareApp } from './bare-app.ts';
import { guardCallers } from './callers.ts';
import { commandRoutes } from './commands.ts';
import type { AppDeps } from './deps.ts';
import { eventRoutes } from './events.ts';
import { frameRoutes } from './frames.ts';
import { healthRoutes, metricsRoutes } from './health.ts';
import { historyRoutes } from './history.ts';
import { createLongLived } from './long-lived.ts';
import { managerRoutes } from './manager-proxy.ts';
import { meRoutes } from './me.ts';
import { pageRoutes } from './page.ts';
import { wantPerson } from './people.ts';
import { renderRoutes } from './renders.ts';
import { renderLookRoutes } from './renders-look.ts';
import { sceneRoutes } from './scenes.ts';
import { signInRoutes } from './sign-in.ts';
import { statusRoutes } from './status.ts';
import { createStatusReader } from './status-reader.ts';
import { streamRoutes } from './status-stream.ts';
import { tickRoutes } from './tick.ts';
import { receiveRoutes, uploadRoutes } from './uploads.ts';
import { zipRoutes } from './zip.ts';

/** The service's routes. Listens to nothing yet; `close()` ends streams and uploads that are under way. */
export function buildApp(deps: AppDeps): FastifyInstance {
  const app = bareApp(deps);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  acceptEmptyJson(app);
  guardCallers(app, deps.knownHosts);

  const longLived = createLongLived(app);
  const readStatus = createStatusReader(deps);
  app.register(healthRoutes, deps);
  if (deps.serves !== 'people') {
    app.register(eventRoutes, deps);
    app.register(tickRoutes, deps);
  }
  if (deps.serves !== 'machines') {
    const { people, clock } = deps;
    if (people?.door !== undefined)
      app.register(signInRoutes, { door: people.door, allowed: people.allowed, clock });
    app.register(async (page) => {
      if (people !== undefined) await wantPerson(page, people, clock);
      page.register(statusRoutes, { deps, readStatus });
      page.register(streamRoutes, { readStatus, longLived });
      page.register(metricsRoutes, { deps, readStatus });
      page.register(commandRoutes, deps);
      page.register(uploadRoutes, deps);
      if (deps.uploadStore !== null)
        page.register(receiveRoutes, { deps, store: deps.uploadStore, longLived });
      page.register(renderRoutes, deps);
      page.register(renderLookRoutes, deps);
      page.register(frameRoutes, deps);
      page.register(zipRoutes, { deps, longLived });
      page.register(historyRoutes, deps);
      page.register(sceneRoutes, deps);
      page.register(managerRoutes, deps);
      page.register(pageRoutes, deps);
      page.register(meRoutes, { people });
    });
  }
  return app;
}

/** A button has nothing to say: an empty body counts as `{}`. */
function acceptEmptyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, {});
    else void parse(request, body.toString(), done);
  });
}
