import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRange } from '../../services/control/http/byte-range.ts';
import { makeApp } from './app-for-tests.ts';

const LARGE = Buffer.alloc(2_500_000, 'abcdefghij');

describe('GET /renders/<path>', () => {
  it('serves a small file with its type, and 304 to who has it', async (t) => {
    const { app, renders } = makeApp(t);
    renders.put('film/sh 010/v001/thumbs/0001.jpg', 'jpeg');
    const url = '/renders/film/sh%20010/v001/thumbs/0001.jpg';
    const answer = await app.inject(url);
    assert.deepEqual([answer.statusCode, answer.body], [200, 'jpeg']);
    assert.equal(answer.headers['content-type'], 'image/jpeg');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.match(String(answer.headers['content-security-policy']), /sandbox/);
    const headers = { 'if-none-match': String(answer.headers.etag) };
    assert.equal((await app.inject({ url, headers })).statusCode, 304);
    assert.deepEqual(renders.callsOf('list'), []);
  });

  it('streams a large file in pieces', async (t) => {
    const { app, renders } = makeApp(t);
    renders.put('a/preview.mp4', LARGE);
    const answer = await app.inject('/renders/a/preview.mp4');
    assert.equal(answer.headers['content-length'], String(LARGE.length));
    assert.equal(answer.headers['content-type'], 'video/mp4');
    assert.ok(answer.rawPayload.equals(LARGE));
  });

  it('streams what is larger than Cloud Run lets answers be without saying how long it is', async (t) => {
    const { app, renders } = makeApp(t);
    const huge = Buffer.alloc(33 * 1024 * 1024, 'abcdefghij');
    renders.put('a/beauty.exr', huge);
    const whole = await app.inject('/renders/a/beauty.exr');
    assert.deepEqual([whole.statusCode, whole.headers['content-length']], [200, undefined]);
    assert.ok(whole.rawPayload.equals(huge));
    const part = await app.inject({ url: '/renders/a/beauty.exr', headers: { range: 'bytes=1-' } });
    assert.deepEqual([part.statusCode, part.headers['content-length']], [206, undefined]);
    assert.equal(part.rawPayload.length, huge.length - 1);
  });

  it('serves ranges, as a player asks for them', async (t) => {
    const { app, renders } = makeApp(t);
    renders.put('a/preview.mp4', LARGE);
    for (const [range, start, end] of [
      ['bytes=0-', 0, 2_500_000],
      ['bytes=0-9', 0, 10],
      ['bytes=1000000-2000001', 1_000_000, 2_000_002],
      ['bytes=-5', 2_499_995, 2_500_000],
    ] as const) {
      const answer = await app.inject({ url: '/renders/a/preview.mp4', headers: { range } });
      assert.equal(answer.statusCode, 206, range);
      assert.equal(answer.headers['content-range'], `bytes ${start}-${end - 1}/2500000`);
      assert.ok(answer.rawPayload.equals(LARGE.subarray(start, end)), range);
    }
    const beyond = await app.inject({ url: '/renders/a/preview.mp4', headers: { range: 'bytes=2500000-' } });
    assert.deepEqual([beyond.statusCode, beyond.headers['content-range']], [416, 'bytes */2500000']);
  });

  it('sends all of a file that has changed since the first part', async (t) => {
    const { app, renders } = makeApp(t);
    renders.put('a/preview.mp4', LARGE);
    const headers = { range: 'bytes=5-9', 'if-range': '"old"' };
    assert.equal((await app.inject({ url: '/renders/a/preview.mp4', headers })).statusCode, 200);
  });

  it('runs nothing: what is no picture is bytes', async (t) => {
    const { app, renders } = makeApp(t);
    for (const name of ['x.html', 'x.svg', 'x.js', 'x']) {
      renders.put(name, '<script>alert(1)</script>');
      const answer = await app.inject(`/renders/${name}`);
      assert.equal(answer.headers['content-type'], 'application/octet-stream', name);
    }
  });

  it('knows no way out of the bucket', async (t) => {
    const { app, renders } = makeApp(t);
    for (const path of [
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e/x',
      'a/..%5cb',
      'a%00',
      '%2fetc/passwd',
      '',
      'a//b',
    ])
      assert.equal((await app.inject(`/renders/${path}`)).statusCode, 404, path);
    assert.deepEqual(renders.calls, []);
  });

  it('answers 404 for what is not there, with and without a range, and 503 for what cannot be read', async (t) => {
    const { app, renders } = makeApp(t);
    assert.equal((await app.inject('/renders/no.png')).statusCode, 404);
    assert.equal(
      (await app.inject({ url: '/renders/no.png', headers: { range: 'bytes=0-' } })).statusCode,
      404,
    );
    renders.failNext('read', 'transient');
    assert.equal((await app.inject('/renders/no.png')).statusCode, 503);
  });
});

describe('a Range header', () => {
  for (const [header, size, expected] of [
    [undefined, 10, { kind: 'whole' }],
    ['bytes=0-0', 10, { kind: 'part', start: 0, end: 1 }],
    ['bytes=9-', 10, { kind: 'part', start: 9, end: 10 }],
    ['bytes=10-', 10, { kind: 'outside' }],
    ['bytes=5-99', 10, { kind: 'part', start: 5, end: 10 }],
    ['bytes=-99', 10, { kind: 'part', start: 0, end: 10 }],
    ['bytes=-0', 10, { kind: 'outside' }],
    ['bytes=5-4', 10, { kind: 'whole' }],
    ['bytes=0-1,3-4', 10, { kind: 'whole' }],
    ['bytes=-', 10, { kind: 'whole' }],
    ['lines=1-2', 10, { kind: 'whole' }],
    ['bytes=0-', 0, { kind: 'outside' }],
  ] as const)
    it(`${header} of ${size} bytes is ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(readRange(header, size), expected);
    });
});
