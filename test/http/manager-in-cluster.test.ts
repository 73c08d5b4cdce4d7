import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { PortError } from '../../services/control/ports/errors.ts';
import { JSON_TYPE, makeApp } from './app-for-tests.ts';
import { PREFIX, startServiceProxy, TOKEN } from './service-proxy.ts';

/** What is said on the way from the browser to us, and is nobody else's business. */
const PRIVATE = {
  authorization: 'Bearer of-a-person',
  cookie: 'session=secret',
  'x-goog-iap-jwt-assertion': 'a.b.c',
  'x-serverless-authorization': 'Bearer of-a-person',
  'x-forwarded-for': '192.0.2.1',
  // The API server would take these for orders.
  'impersonate-user': 'system:admin',
  'impersonate-group': 'system:masters',
  'impersonate-extra-scopes': 'all',
  'x-remote-user': 'system:admin',
};

describe('Flamenco Manager in a cluster', () => {
  it('is reached through the proxy of its API server, path, query and body as they are', async (t) => {
    const { manager, seen } = await startServiceProxy(t);
    const { app } = makeApp(t, { manager });
    const get = await app.inject('/api/v3/jobs?x=a%2Fb&y=');
    assert.deepEqual(get.json(), { path: '/api/v3/jobs?x=a%2Fb&y=', body: '' });
    const post = await app.inject({
      ...{ method: 'POST', url: '/api/v3/jobs', headers: JSON_TYPE, body: '{"name": "x"}' },
    });
    assert.deepEqual(post.json(), { path: '/api/v3/jobs', body: '{"name": "x"}' });
    assert.equal(seen[0]?.url, `${PREFIX}/api/v3/jobs?x=a%2Fb&y=`);
  });

  it('gets the service’s own token, and nothing of the caller’s', async (t) => {
    const { manager, seen } = await startServiceProxy(t);
    const { app } = makeApp(t, { manager });
    const answer = await app.inject({ url: '/app/', headers: PRIVATE });
    assert.equal(answer.statusCode, 200);
    assert.equal(seen[0]?.headers.authorization, TOKEN);
    for (const name of Object.keys(PRIVATE).slice(1)) assert.equal(seen[0]?.headers[name], undefined, name);
    assert.equal(answer.headers['set-cookie'], undefined, 'its cookies would be ours');
  });

  it('has pages and redirects that lead to us, not to the API server', async (t) => {
    const { manager } = await startServiceProxy(t);
    const { app } = makeApp(t, { manager });
    const page = await app.inject('/app/');
    assert.equal(page.body, '<a href="/app/jobs">jobs</a><script src="/app/assets/main.js"></script>');
    assert.equal(Number(page.headers['content-length'] ?? page.body.length), page.body.length);
    const moved = await app.inject('/app/old');
    assert.deepEqual([moved.statusCode, moved.headers.location], [302, '/app/new?x=1']);
  });

  it('tells its own errors; those of the cluster are said to be no answer', async (t) => {
    const { manager, state } = await startServiceProxy(t);
    const { app } = makeApp(t, { manager });
    const own = await app.inject('/api/v3/jobs/none');
    assert.deepEqual([own.statusCode, own.json().message], [404, 'no such job']);
    state.isReady = false;
    const none = await app.inject('/app/');
    assert.deepEqual([none.statusCode, none.json().error.code], [503, 'managerIsSilent']);
    assert.ok(!none.body.includes('tablao-manager'));
  });

  it('says that the farm is down and how to wake it', async (t) => {
    const { app } = makeApp(t, { manager: { prefix: PREFIX, find: async () => null } });
    for (const url of ['/app/', '/api/v3/version', '/socket.io/?EIO=4', '/job-files/x']) {
      const answer = await app.inject(url);
      assert.deepEqual([answer.statusCode, answer.json().error.code], [503, 'farmIsDown']);
      assert.match(answer.json().error.action, /POST \/farm\/wake/);
    }
  });

  it('is asked for again later when it cannot be told where it is', async (t) => {
    const find = async () => {
      throw new PortError('transient', 'listing clusters');
    };
    const { app } = makeApp(t, { manager: { prefix: PREFIX, find } });
    const answer = await app.inject('/app/');
    assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '2']);
  });

  it('sends its updates through web sockets', { timeout: 60_000 }, async (t) => {
    const { manager, seen } = await startServiceProxy(t);
    const { app } = makeApp(t, { manager });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    const [event] = await once(socket, 'message');
    assert.equal((event as MessageEvent).data, 'hello');
    const [upgrade] = seen;
    assert.equal(upgrade?.url, `${PREFIX}/socket.io/?EIO=4&transport=websocket`);
    assert.equal(upgrade?.headers.authorization, TOKEN);
    assert.equal(upgrade?.headers.origin, undefined);
    socket.close();
  });

  it('keeps the service from ending by no web socket that is open', { timeout: 60_000 }, async (t) => {
    const { manager } = await startServiceProxy(t);
    const { app } = makeApp(t, { manager });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    await once(socket, 'message');
    const closed = once(socket, 'close');
    await app.close();
    await closed;
  });

  it('cannot be made a way to anything else in the cluster', async (t) => {
    const { manager, seen } = await startServiceProxy(t);
    const { app } = makeApp(t, { manager });
    const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    // As it is: `inject` would take the dots out.
    const ask = async (path: string, headers: OutgoingHttpHeaders) => {
      const asking = request({ host: '127.0.0.1', port, path, headers }).end();
      const [answer] = await Promise.race([once(asking, 'response'), once(asking, 'upgrade')]);
      (answer as IncomingMessage).destroy();
      return (answer as IncomingMessage).statusCode ?? 0;
    };
    for (const path of [
      '/app/../../../../secrets',
      '/app/%2e%2e/%2e%2e/secrets',
      '/api/v3/..%2f..%2f..%2fpods',
      '/job-files/..\\..\\pods',
      '/socket.io/.%2e/../pods',
      `http://127.0.0.1:${port}/app/`,
    ])
      for (const headers of [{}, { ...upgrade, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }])
        assert.ok((await ask(path, headers)) >= 400, path);
    assert.deepEqual(seen, []);
    assert.equal(await ask('/app/', {}), 200);
    assert.equal(seen.length, 1);
  });
});
