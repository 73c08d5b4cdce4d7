import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';
import { metricsText } from '../../services/control/http/health.ts';
import { isMoving, isStale } from '../../services/control/http/status-reader.ts';
import { aRun, aStatus, makeApp } from './app-for-tests.ts';

const AS_OF = Date.parse('2026-11-24T09:00:00.000Z');

describe('GET /status', () => {
  it('is a whole document before the first pass', async (t) => {
    const { app } = makeApp(t);
    const status = (await app.inject('/status')).json() as StatusDocument;
    assert.equal(status.schema, 1);
    assert.equal(status.farm.stage, 'unknown');
    assert.match(status.sentence, /not looked yet/);
  });

  it('answers 304 to who has it already', async (t) => {
    const { app, records } = makeApp(t);
    await records.overwrite('status.json', aStatus());
    const first = await app.inject('/status');
    assert.deepEqual(first.json(), aStatus());
    const etag = String(first.headers.etag);
    const again = await app.inject({ url: '/status', headers: { 'if-none-match': etag } });
    assert.deepEqual([again.statusCode, again.body], [304, '']);
    assert.equal(again.headers['x-tablao-stale'], 'false');
  });

  it('reads the record at most once a second however many ask', async (t) => {
    const { app, records, clock } = makeApp(t);
    await records.overwrite('status.json', aStatus());
    await Promise.all(Array.from({ length: 20 }, () => app.inject('/status')));
    clock.advance(999);
    await app.inject('/status');
    assert.equal(records.callsOf('read').length, 1);
    clock.advance(1);
    await app.inject('/status');
    assert.equal(records.callsOf('read').length, 2);
  });

  it('gives the last one while it cannot be read, and 503 when there is none', async (t) => {
    const { app, records, clock } = makeApp(t);
    records.failNext('read', 'transient');
    const none = await app.inject('/status');
    assert.deepEqual([none.statusCode, none.headers['retry-after']], [503, '2']);
    clock.advance(1000);
    await records.overwrite('status.json', aStatus());
    await app.inject('/status');
    clock.advance(1000);
    records.putText('status.json', 'torn');
    assert.deepEqual((await app.inject('/status')).json(), aStatus());
  });

  it('says when nobody has looked for too long', async (t) => {
    const { app, records, clock } = makeApp(t);
    await records.overwrite('status.json', aStatus());
    clock.advance(135_000);
    assert.equal((await app.inject('/status')).headers['x-tablao-stale'], 'false');
    clock.advance(1);
    assert.equal((await app.inject('/status')).headers['x-tablao-stale'], 'true');
  });
});

describe('how a status is taken', () => {
  it('is stale after twice the time to its next look, and a little', () => {
    assert.equal(isStale(aStatus(), AS_OF + 135_000), false);
    assert.equal(isStale(aStatus(), AS_OF + 135_001), true);
  });

  it('moves while the farm changes, workers live or a run wants a farm', () => {
    const farm = aStatus().farm;
    const pool = { name: 'p', wanted: 1, booting: 0, busy: 0, idle: 1, draining: 0, pricePerHour: 0 };
    assert.equal(isMoving(aStatus()), false);
    assert.equal(isMoving(aStatus({ farm: { ...farm, stage: 'creating' } })), true);
    assert.equal(isMoving(aStatus({ farm: { ...farm, stage: 'ready' }, pools: [pool] })), false);
    assert.equal(isMoving(aStatus({ pools: [{ ...pool, busy: 1 }] })), true);
    assert.equal(isMoving(aStatus({ runs: [{ state: 'waiting' } as RunStatus] })), false);
    assert.equal(isMoving(aStatus({ runs: [{ state: 'queued' } as RunStatus] })), true);
  });
});

describe('GET /status/runs', () => {
  it('pages through all runs, fifty at a time', async (t) => {
    const { app, records } = makeApp(t);
    const ids = Array.from({ length: 51 }, (_, index) => `r${String(index).padStart(2, '0')}`);
    for (const id of ids) await records.create(`runs/${id}.json`, aRun({ id }));
    const first = (await app.inject('/status/runs')).json();
    assert.deepEqual([first.runs.length, first.next], [50, 'r49']);
    const second = (await app.inject(`/status/runs?after=${first.next}`)).json();
    assert.deepEqual([second.runs.map((run: { id: string }) => run.id), second.next], [['r50'], null]);
  });

  it('gives one run, and 404 with advice for an unknown one', async (t) => {
    const { app, records } = makeApp(t);
    await records.create('runs/r1.json', aRun());
    assert.deepEqual((await app.inject('/status/runs/r1')).json(), aRun());
    const unknown = await app.inject('/status/runs/nope');
    assert.equal(unknown.statusCode, 404);
    assert.match(unknown.json().error.action, /status\/runs/);
  });

  it('lets no id lead anywhere else', async (t) => {
    const { app } = makeApp(t);
    for (const id of ['..%2Ffarm', 'a%00', '%2e%2e', 'x'.repeat(65)])
      assert.ok([400, 404].includes((await app.inject(`/status/runs/${id}`)).statusCode), id);
    assert.equal((await app.inject('/status/runs?after=../farm')).statusCode, 400);
  });
});

describe('GET /status/stream', () => {
  it('sends nothing at rest and tells the browser not to come back', async (t) => {
    const { app, records } = makeApp(t);
    await records.overwrite('status.json', aStatus());
    assert.equal((await app.inject('/status/stream')).statusCode, 204);
  });

  it('sends the status while things move, and ends when the service does', { timeout: 5000 }, async (t) => {
    const { app, records } = makeApp(t);
    await records.overwrite('status.json', aStatus({ farm: { ...aStatus().farm, stage: 'creating' } }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const [response] = await once(get({ port, host: '127.0.0.1', path: '/status/stream' }), 'response');
    assert.equal(response.headers['content-type'], 'text/event-stream');
    const [chunk] = await once(response, 'data');
    const data = /^data: (.*)$/m.exec(String(chunk))?.[1] ?? '';
    assert.equal((JSON.parse(data) as StatusDocument).farm.stage, 'creating');
    const ended = once(response, 'end');
    await app.close();
    await ended;
  });
});

describe('health and metrics', () => {
  it('says whether the service is ready', async (t) => {
    assert.equal((await makeApp(t).app.inject('/healthz')).statusCode, 200);
    assert.equal((await makeApp(t, { isReady: () => false }).app.inject('/healthz')).statusCode, 503);
  });

  it('writes Prometheus’ text format and escapes labels', () => {
    const pool = { name: 'a"b\\', wanted: 3, booting: 1, busy: 2, idle: 0, draining: 0, pricePerHour: 0.1 };
    const text = metricsText(aStatus({ pools: [pool] }), AS_OF + 1500);
    assert.match(text, /^tablao_workers\{pool="a\\"b\\\\",state="busy"\} 2$/m);
    assert.match(text, /^tablao_status_age_seconds 1.5$/m);
    assert.match(text, /^tablao_farm_stage\{stage="absent"\} 1$/m);
    for (const line of text.trimEnd().split('\n'))
      assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? \S+)$/);
  });

  it('serves them', async (t) => {
    const answer = await makeApp(t).app.inject('/metrics');
    assert.equal(answer.statusCode, 200);
    assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  });
});
