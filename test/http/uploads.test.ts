import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createLocalUploads } from '../../services/control/adapters/local/uploads.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { type Bench, commandsIn, JSON_TYPE, makeApp } from './app-for-tests.ts';

interface UploadBench extends Bench {
  readonly dir: string;
  readonly port: number;
}

async function listen(t: TestContext, dir = bucket(t)): Promise<UploadBench> {
  const clock = new FakeClock();
  const store = createLocalUploads({
    scenesDir: join(dir, 'scenes'),
    uploadsDir: join(dir, 'uploads'),
    clock,
  });
  const bench = makeApp(t, { uploads: store, uploadStore: store, clock });
  await bench.app.listen({ port: 0, host: '127.0.0.1' });
  return Object.assign(bench, { dir, port: (bench.app.server.address() as AddressInfo).port });
}

function bucket(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-uploads-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'scenes'));
  return dir;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function call(
  { port }: { readonly port: number },
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Buffer = '',
): Promise<Answer> {
  const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

async function begin(bench: UploadBench, path: string, size: number): Promise<string> {
  const answer = await call(bench, 'POST', '/uploads', JSON_TYPE, JSON.stringify({ path, size }));
  assert.equal(answer.status, 201, answer.text);
  const url = new URL((JSON.parse(answer.text) as { url: string }).url);
  assert.equal(url.host, `127.0.0.1:${bench.port}`);
  return url.pathname;
}

function put(
  bench: { readonly port: number },
  path: string,
  range: string | null,
  body: string | Buffer = '',
) {
  const headers = range === null ? {} : { 'content-range': range };
  return call(bench, 'PUT', path, { 'content-length': String(body.length), ...headers }, body);
}

function sceneText({ dir }: UploadBench, path: string): string {
  return readFileSync(join(dir, 'scenes', path), 'utf8');
}

describe('an upload', () => {
  it('in one go becomes an object, a command and a kick', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'film/a b/sh010.blend', 9);
    const answer = await put(bench, path, null, '123456789');
    assert.equal(answer.status, 200, answer.text);
    const object = JSON.parse(answer.text) as {
      name: string;
      size: string;
      crc32c: string;
      generation: string;
    };
    // The check value of CRC-32C is e3069283.
    assert.deepEqual(
      [object.name, object.size, object.crc32c],
      ['film/a b/sh010.blend', '9', Buffer.from('e3069283', 'hex').toString('base64')],
    );
    assert.equal(sceneText(bench, 'film/a b/sh010.blend'), '123456789');
    const { generation } = object;
    assert.deepEqual(commandsIn(bench), [{ kind: 'uploaded', path: 'film/a b/sh010.blend', generation }]);
    assert.equal(bench.kicks, 1);
  });

  it('in pieces is told how far it is, and is not seen before it is whole', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 9);
    const none = await put(bench, path, 'bytes */9');
    assert.deepEqual([none.status, none.headers.range], [308, undefined]);
    const some = await put(bench, path, 'bytes 0-3/9', '1234');
    assert.deepEqual([some.status, some.headers.range], [308, 'bytes=0-3']);
    assert.equal((await put(bench, path, 'bytes */*')).headers.range, 'bytes=0-3');
    assert.ok(!existsSync(join(bench.dir, 'scenes', 'a.blend')));
    assert.equal((await put(bench, path, 'bytes 4-8/9', '56789')).status, 200);
    assert.equal(sceneText(bench, 'a.blend'), '123456789');
  });

  it('at the wrong place changes nothing and is told the right one', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 9);
    await put(bench, path, 'bytes 0-3/9', '1234');
    for (const [range, body] of [
      ['bytes 6-8/9', '789'],
      ['bytes 2-8/9', '3456789'],
    ] as const) {
      const answer = await put(bench, path, range, body);
      assert.deepEqual([answer.status, answer.headers.range], [308, 'bytes=0-3'], range);
    }
  });

  it('may begin anew', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 4);
    await put(bench, path, 'bytes 0-2/4', 'xxx');
    assert.equal((await put(bench, path, null, '1234')).status, 200);
    assert.equal(sceneText(bench, 'a.blend'), '1234');
  });

  it('that broke off goes on where it was, also after the service was started again', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 1_000_000);
    const sent = request({ port: bench.port, host: '127.0.0.1', method: 'PUT', path, agent: false });
    sent.setHeader('content-length', 1_000_000);
    sent.on('error', () => undefined);
    sent.write(Buffer.alloc(300_000, 'a'));
    const received = async (): Promise<number> =>
      Number(/-(\d+)$/.exec((await put(bench, path, 'bytes */1000000')).headers.range ?? '')?.[1] ?? -1) + 1;
    while ((await received()) < 300_000) await new Promise(setImmediate);
    sent.destroy();
    await bench.app.close();

    const again = await listen(t, bench.dir);
    assert.equal((await put(again, path, 'bytes */1000000')).headers.range, 'bytes=0-299999');
    const rest = await put(again, path, 'bytes 300000-999999/1000000', Buffer.alloc(700_000, 'b'));
    assert.equal(rest.status, 200, rest.text);
    assert.equal(sceneText(again, 'a.blend'), 'a'.repeat(300_000) + 'b'.repeat(700_000));
  });

  it('that hangs gives way to a newer go', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 8);
    const hanging = request({ port: bench.port, host: '127.0.0.1', method: 'PUT', path, agent: false });
    hanging.on('error', () => undefined);
    hanging.setHeader('content-length', 8);
    hanging.write('1234');
    while ((await put(bench, path, 'bytes */8')).headers.range !== 'bytes=0-3')
      await new Promise(setImmediate);
    assert.equal((await put(bench, path, 'bytes 4-7/8', '5678')).status, 200);
    hanging.destroy();
    assert.equal(sceneText(bench, 'a.blend'), '12345678');
  });

  it('under way does not keep the service from closing', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 8);
    const hanging = request({ port: bench.port, host: '127.0.0.1', method: 'PUT', path, agent: false });
    const broken = once(hanging, 'error');
    hanging.setHeader('content-length', 8);
    hanging.write('1234');
    while ((await put(bench, path, 'bytes */8')).headers.range !== 'bytes=0-3')
      await new Promise(setImmediate);
    await bench.app.close();
    await broken;
  });

  it('of an empty file is whole with its first PUT', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'empty.txt', 0);
    assert.equal((await put(bench, path, null)).status, 200);
    assert.equal(sceneText(bench, 'empty.txt'), '');
  });

  it('that is whole answers the same when it is sent again', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 4);
    const first = await put(bench, path, null, '1234');
    assert.deepEqual((await put(bench, path, null, '1234')).text, first.text);
    assert.deepEqual((await put(bench, path, 'bytes */4')).text, first.text);
  });

  it('replaces an older object', async (t) => {
    const bench = await listen(t);
    for (const text of ['old!', 'new!'])
      assert.equal((await put(bench, await begin(bench, 'a.blend', 4), null, text)).status, 200);
    assert.equal(sceneText(bench, 'a.blend'), 'new!');
  });

  it('cannot be larger, smaller or other than announced', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 4);
    for (const [range, body] of [
      [null, '12345'],
      [null, '123'],
      ['bytes 0-4/5', '12345'],
      ['bytes 0-9/4', '1234'],
      ['bytes 0-1/4', '1234'],
      ['lines 1-2', '1234'],
    ] as const)
      assert.equal((await put(bench, path, range, body)).status, 400, String(range));
    assert.ok(!existsSync(join(bench.dir, 'scenes', 'a.blend')));
  });

  it('without a length that brings too much is refused and cut back', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 4);
    const headers = { 'transfer-encoding': 'chunked' };
    assert.equal((await call(bench, 'PUT', path, headers, '123456789')).status, 400);
    assert.equal((await put(bench, path, 'bytes */4')).headers.range, undefined);
  });

  it('is forgotten when it is cancelled, and an unknown one is 404', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 4);
    await put(bench, path, 'bytes 0-1/4', '12');
    assert.equal((await call(bench, 'DELETE', path, {})).status, 204);
    assert.equal((await put(bench, path, null, '1234')).status, 404);
    assert.equal((await put(bench, '/uploads/..%2f..%2fx', null, '1234')).status, 404);
    assert.deepEqual(readdirSync(join(bench.dir, 'uploads')), []);
  });

  it('that nobody came back for is removed after a week', async (t) => {
    const bench = await listen(t);
    await put(bench, await begin(bench, 'old.blend', 4), 'bytes 0-1/4', '12');
    const young = await begin(bench, 'young.blend', 4);
    const weekAgo = (bench.clock.now() - 7 * 24 * 3_600_000) / 1000 - 1;
    for (const name of readdirSync(join(bench.dir, 'uploads'))) {
      const time = name.startsWith(young.slice('/uploads/'.length)) ? weekAgo + 2 : weekAgo;
      utimesSync(join(bench.dir, 'uploads', name), time, time);
    }
    await begin(bench, 'new.blend', 4);
    assert.equal((await put(bench, young, null, '1234')).status, 200);
    assert.equal(readdirSync(join(bench.dir, 'uploads')).length, 2);
  });

  it('where a folder is, or below a file, is a conflict', async (t) => {
    const bench = await listen(t);
    mkdirSync(join(bench.dir, 'scenes', 'dir.blend'));
    assert.equal((await put(bench, await begin(bench, 'dir.blend', 1), null, 'x')).status, 409);
    assert.equal((await put(bench, await begin(bench, 'file.txt', 1), null, 'x')).status, 200);
    assert.equal((await put(bench, await begin(bench, 'file.txt/a.blend', 1), null, 'x')).status, 409);
  });

  it('whose bytes are all here is put in its place when it is asked for, as soon as that is possible', async (t) => {
    const bench = await listen(t);
    const way = join(bench.dir, 'scenes', 'a.blend');
    mkdirSync(way);
    const path = await begin(bench, 'a.blend', 4);
    assert.equal((await put(bench, path, null, '1234')).status, 409);
    assert.equal((await put(bench, path, 'bytes */4')).status, 409);
    rmSync(way, { recursive: true });
    assert.equal((await put(bench, path, 'bytes */4')).status, 200);
    assert.equal(sceneText(bench, 'a.blend'), '1234');
    const empty = await begin(bench, 'empty.vdb', 0);
    assert.equal((await put(bench, empty, 'bytes */0')).status, 200);
  });

  it('does not follow a link out of the bucket', async (t) => {
    const bench = await listen(t);
    mkdirSync(join(bench.dir, 'elsewhere'));
    symlinkSync(join(bench.dir, 'elsewhere'), join(bench.dir, 'scenes', 'link'));
    assert.equal((await put(bench, await begin(bench, 'link/sub/a.blend', 1), null, 'x')).status, 403);
    assert.deepEqual(readdirSync(join(bench.dir, 'elsewhere')), []);
  });

  it('that does not fit on the disk is refused at once', async (t) => {
    const bench = await listen(t);
    const body = JSON.stringify({ path: 'a.blend', size: 5 * 1024 ** 4 });
    assert.equal((await call(bench, 'POST', '/uploads', JSON_TYPE, body)).status, 507);
  });

  it('is written down again when the first try to do so failed', async (t) => {
    const bench = await listen(t);
    const path = await begin(bench, 'a.blend', 1);
    bench.records.failNext('create', 'transient');
    assert.equal((await put(bench, path, null, 'x')).status, 503);
    assert.equal((await put(bench, path, 'bytes */1')).status, 200);
    assert.equal((await bench.records.list('commands/')).length, 1);
  });
});

