import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { AppDeps } from '../../services/control/http/deps.ts';
import type { ObjectSeen } from '../../services/control/ports/buckets.ts';
import { aRun, type Bench, makeApp } from './app-for-tests.ts';
import { unzip } from './unzip.ts';

const FOLDER = 'film/sh010/v001';
const MIB = 1024 * 1024;
const nameOf = (frame: number) => `sh010_${String(frame).padStart(4, '0')}.exr`;
const bytesOf = (frame: number, size = 3000) => Buffer.alloc(size, `frame ${frame} `);

const RUN: Partial<RunRecord> = {
  ...{ frames: '1-4', proved: '1-3', state: 'incomplete', startedAt: 1 },
  output: { pattern: 'sh010_####', extension: '.exr', views: [''] },
};

async function putRun(bench: Bench, overrides: Partial<RunRecord> = {}): Promise<void> {
  const run = aRun({ ...RUN, ...overrides });
  await bench.records.overwrite(`runs/${run.id}.json`, run);
}

/** A service with a run of four frames, three of them proved. */
async function world(t: TestContext, overrides: Partial<AppDeps> = {}) {
  const bench = makeApp(t, overrides);
  await putRun(bench);
  for (const frame of [1, 2, 3, 4]) bench.renders.put(`${FOLDER}/${nameOf(frame)}`, bytesOf(frame));
  bench.renders.put(`${FOLDER}/thumbs/0001.jpg`, 'small');
  bench.renders.put(`${FOLDER}/report.json`, '{}');
  const look = async (id = 'r1') => (await bench.app.inject(`/status/runs/${id}/zip`)).json();
  const fetchZip = (id = 'r1') => bench.app.inject(`/runs/${id}/frames.zip`);
  return { ...bench, bench, look, fetchZip };
}

/** What comes over a real connection, and whether it came to its end. */
async function download(bench: Bench): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const response = await begin(bench);
  const parts: Buffer[] = [];
  try {
    for await (const part of response) parts.push(part);
  } catch {
    return { bytes: Buffer.concat(parts), isWhole: false };
  }
  return { bytes: Buffer.concat(parts), isWhole: response.complete };
}

async function begin({ app }: Bench): Promise<IncomingMessage> {
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const [response] = await once(get({ host: '127.0.0.1', port, path: '/runs/r1/frames.zip' }), 'response');
  assert.equal(response.statusCode, 200);
  return response;
}

