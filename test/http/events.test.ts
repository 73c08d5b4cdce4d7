import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bench, commandsIn, JSON_TYPE, makeApp } from './app-for-tests.ts';

function push(attributes: Record<string, string>, resource?: unknown): string {
  const data = resource === undefined ? undefined : Buffer.from(JSON.stringify(resource)).toString('base64');
  return JSON.stringify({ message: { attributes, data, messageId: '1' }, subscription: 's' });
}

function finalized(objectId: string, objectGeneration = '7'): string {
  return push({ eventType: 'OBJECT_FINALIZE', bucketId: 'b', objectId, objectGeneration });
}

async function post({ app }: Bench, body: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await app.inject({
    method: 'POST',
    url: '/events/storage',
    headers: { ...JSON_TYPE, ...headers },
    body,
  });
  return answer.statusCode;
}

const SH010 = { kind: 'uploaded', path: 'film/sh010.blend', generation: '7' };

describe('POST /events/storage', () => {
  it('writes a Pub/Sub push down and kicks the tick', async (t) => {
    const bench = makeApp(t);
    assert.equal(await post(bench, finalized('film/sh010.blend')), 204);
    assert.deepEqual(commandsIn(bench), [SH010]);
    assert.equal(bench.kicks, 1);
  });

  it('reads the object from the data when the attributes do not name it', async (t) => {
    const bench = makeApp(t);
    await post(bench, push({}, { name: 'film/sh010.blend', generation: '7' }));
    assert.deepEqual(commandsIn(bench), [SH010]);
  });

  it('understands a CloudEvent in both modes', async (t) => {
    const type = 'google.cloud.storage.object.v1.finalized';
    const data = { name: 'film/sh010.blend', generation: 7 };
    const binary = makeApp(t);
    assert.equal(await post(binary, JSON.stringify(data), { 'ce-type': type }), 204);
    assert.deepEqual(commandsIn(binary), [SH010]);
    const structured = makeApp(t);
    const headers = { 'content-type': 'application/cloudevents+json' };
    assert.equal(await post(structured, JSON.stringify({ type, data }), headers), 204);
    assert.deepEqual(commandsIn(structured), [SH010]);
  });

  it('takes a doubled event for one command, and a new generation for another', async (t) => {
    const bench = makeApp(t);
    for (const generation of ['7', '7', '8'])
      assert.equal(await post(bench, finalized('film/sh010.blend', generation)), 204);
    assert.equal((await bench.records.list('commands/')).length, 2);
    assert.equal(bench.kicks, 3);
  });

  for (const [name, body] of [
    ['no JSON', 'what?'],
    ['neither shape', '{"hello":1}'],
    ['a push without an object', push({}, { size: 1 })],
    ['a way up', finalized('../../etc/passwd.blend')],
    ['an absolute name', finalized('/etc/x.blend')],
    ['a NUL', finalized('a\0.blend')],
    ['a name that is too long', finalized(`${'a/'.repeat(512)}.blend`)],
    ['a body that is too large', `"${'x'.repeat(1024 * 1024)}"`],
  ] as const)
    it(`acknowledges ${name}, logs it and does nothing`, async (t) => {
      const bench = makeApp(t);
      assert.equal(await post(bench, body), 204);
      assert.deepEqual([commandsIn(bench), bench.kicks], [[], 0]);
      assert.ok(bench.lines.some((line) => line.includes('event dropped')));
    });

  it('ignores deletions and the pieces of parallel uploads', async (t) => {
    const bench = makeApp(t);
    await post(bench, push({ eventType: 'OBJECT_DELETE', objectId: 'film/sh010.blend' }));
    await post(bench, finalized('gcloud/tmp/parallel_composite_uploads/x/0_sh010.blend'));
    await post(bench, finalized('.gcsfuse_tmp/sh010.blend'));
    assert.deepEqual([commandsIn(bench), bench.kicks], [[], 0]);
  });

  it('looks at a texture only while a run is open, or when that cannot be known', async (t) => {
    const bench = makeApp(t);
    bench.records.putText('farm.json', '{"openRuns":[]}');
    await post(bench, finalized('film/wood.png'));
    assert.equal(bench.kicks, 0);
    bench.records.putText('farm.json', '{"openRuns":["r1"]}');
    await post(bench, finalized('film/wood.png'));
    assert.equal(bench.kicks, 1);
    bench.records.failNext('read', 'transient');
    await post(bench, finalized('film/stone.png'));
    assert.equal(bench.kicks, 2);
  });

  it('asks to be sent again when it could not write', async (t) => {
    const bench = makeApp(t);
    bench.records.failNext('create', 'transient');
    assert.equal(await post(bench, finalized('film/sh010.blend')), 503);
    assert.equal(await post(bench, finalized('film/sh010.blend')), 204);
  });
});

describe('POST /tick', () => {
  it('runs a tick whatever the body is', async (t) => {
    const triggers: string[] = [];
    const { app } = makeApp(t, {
      runTick: async (trigger) => {
        triggers.push(trigger);
        return { lookAgainAt: Date.UTC(2026, 0, 1), passes: 2, isElsewhere: false };
      },
    });
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await app.inject({ method: 'POST', url: '/tick', headers, body: 'x' });
    assert.deepEqual(answer.json(), {
      lookAgainAt: '2026-01-01T00:00:00.000Z',
      passes: 2,
      isElsewhere: false,
    });
    assert.equal((await app.inject({ method: 'POST', url: '/tick' })).statusCode, 200);
    assert.deepEqual(triggers, ['tick', 'tick']);
  });

  it('fails when the pass failed, and does not say why to the caller', async (t) => {
    const bench = makeApp(t, {
      runTick: async () => {
        throw new Error('secret detail');
      },
    });
    const answer = await bench.app.inject({ method: 'POST', url: '/tick' });
    assert.equal(answer.statusCode, 500);
    assert.ok(!answer.body.includes('secret detail'));
    assert.ok(bench.lines.some((line) => line.includes('secret detail')));
  });
});
