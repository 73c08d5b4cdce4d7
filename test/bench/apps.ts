/** Servers for start.ts, by the variable APP: `empty` is fastify with one route, `status` our routes with a full status. */
import { type FastifyInstance, fastify } from 'fastify';

const appOf: Readonly<Record<string, () => Promise<FastifyInstance>>> = {
  empty: async () => {
    const app = fastify();
    app.get('/empty', async () => ({ hello: 'world' }));
    return app;
  },
  // Not loaded for the empty one, whose start is measured.
  status: async () => (await import('./status-app.ts')).statusApp(),
};

const app = await appOf[process.env.APP ?? '']?.();
if (app === undefined) throw new Error('APP is neither empty nor status');
app.get('/cpu', async () => {
  const { user, system } = process.cpuUsage();
  return String(user + system);
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ url, message: 'listening' })}\n`);
process.once('SIGTERM', () => process.exit(0));