describe('the zip of a shot', () => {
  it('holds the proved frames of its version as they are, in a folder, and is as long as was said before', async (t) => {
    const { look, fetchZip } = await world(t, { egressPricePerGiB: 0.12 });
    const said = await look();
    const zip = await fetchZip();
    assert.deepEqual([zip.statusCode, zip.headers['content-type']], [200, 'application/zip']);
    assert.equal(
      zip.headers['content-disposition'],
      `attachment; filename="film_sh010_v001.zip"; filename*=UTF-8''film_sh010_v001.zip`,
    );
    const files = unzip(zip.rawPayload);
    assert.deepEqual(
      [...files],
      [1, 2, 3].map((frame) => [`film_sh010_v001/${nameOf(frame)}`, bytesOf(frame)]),
    );
    const bytes = zip.rawPayload.length;
    assert.equal(zip.headers['content-length'], String(bytes));
    assert.deepEqual(said, {
      ...{ files: 3, frames: { proved: 3, wanted: 4 }, bytes, isTooLarge: false },
      dollars: (bytes / 1024 ** 3) * 0.12,
    });
  });

  it('takes frames from all runs of the version, and none that may be written over at this moment', async (t) => {
    const { bench, fetchZip } = await world(t);
    await putRun(bench, { id: 'r2', count: 2, frames: '4', proved: '4', state: 'completed' });
    await putRun(bench, { id: 'r3', count: 3, frames: '2', proved: '', state: 'rendering' });
    await putRun(bench, { id: 'r4', count: 4, version: 2 });
    await putRun(bench, { id: 'r5', count: 1, shot: 'film/sh020' });
    const names = [...unzip((await fetchZip('r2')).rawPayload).keys()];
    assert.deepEqual(
      names,
      [1, 3, 4].map((frame) => `film_sh010_v001/${nameOf(frame)}`),
    );
  });

  it('reads records of other shots once, as long as they cannot come back', async (t) => {
    const { bench, look, fetchZip } = await world(t);
    const other = { shot: 'film/sh020' };
    await putRun(bench, { ...other, id: 'ended', state: 'completed' });
    await putRun(bench, { ...other, id: 'open', state: 'rendering' });
    await putRun(bench, { ...other, id: 'rejected', state: 'rejected' });
    await look();
    const before = bench.records.callsOf('read').length;
    await putRun(bench, { id: 'rejected', count: 2, frames: '4', proved: '4', state: 'completed' });
    const names = [...unzip((await fetchZip()).rawPayload).keys()];
    assert.equal(names.length, 4, 'what was taken up again belongs to it');
    const read = bench.records.callsOf('read').slice(before);
    assert.deepEqual(
      read.map(([name]) => name),
      ['runs/r1.json', 'runs/open.json', 'runs/rejected.json'],
    );
  });

  it('leaves out what a later run wrote over and ended without proving, and what it took away', async (t) => {
    const { bench, clock, renders, look, fetchZip } = await world(t);
    await putRun(bench, { proved: '1-4' });
    const recordOf = (frame: number, run: string) =>
      renders.put(
        `${FOLDER}/records/000${frame}.json`,
        JSON.stringify({ frame, run, state: 'done', files: [{ path: nameOf(frame), bytes: 1 }] }),
      );
    for (const frame of [1, 2, 3, 4]) recordOf(frame, 'r1');
    clock.advance(60_000);
    // Its start is taken to be a little before it was: the fourth frame is newer and the first run's all the same.
    const startedAt = clock.now();
    renders.put(`${FOLDER}/${nameOf(4)}`, bytesOf(4));
    recordOf(4, 'r1');
    clock.advance(60_000);
    // Refused by the kit before it touched the picture.
    recordOf(1, 'r2');
    renders.put(`${FOLDER}/${nameOf(2)}`, bytesOf(9));
    recordOf(2, 'r2');
    renders.remove(`${FOLDER}/${nameOf(3)}`);
    recordOf(3, 'r2');
    await putRun(bench, { id: 'r2', count: 2, startedAt, frames: '1-4', proved: '', state: 'cancelled' });
    const names = [...unzip((await fetchZip()).rawPayload).keys()];
    assert.deepEqual(
      names,
      [1, 4].map((frame) => `film_sh010_v001/${nameOf(frame)}`),
    );
    assert.deepEqual((await look()).frames, { proved: 2, wanted: 4 });
  });

  it('holds each view, and what File Output nodes wrote of proved frames, but no name that leads elsewhere', async (t) => {
    const { bench, renders, fetchZip } = await world(t);
    await putRun(bench, { proved: '1', output: { pattern: 'a_#', extension: '.exr', views: ['_L', '_R'] } });
    for (const name of [
      'a_1_L.exr',
      'a_1_R.exr',
      'outputs/mask/m_0001.png',
      'outputs/mask/m_0002.png',
      '.bashrc',
    ])
      renders.put(`${FOLDER}/${name}`, name);
    const files = ['a_1_L.exr', 'outputs/mask/m_0001.png', '../../evil', '/evil', 'a\\evil', '', '.bashrc'];
    const record = { frame: 1, run: 'r1', state: 'done', files: files.map((path) => ({ path, bytes: 1 })) };
    renders.put(`${FOLDER}/records/0001.json`, JSON.stringify(record));
    assert.deepEqual(
      [...unzip((await fetchZip()).rawPayload).keys()],
      ['a_1_L.exr', 'a_1_R.exr', 'outputs/mask/m_0001.png'].map((name) => `film_sh010_v001/${name}`),
    );
  });

  it('can be of a shot with any name', async (t) => {
    const { bench, renders, fetchZip } = await world(t);
    const shot = 'füm/"a"\r\nx: y; (1)*\'';
    await putRun(bench, { shot, proved: '1' });
    renders.put(`${shot}/v001/${nameOf(1)}`, bytesOf(1));
    const zip = await fetchZip();
    assert.equal(
      zip.headers['content-disposition'],
      `attachment; filename="f_m__a___x__y___1____v001.zip"; filename*=UTF-8''f%C3%BCm__a___x_%20y%3B%20%281%29_%27_v001.zip`,
    );
    assert.deepEqual([...unzip(zip.rawPayload).keys()], [`füm__a___x_ y; (1)_'_v001/${nameOf(1)}`]);
  });

  it('unpacks nowhere else, whatever the shot is called', async (t) => {
    const { bench, renders, fetchZip } = await world(t);
    // To Windows a backslash is a folder.
    const shot = '..\\..\\Startup\\sh010';
    await putRun(bench, { shot, proved: '1' });
    renders.put(`${shot}/v001/${nameOf(1)}`, bytesOf(1));
    const names = [...unzip((await fetchZip()).rawPayload).keys()];
    assert.deepEqual(names, [`.._.._Startup_sh010_v001/${nameOf(1)}`]);
  });

  it('of more than 2 GB is refused with the command that fetches more', async (t) => {
    const bench = makeApp(t);
    const list = async (prefix: string): Promise<readonly ObjectSeen[]> =>
      (await bench.renders.list(prefix)).map((object) => ({ ...object, size: 700_000_000 }));
    const read = bench.renders.read.bind(bench.renders);
    const write = bench.renders.write.bind(bench.renders);
    const large = await world(t, { renders: { list, read, write } });
    for (const frame of [1, 2, 3]) bench.renders.put(`${FOLDER}/${nameOf(frame)}`, 'x');
    const said = await large.look();
    assert.equal(said.isTooLarge, true);
    assert.ok(said.bytes > 2_100_000_000);
    const answer = await large.fetchZip();
    assert.deepEqual([answer.statusCode, answer.json().error.code], [413, 'tooLarge']);
    assert.match(answer.json().error.action, /tablao pull/);
    assert.deepEqual(bench.renders.callsOf('read'), []);
  });

  it('of more files than a zip can count is refused', async (t) => {
    const { bench, look, fetchZip } = await world(t);
    for (const [count, isTooLarge] of [
      [65_534, false],
      [65_535, true],
    ] as const) {
      const output = { pattern: 'a_#', extension: '.exr', views: ['_L'] };
      await putRun(bench, { frames: `1-${count}`, proved: `1-${count}`, output });
      bench.renders.put(`${FOLDER}/a_${count}_L.exr`, '');
      if (!isTooLarge)
        for (let frame = 1; frame < count; frame += 1) bench.renders.put(`${FOLDER}/a_${frame}_L.exr`, '');
      assert.deepEqual([(await look()).files, (await look()).isTooLarge], [count, isTooLarge]);
    }
    assert.equal((await fetchZip()).statusCode, 413);
  });

  it('is refused when nothing is proved, a proved frame has gone, or there is no such run', async (t) => {
    const { bench, renders, look, fetchZip } = await world(t);
    renders.remove(`${FOLDER}/${nameOf(2)}`);
    const gone = await fetchZip();
    assert.deepEqual([gone.statusCode, gone.json().error.code], [409, 'framesGone']);
    assert.match(gone.json().error.message, /sh010_0002\.exr/);
    assert.equal((await look()).error.code, 'framesGone');
    await putRun(bench, { proved: '' });
    assert.equal((await fetchZip()).json().error.code, 'nothingProved');
    await putRun(bench, { version: null, frames: null, output: null, proved: '' });
    assert.equal((await look()).files, 0);
    assert.equal((await fetchZip('r9')).statusCode, 404);
    renders.failNext('list', 'transient');
    assert.equal((await fetchZip()).statusCode, 503);
  });

  it('is not set off by another site or a neighbour, which it would cost nothing', async (t) => {
    const { app } = await world(t);
    const from = async (site: string) =>
      (await app.inject({ url: '/runs/r1/frames.zip', headers: { 'sec-fetch-site': site } })).statusCode;
    for (const site of ['cross-site', 'same-site']) assert.equal(await from(site), 403, site);
    for (const site of ['same-origin', 'none']) assert.equal(await from(site), 200, site);
  });
});

