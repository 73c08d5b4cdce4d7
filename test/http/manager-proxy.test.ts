import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { JSON_TYPE, makeApp } from './app-for-tests.ts';

/** Stands for Flamenco Manager: says what it was asked, and takes web sockets. */
async function startManager(t: TestContext): Promise<string> {
  const server: Server = createServer(async (message, response) => {
    let body = '';
    for await (const chunk of message) body += chunk;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method: message.method, url: message.url, body }));
  });
  server.on('upgrade', (message, socket) => {
    const accept = message.headers['sec-websocket-key'] === undefined ? '' : 'yes';
    socket.end(`HTTP/1.1 418 Upgrade-${accept}\r\ncontent-length: 0\r\n\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const managerAt = (url: () => string | null) => ({
  prefix: '',
  find: async () => {
    const origin = url();
    return origin === null ? null : { origin, headers: {} };
  },
});

describe('what belongs to Flamenco Manager', () => {
  it('is passed on with path, query and body', async (t) => {
    const url = await startManager(t);
    const { app } = makeApp(t, { manager: managerAt(() => url) });
    for (const path of [
      '/app/',
      '/app/jobs/x?y=1',
      '/api/v3/version',
      '/job-files/a/b.txt',
      '/socket.io/?EIO=4',
    ])
      assert.deepEqual((await app.inject(path)).json(), { method: 'GET', url: path, body: '' });
    const post = { method: 'POST' as const, url: '/api/v3/jobs', headers: JSON_TYPE, body: '{"name": "x"}' };
    assert.deepEqual((await app.inject(post)).json(), {
      method: 'POST',
      url: '/api/v3/jobs',
      body: '{"name": "x"}',
    });
  });

  it('comes with what all our answers say to browsers', async (t) => {
    const url = await startManager(t);
    const { app } = makeApp(t, { manager: managerAt(() => url) });
    const { headers } = await app.inject('/app/');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-frame-options'], 'DENY', 'another site could put it under what a person clicks');
  });

  it('follows the manager when it moves', async (t) => {
    let url: string | null = null;
    const { app } = makeApp(t, { manager: managerAt(() => url) });
    const down = await app.inject('/app/');
    assert.equal(down.statusCode, 503);
    assert.match(down.json().error.action, /farm\/wake/);
    url = await startManager(t);
    assert.equal((await app.inject('/app/')).statusCode, 200);
  });

  it('says so when the manager does not answer', async (t) => {
    const { app } = makeApp(t, { manager: managerAt(() => 'http://127.0.0.1:1') });
    const answer = await app.inject('/api/v3/version');
    assert.deepEqual([answer.statusCode, answer.json().error.code], [503, 'managerIsSilent']);
  });

  it('is closed to other sites, web sockets too', async (t) => {
    const url = await startManager(t);
    const { app } = makeApp(t, { manager: managerAt(() => url) });
    const headers = { ...JSON_TYPE, origin: 'https://evil.example' };
    const post = await app.inject({ method: 'POST', url: '/api/v3/jobs', headers, body: '{}' });
    assert.equal(post.statusCode, 403);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const socket = request({
      port,
      host: '127.0.0.1',
      path: '/socket.io/?EIO=4&transport=websocket',
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        origin: 'https://evil.example',
      },
    });
    socket.end();
    const [response] = await once(socket, 'response');
    assert.equal(response.statusCode, 403);
  });

  it('lets our own page open a web socket', async (t) => {
    const url = await startManager(t);
    const { app } = makeApp(t, { manager: managerAt(() => url) });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    const [event] = await Promise.race([once(socket, 'open'), once(socket, 'error')]);
    assert.equal((event as Event).type, 'open');
    socket.close();
  });
});
