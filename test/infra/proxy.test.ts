// The proxy in front of a page, with a gcloud that only knows a token.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { cannotProxy, startProxy, withGcloud } from './proxy-process.ts';
import { runScript } from './scripts.ts';

const HOUR = 3600;

describe('the proxy', { skip: cannotProxy }, () => {
  type Test = { after(fn: () => unknown): void };

  async function world(t: Test, { expiresIn = HOUR }: { readonly expiresIn?: number } = {}) {
    const seen: IncomingMessage[] = [];
    const page = createServer((asked, answer) => {
      seen.push(asked);
      asked.on('data', () => {}).on('end', () => answer.writeHead(200, { 'x-page': 'yes' }).end('the page'));
    });
    page.on('upgrade', (asked, socket) => {
      seen.push(asked);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
      socket.on('data', (bytes) => socket.write(`heard ${bytes}`));
      socket.on('error', () => {});
    });
    await new Promise<void>((listening) => page.listen(0, '127.0.0.1', listening));
    t.after(() => page.close());
    t.after(() => page.closeAllConnections());
    const host = `127.0.0.1:${(page.address() as AddressInfo).port}`;
    const own = await startProxy(t, { page: `http://${host}`, gcloud: gcloudThatSigns(expiresIn) });
    return { own, host, seen };
  }

  test('asks the page in your name, as if the page itself had asked', async (t) => {
    const { own, host, seen } = await world(t);
    const answer = await fetch(`http://${own}/farm/wake?x=1`, {
      method: 'POST',
      headers: { origin: `http://${own}`, 'content-type': 'application/json' },
      body: '{}',
    });
    assert.deepEqual(
      [answer.status, answer.headers.get('x-page'), await answer.text()],
      [200, 'yes', 'the page'],
    );
    const asked = seen[0];
    assert.deepEqual([asked?.method, asked?.url, asked?.headers.host], ['POST', '/farm/wake?x=1', host]);
    assert.equal(asked?.headers.origin, `http://${host}`);
    assert.equal(asked?.headers['x-tablao-origin'], `http://${own}`);
    assert.match(asked?.headers.authorization ?? '', /^Bearer header\.[\w-]+\.signature-1$/);
  });

  test('says what to do when its port is taken or is none', async (t) => {
    const { own, host } = await world(t);
    const at = ['--project', 'film-farm', '--region', 'europe-west1', '--page', `http://${host}`];
    const env = withGcloud(t, gcloudThatSigns(HOUR));
    for (const [port, words] of [
      [own.split(':')[1] ?? '', /The port \d+ cannot be used: another program listens there\. .*--port 0/],
      ['99999', /The port 99999 cannot be used: /],
    ] as const) {
      const ran = await runScript('proxy', [...at, '--port', port], env);
      assert.equal(ran.code, 1);
      assert.match(ran.words, words);
      assert.doesNotMatch(ran.words, /^\s+at /m);
    }
  });

  test('keeps a token while it lives, and fetches the next before it ends', async (t) => {
    const long = await world(t);
    for (let i = 0; i < 3; i += 1) await fetch(`http://${long.own}/`);
    assert.deepEqual(long.seen.map(signature), ['signature-1', 'signature-1', 'signature-1']);
    const short = await world(t, { expiresIn: 60 });
    for (let i = 0; i < 2; i += 1) await fetch(`http://${short.own}/`);
    assert.deepEqual(short.seen.map(signature), ['signature-2', 'signature-3']);
  });

  test('lets no other page of the same browser through, nor another name of this machine', async (t) => {
    const { own, seen } = await world(t);
    const status = (headers: Record<string, string>) =>
      new Promise((done) => {
        request(`http://${own}/farm/teardown`, { method: 'POST', headers }, (answer) =>
          done(answer.statusCode),
        ).end();
      });
    assert.equal(await status({ origin: 'https://evil.example' }), 403);
    assert.equal(await status({ host: 'evil.example' }), 403);
    assert.equal(seen.length, 0);
  });

  test('lets go of the page when the browser does, and of the browser when the page does', async (t) => {
    const page = createServer((_, answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      page.emit('waits', answer);
    });
    page.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
      socket.on('error', () => {}).on('end', () => socket.end());
      page.emit('waits', socket.resume());
    });
    await new Promise<void>((listening) => page.listen(0, '127.0.0.1', listening));
    t.after(() => page.close());
    t.after(() => page.closeAllConnections());
    const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
    const own = await startProxy(t, { page: url, gcloud: gcloudThatSigns(HOUR) });
    const ask = (headers: Record<string, string>) => {
      const asked = request(`http://${own}/stream`, { headers });
      asked.on('error', () => {}).end();
      return asked;
    };
    const waits = async () => (await once(page, 'waits'))[0] as NodeJS.WritableStream & { destroy(): void };

    const [first, stream] = [waits(), ask({})];
    const [answer] = await once(stream, 'response');
    answer.on('error', () => {});
    const left = once(await first, 'close');
    stream.destroy();
    await left;

    const [second, socket] = [waits(), ask({ connection: 'upgrade', upgrade: 'websocket' })];
    const [, browser] = await once(socket, 'upgrade');
    const hung = once(await second, 'close');
    browser.destroy();
    await hung;

    const [third, cut] = [waits(), ask({})];
    const [half] = await once(cut, 'response');
    const ended = once(half.resume(), 'error');
    (await third).destroy();
    await ended;
  });

  test('passes WebSockets on', async (t) => {
    const { own, seen } = await world(t);
    const said = await new Promise<string>((done, failed) => {
      const asked = request(`http://${own}/socket.io/`, {
        headers: { connection: 'upgrade', upgrade: 'websocket' },
      });
      asked.on('upgrade', (_, socket) => {
        socket.on('data', (bytes) => {
          done(String(bytes));
          socket.destroy();
        });
        socket.write('hello');
      });
      asked.on('error', failed);
      asked.end();
    });
    assert.equal(said, 'heard hello');
    assert.match(seen[0]?.headers.authorization ?? '', /^Bearer /);
  });
});

function signature({ headers }: IncomingMessage): string | undefined {
  return headers.authorization?.split('.').at(-1);
}

/** A token that says when it ends, and the how-manieth it is. */
function gcloudThatSigns(expiresIn: number): string {
  const claims = Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + expiresIn })).toString(
    'base64url',
  );
  return `#!/bin/sh
count="$(dirname "$0")/count"
echo x >> "$count"
echo "header.${claims}.signature-$(wc -l < "$count" | tr -d ' ')"
`;
}
