import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { OAuth2Client } from 'google-auth-library';
import { createCloudLease } from '../../services/control/adapters/gcp/lease.ts';
import { createCloudRecords } from '../../services/control/adapters/gcp/records.ts';
import { createCloudRenders } from '../../services/control/adapters/gcp/renders.ts';
import { createCloudScenes } from '../../services/control/adapters/gcp/scenes.ts';
import { createStorageClient } from '../../services/control/adapters/gcp/storage-client.ts';
import { createCloudUploads } from '../../services/control/adapters/gcp/uploads.ts';
import { createWritePace } from '../../services/control/adapters/gcp/write-pace.ts';
import { isPortError, type PortErrorCode } from '../../services/control/ports/errors.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import type { Trouble } from './server.ts';
import { storageWorld } from './storage/storage-world.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (read: Uint8Array) => new TextDecoder().decode(read);
const KIB_256 = 256 * 1024;

async function world(t: TestContext, options: Parameters<typeof storageWorld>[1] = {}) {
  const { storage, openBucket } = await storageWorld(t, options);
  const pace = createWritePace(0);
  const clock = new FakeClock();
  return {
    storage,
    clock,
    scenes: createCloudScenes({ openBucket, bucket: 'scenes' }),
    renders: createCloudRenders({ openBucket, bucket: 'renders' }),
    records: createCloudRecords({ openBucket, bucket: 'state', pace }),
    lease: createCloudLease({ openBucket, bucket: 'state', pace, clock }),
    uploads: createCloudUploads({ openBucket, bucket: 'scenes' }),
  };
}

type World = Awaited<ReturnType<typeof world>>;

const calls: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  'listing scenes': ({ scenes }) => scenes.list(),
  'looking at a scene': ({ scenes }) => scenes.look('a.blend'),
  'reading a scene': ({ scenes }) => scenes.read('a.blend', '1', 0, 4),
  'listing renders': ({ renders }) => renders.list('shot/'),
  'reading a render': ({ renders }) => renders.read('a.png', 0, 4),
  'writing a report': ({ renders }) => renders.write('report.json', bytes('{}'), 'application/json'),
  'reading a record': ({ records }) => records.read('a.json'),
  'creating a record': ({ records }) => records.create('a.json', 1),
  'replacing a record': ({ records }) => records.replace('a.json', 1, '1'),
  'overwriting a record': ({ records }) => records.overwrite('a.json', 1),
  'deleting a record': ({ records }) => records.delete('a.json'),
  'listing records': ({ records }) => records.list(''),
  'taking the lease': ({ lease }) => lease.acquire('me', 30_000),
  'giving the lease back': ({ lease }) => lease.release({ fence: '1', until: 0 }),
  'opening an upload': ({ uploads }) => uploads.begin('a.blend', 4, 'https://page.test'),
};

const troubles: Readonly<Record<string, readonly [Trouble, PortErrorCode]>> = {
  'a server that is overloaded (503)': [{ kind: 'status', status: 503 }, 'transient'],
  'too many requests (429)': [{ kind: 'status', status: 429 }, 'transient'],
  'a proxy in between (502 with a page)': [
    { kind: 'status', status: 502, body: '<html>Bad gateway</html>' },
    'transient',
  ],
  'a lost connection': [{ kind: 'reset', acts: false }, 'transient'],
  'a lost permission (403)': [{ kind: 'status', status: 403 }, 'denied'],
};