describe('POST /uploads', () => {
  for (const path of [
    '',
    '/etc/passwd',
    '../a.blend',
    'a/../b.blend',
    'a//b.blend',
    'a/',
    './a.blend',
    'a\\b.blend',
    'a\u0000.blend',
    'a\nb.blend',
    '\ud800.blend',
    '.tablao/runs/x.json',
    'film/.hidden',
    'film/{shot}.blend',
    `${'x'.repeat(256)}.blend`,
    `${'ä'.repeat(128)}`,
    'abc/'.repeat(256).concat('x'),
  ])
    it(`refuses ${JSON.stringify(path.slice(0, 30))} and says why`, async (t) => {
      const { app } = makeApp(t);
      const body = JSON.stringify({ path, size: 1 });
      const answer = await app.inject({ method: 'POST', url: '/uploads', headers: JSON_TYPE, body });
      assert.equal(answer.statusCode, 400, answer.body);
      assert.ok(answer.json().error.message.length > 20);
    });

  for (const path of ['a.blend', 'film/Häuser ☂/sh 010 #1.blend', 'textures/{a}.png', 'x'.repeat(255)])
    it(`takes ${JSON.stringify(path.slice(0, 30))}`, async (t) => {
      const { app } = makeApp(t);
      const body = JSON.stringify({ path, size: 1 });
      const answer = await app.inject({ method: 'POST', url: '/uploads', headers: JSON_TYPE, body });
      assert.equal(answer.statusCode, 201, answer.body);
    });

  for (const size of [-1, 1.5, '1', null, 5 * 1024 ** 4 + 1])
    it(`refuses the size ${size}`, async (t) => {
      const { app } = makeApp(t);
      const body = JSON.stringify({ path: 'a.blend', size });
      const answer = await app.inject({ method: 'POST', url: '/uploads', headers: JSON_TYPE, body });
      assert.equal(answer.statusCode, 400, answer.body);
    });
});