/** Frames of 6 MiB: what is longer than an answer may say it is comes in chunks. */
async function largeWorld(t: TestContext, frames: number) {
  const all = await world(t);
  await putRun(all.bench, { frames: `1-${frames}`, proved: `1-${frames}` });
  for (let frame = 1; frame <= frames; frame += 1)
    all.renders.put(`${FOLDER}/${nameOf(frame)}`, bytesOf(frame, 6 * MIB));
  return all;
}

describe('a zip that is under way', () => {
  it('comes whole, however long it is', async (t) => {
    const { bench } = await largeWorld(t, 7);
    const { bytes, isWhole } = await download(bench);
    assert.equal(isWhole, true);
    assert.equal(
      unzip(bytes)
        .get(`film_sh010_v001/${nameOf(7)}`)
        ?.equals(bytesOf(7, 6 * MIB)),
      true,
    );
  });

  for (const frames of [3, 7])
    for (const [name, strike] of Object.entries({
      'a read fails': ({ renders }: Bench) => renders.failUntilHealed('transient', 'read'),
      'a frame has gone': ({ renders }: Bench) => renders.remove(`${FOLDER}/${nameOf(2)}`),
      'a frame is written anew, with as many bytes': ({ renders }: Bench) =>
        renders.put(`${FOLDER}/${nameOf(2)}`, bytesOf(9, 6 * MIB)),
      'a frame is written anew, and is shorter': ({ renders }: Bench) =>
        renders.put(`${FOLDER}/${nameOf(2)}`, bytesOf(9, 10)),
    }))
      it(`of ${frames * 6} MiB breaks off when ${name}, and looks whole to nobody`, async (t) => {
        const { bench, renders } = await largeWorld(t, frames);
        renders.onCall = (when) => {
          // In the middle of the second frame.
          if (when === 'before' && renders.callsOf('read').length === 8) strike(bench);
        };
        const { bytes, isWhole } = await download(bench);
        assert.equal(isWhole, false);
        assert.ok(bytes.length > 0 && bytes.length < frames * 6 * MIB);
        assert.throws(() => unzip(bytes));
      });

  it('breaks off in a folder, too, which keeps no checksums', async (t) => {
    const kept = makeApp(t);
    const list = async (prefix: string): Promise<readonly ObjectSeen[]> =>
      (await kept.renders.list(prefix)).map((object) => ({ ...object, crc32c: null }));
    const read = kept.renders.read.bind(kept.renders);
    const write = kept.renders.write.bind(kept.renders);
    const { bench } = await world(t, { renders: { list, read, write } });
    for (const frame of [1, 2, 3]) kept.renders.put(`${FOLDER}/${nameOf(frame)}`, bytesOf(frame));
    assert.equal(unzip((await download(bench)).bytes).size, 3);
    kept.renders.onCall = (when) => {
      if (when === 'after' && kept.renders.callsOf('read').length === 5)
        kept.renders.put(`${FOLDER}/${nameOf(2)}`, bytesOf(9));
    };
    const again = await bench.app.inject('/runs/r1/frames.zip').catch(() => null);
    assert.ok(again === null || again.rawPayload.length < 9000, 'the second one broke off');
  });

  it('is read no faster than it is taken, and no further once nobody takes it', async (t) => {
    const { bench, renders } = await largeWorld(t, 30);
    const response = await begin(bench);
    response.pause();
    const read = await settled(() => renders.callsOf('read').length);
    // What fits into the buffers of two ends of a connection.
    assert.ok(read > 0 && read < 60, `${read} MiB of 180 were read`);
    response.destroy();
    await once(response, 'close');
    const all = await settled(() => renders.callsOf('read').length);
    assert.ok(all < 60, `${all} MiB of 180 were read`);
  });

  it('does not keep the service from ending', async (t) => {
    const { bench } = await largeWorld(t, 30);
    const response = await begin(bench);
    response.on('error', () => {}).pause();
    await bench.app.close();
    const closed = new Promise((done) => response.once('close', done));
    response.resume();
    await closed;
    assert.equal(response.complete, false);
  });
});

/** The number, once it has held still. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1; ; ) {
    const now = count();
    if (now === before) return now;
    before = now;
    await delay(300);
  }
}