describe('Cloud Storage in trouble', () => {
  for (const [doing, call] of Object.entries(calls))
    for (const [what, [trouble, code]] of Object.entries(troubles))
      test(`${doing} meets ${what}: asks once and says ${code}`, async (t) => {
        const here = await world(t);
        here.storage.fail(/./, trouble, 10);
        await assert.rejects(call(here), (error) => isPortError(error, code));
        assert.equal(here.storage.asked.length, 1);
      });

  for (const [doing, call] of Object.entries(calls))
    test(`${doing} gives up after 10 s without an answer`, async (t) => {
      const here = await world(t);
      await here.records.read('loads-the-client.json');
      here.storage.forget();
      here.storage.fail(/./, { kind: 'hang', acts: false }, 10);
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const outcome = call(here).catch((error: unknown) => error);
      while (here.storage.asked.length === 0) await new Promise(setImmediate);
      t.mock.timers.tick(9999);
      assert.equal(
        await Promise.race([outcome, new Promise((soon) => setImmediate(soon, 'waits'))]),
        'waits',
      );
      t.mock.timers.tick(1);
      assert.ok(isPortError(await outcome, 'transient'));
      assert.equal(here.storage.asked.length, 1);
    });

  test('a write whose answer was lost is transient, and stands', async (t) => {
    const { storage, records } = await world(t);
    storage.fail(/^POST/, { kind: 'reset', acts: true });
    await assert.rejects(records.create('a.json', 1), (error) => isPortError(error, 'transient'));
    assert.equal((await records.read('a.json'))?.value, 1);
    await assert.rejects(records.create('a.json', 1), (error) => isPortError(error, 'conflict'));
  });

  test('a lease whose answer was lost is taken again by its holder, and by nobody else', async (t) => {
    const { storage, lease } = await world(t);
    storage.fail(/^POST/, { kind: 'reset', acts: true });
    await assert.rejects(lease.acquire('me', 30_000), (error) => isPortError(error, 'transient'));
    assert.equal(await lease.acquire('other', 30_000), null);
    assert.notEqual(await lease.acquire('me', 30_000), null);
  });

  test('bytes that break off half-way are no shorter object', async (t) => {
    const { storage, scenes, records } = await world(t);
    const { generation } = storage.put('scenes', 'a.blend', 'x'.repeat(10_000));
    storage.put('state', 'a.json', JSON.stringify('x'.repeat(10_000)));
    storage.fail(/alt=media/, { kind: 'cut' }, 2);
    const isTransient = (error: unknown) => isPortError(error, 'transient');
    await assert.rejects(scenes.read('a.blend', generation, 0, 5000), isTransient);
    await assert.rejects(records.read('a.json'), isTransient);
    assert.equal(storage.asked.length, 2);
  });

  test('a listing of which the second page fails is no listing', async (t) => {
    const { storage, scenes } = await world(t);
    for (let shot = 0; shot < 1001; shot += 1) storage.put('scenes', `film/${shot}.blend`, 'x');
    storage.fail(/pageToken/, { kind: 'status', status: 503 });
    await assert.rejects(scenes.list(), (error) => isPortError(error, 'transient'));
    assert.equal((await scenes.list()).length, 1001);
  });
});

describe('Cloud Storage scenes', () => {
  test('a listing asks for shots and few fields only, and leaves pieces of uploads out', async (t) => {
    const { storage, scenes } = await world(t);
    for (const path of [
      'film/a.blend',
      'film/deep/er/b.BLEND',
      'film/a.render.json',
      'film/tex.png',
      'film/a.blend1',
      'film/folder.blend/',
      'gcloud/tmp/parallel_composite_uploads/x/a.blend',
    ])
      storage.put('scenes', path, 'x');
    const listed = await scenes.list();
    assert.deepEqual(listed.map(({ path }) => path).sort(), [
      'film/a.blend',
      'film/a.render.json',
      'film/deep/er/b.BLEND',
    ]);
    const query = new URLSearchParams(storage.asked.at(-1)?.split('?')[1]);
    assert.equal(
      query.get('fields'),
      'items(name,generation,size,timeCreated,crc32c,metadata),nextPageToken',
    );
  });

  test('a change of the metadata alone is no new version of the file', async (t) => {
    const { storage, scenes } = await world(t);
    storage.put('scenes', 'a.blend', 'x');
    const before = await scenes.look('a.blend');
    await delay(5);
    const patched = await fetch(`${storage.url}/storage/v1/b/scenes/o/a.blend`, {
      method: 'PATCH',
      body: JSON.stringify({ metadata: { looked: 'at' } }),
    });
    assert.equal(patched.status, 200);
    assert.deepEqual(await scenes.look('a.blend'), before);
  });

  test('a file that is stored packed is read as it is stored', async (t) => {
    const { storage, scenes } = await world(t);
    const packed = gzipSync('BLENDER'.repeat(1000));
    const { generation } = storage.put('scenes', 'a.blend', packed, { contentEncoding: 'gzip' });
    const whole = await scenes.read('a.blend', generation, 0, 1_000_000);
    assert.deepEqual(Buffer.from(whole), packed);
    const part = await scenes.read('a.blend', generation, 2, 3);
    assert.deepEqual(Buffer.from(part), packed.subarray(2, 5));
  });

  test('a name that leads to another resource is never asked for', async (t) => {
    const { storage, scenes, renders, records } = await world(t);
    for (const path of ['..', '.', 'a\nb', 'x'.repeat(1025)]) {
      assert.equal(await scenes.look(path), null);
      const isRefused = (error: unknown) => isPortError(error, 'invalid', 'notFound');
      await assert.rejects(scenes.read(path, '1', 0, 1), isRefused);
      await assert.rejects(renders.write(path, bytes('x'), 'image/png'), isRefused);
      await assert.rejects(records.read(path), isRefused);
    }
    assert.deepEqual(storage.asked, []);
  });
});