describe('the address of an upload', () => {
  const HOST = 'tablao-1.europe-west1.run.app';

  async function originFor(t: TestContext, headers: Readonly<Record<string, string>>): Promise<string> {
    let given = '';
    const begin = async (_path: string, _size: number, origin: string) => {
      given = origin;
      return { url: 'https://storage.test/session' };
    };
    const { app } = makeApp(t, { uploads: { begin }, knownHosts: [HOST] });
    const payload = '{"path": "a.blend", "size": 1}';
    const sent = { ...JSON_TYPE, host: HOST, ...headers };
    const answer = await app.inject({ method: 'POST', url: '/uploads', headers: sent, payload });
    assert.equal(answer.statusCode, 201);
    return given;
  }

  it('is for the page that the browser shows, whatever stands between it and us', async (t) => {
    // Cloud Run takes the encryption off: here it looks like plain HTTP.
    assert.equal(await originFor(t, { origin: `https://${HOST}` }), `https://${HOST}`);
    const shown = { origin: `https://${HOST}`, 'x-tablao-origin': 'http://127.0.0.1:8080' };
    assert.equal(await originFor(t, shown), 'http://127.0.0.1:8080');
  });

  it('is for no other site', async (t) => {
    for (const other of ['https://evil.test', 'http://127.0.0.1.evil.test', 'http://localhost:1@evil.test'])
      assert.equal(await originFor(t, { 'x-tablao-origin': other }), `http://${HOST}`);
  });
});