describe('Cloud Storage records', () => {
  test('a record that is no JSON is invalid, whatever else it is', async (t) => {
    const { storage, records } = await world(t);
    storage.put('state', 'a.json', '{"half');
    await assert.rejects(records.read('a.json'), (error) => isPortError(error, 'invalid'));
  });

  test('bytes that were damaged on the way are not taken in', async (t) => {
    const { storage, records } = await world(t);
    await records.create('a.json', 1);
    storage.fail(/alt=media/, { kind: 'damage' });
    await assert.rejects(records.read('a.json'), (error) => isPortError(error, 'transient'));
  });

  test('the storage is told the checksum of what it is given', async (t) => {
    const { storage, records } = await world(t);
    await records.create('a.json', 1);
    assert.match(String(storage.requests.at(-1)?.body), /"crc32c":"kPWZ4w=="/);
  });

  test('one record is written at most once a second, however often it is asked for', async (t) => {
    const { storage, openBucket } = await storageWorld(t, { limitsWrites: true });
    const records = createCloudRecords({ openBucket, bucket: 'state', pace: createWritePace() });
    await Promise.all([records.overwrite('a.json', 1), records.overwrite('b.json', 1)]);
    await records.overwrite('a.json', 2);
    assert.equal((await records.read('a.json'))?.value, 2);
    assert.equal(storage.asked.filter((line) => line.startsWith('POST')).length, 3);
  });
});

describe('Cloud Storage lease', () => {
  test('expires by the clock of the storage, however wrong the own one is', async (t) => {
    const storageClock = new FakeClock();
    const { lease, clock } = await world(t, { clock: storageClock });
    clock.advance(-3_600_000);
    assert.notEqual(await lease.acquire('killed', 30_000), null);
    clock.advance(7_200_000);
    assert.equal(await lease.acquire('next', 30_000), null);
    storageClock.advance(30_000);
    assert.notEqual(await lease.acquire('next', 30_000), null);
  });

  test('an object that is no lease of ours locks nobody out', async (t) => {
    const { storage, lease } = await world(t);
    storage.put('state', 'lease.json', 'by hand');
    assert.notEqual(await lease.acquire('me', 30_000), null);
    assert.equal(await lease.acquire('other', 30_000), null);
  });
});

describe('Cloud Storage uploads', () => {
  test('a session takes the bytes in goes, says how far it is, and puts the object in its place', async (t) => {
    const finished: string[] = [];
    const { storage, scenes, uploads } = await world(t, { onFinalized: ({ name }) => finished.push(name) });
    const whole = Buffer.alloc(KIB_256 + 10, 'b');
    const { url } = await uploads.begin(
      'film/shot 1.blend',
      whole.length,
      'https://page.test',
      'anna@studio.example',
    );
    assert.equal(storage.requests.at(-1)?.headers['x-upload-content-length'], String(whole.length));
    const put = (range: string, body: Buffer) =>
      fetch(url, { method: 'PUT', headers: { 'content-range': range }, body: new Uint8Array(body) });

    const first = await put(`bytes 0-${KIB_256 - 1}/${whole.length}`, whole.subarray(0, KIB_256));
    assert.deepEqual([first.status, first.headers.get('range')], [308, `bytes=0-${KIB_256 - 1}`]);
    assert.equal(first.headers.get('access-control-allow-origin'), 'https://page.test');
    assert.equal(await scenes.look('film/shot 1.blend'), null);
    const asked = await put(`bytes */${whole.length}`, Buffer.alloc(0));
    assert.deepEqual([asked.status, asked.headers.get('range')], [308, `bytes=0-${KIB_256 - 1}`]);
    const last = await put(`bytes ${KIB_256}-${whole.length - 1}/${whole.length}`, whole.subarray(KIB_256));
    assert.equal(last.status, 200);

    const seen = await scenes.look('film/shot 1.blend');
    assert.equal(seen?.size, whole.length);
    assert.equal(seen?.sentBy, 'anna@studio.example');
    assert.equal((await scenes.list()).at(0)?.sentBy, 'anna@studio.example');
    assert.deepEqual(finished, ['film/shot 1.blend']);
    assert.equal(
      text(await scenes.read('film/shot 1.blend', seen?.generation ?? '', KIB_256, 99)),
      'b'.repeat(10),
    );
  });
});

describe('Cloud Storage sign-in', () => {
  test('each request, an upload too, carries the token; without one it is denied', async (t) => {
    const { storage, openBucket } = await storageWorld(t, { token: 'good' });
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: 'good', expiry_date: Date.now() + 3_600_000 });
    const signedIn = createStorageClient({
      projectId: 'test',
      endpoint: { apiEndpoint: storage.url, authClient, useAuthWithCustomEndpoint: true },
    });
    const records = createCloudRecords({ openBucket: signedIn, bucket: 'state', pace: createWritePace(0) });
    await records.create('a.json', 1);
    assert.equal((await records.read('a.json'))?.value, 1);
    assert.deepEqual(await records.list(''), ['a.json']);
    await createCloudUploads({ openBucket: signedIn, bucket: 'scenes' }).begin(
      'a.blend',
      1,
      'https://p.test',
    );

    const stranger = createCloudRecords({ openBucket, bucket: 'state', pace: createWritePace(0) });
    await assert.rejects(stranger.read('a.json'), (error) => isPortError(error, 'denied'));
  });
});
