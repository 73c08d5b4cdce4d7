import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fetchFile } from '../../services/cli/pull/fetch-file.ts';
import { parsePull } from '../../services/cli/pull/options.ts';
import { claimFolder } from '../../services/cli/pull/whose-folder.ts';
import { createServiceClient, type ServiceClient } from '../../services/cli/service/service-client.ts';
import { crcOf } from '../../services/control/adapters/local/upload-file.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import { aRun, aStatus } from '../http/app-for-tests.ts';
import { type BucketsBench, KINDS, someBytes, startBuckets, tempDir, write } from './buckets-for-tests.ts';

const TABLAO = resolve(import.meta.dirname, '../../services/cli/tablao.ts');
const OUTPUT = { pattern: 'sh010_####', extension: '.exr', views: [''] };
const FOLDER = 'film/sh010/v001';

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Runs the program as people do; `meanwhile` may end it in the middle. */
async function pull(args: readonly string[], meanwhile?: (kill: () => void) => void): Promise<Ended> {
  const child = spawn(process.execPath, [TABLAO, 'pull', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  meanwhile?.(() => child.kill('SIGKILL'));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, said: out + err };
}

function putRun(bench: BucketsBench, overrides: Partial<RunRecord> = {}): void {
  const run = aRun({
    frames: '1-6',
    proved: '1-6',
    state: 'completed',
    output: OUTPUT,
    startedAt: 1,
    ...overrides,
  });
  bench.records.putText(`runs/${run.id}.json`, JSON.stringify(run));
}

/** The status as a pass leaves it: one run, so many frames done. */
function putStatus(bench: BucketsBench, done: number, state: RunRecord['state'], id = 'r1'): void {
  const run = { id, shot: 'film/sh010', state, frames: { total: 3, done, active: 0, failed: 0 } };
  bench.records.putText('status.json', JSON.stringify({ ...aStatus(), runs: [run] }));
  // The service reads it once a second.
  bench.clock.advance(1000);
}

const frameOf = (frame: number) => someBytes(frame, 1_500_000);
const nameOf = (frame: number) => `sh010_000${frame}.exr`;

/** A frame as workers leave it: the picture, what a File Output node wrote, and the kit's record. */
function putFrame(bench: BucketsBench, frame: number): void {
  const extra = `outputs/mask/mask_000${frame}.png`;
  bench.putRender(`${FOLDER}/${nameOf(frame)}`, frameOf(frame));
  bench.putRender(`${FOLDER}/${extra}`, Buffer.from(`mask ${frame}`));
  const files = [
    { path: nameOf(frame), bytes: 1_500_000 },
    { path: extra, bytes: 6 },
  ];
  const record = { frame, run: 'r1', state: 'done', files };
  bench.putRender(`${FOLDER}/records/000${frame}.json`, Buffer.from(JSON.stringify(record)));
}

function assertFrames(dir: string, frames: readonly number[]): void {
  for (const frame of frames) {
    assert.deepEqual(readFileSync(join(dir, nameOf(frame))), frameOf(frame), `frame ${frame}`);
    assert.equal(readFileSync(join(dir, 'outputs', 'mask', `mask_000${frame}.png`), 'utf8'), `mask ${frame}`);
  }
}

async function checksumOf(t: TestContext, bytes: Buffer): Promise<string> {
  const path = join(tempDir(t), 'bytes');
  write(path, bytes);
  return crcOf(path);
}

const MARK = '.tablao-version';
const partsIn = (dir: string) => readdirSync(dir).filter((name) => name.startsWith('.') && name !== MARK);

describe('tablao pull', { concurrency: 4 }, () => {
  for (const kind of KINDS)
    it(`fetches the proved frames out of ${kind} over a network that breaks, byte for byte`, async (t) => {
      const bench = await startBuckets(t, kind, { meanBytes: 1_500_000, cutsAtMost: 4 });
      for (const frame of [1, 2, 3, 4, 5, 6]) putFrame(bench, frame);
      bench.putRender(`${FOLDER}/preview.mp4`, Buffer.from('a film'));
      putRun(bench);
      const to = join(tempDir(t), 'here');
      const { code, said } = await pull(['film/sh010', '--to', to, '--url', bench.url]);
      assert.equal(code, 0, said);
      assert.ok(bench.cuts() >= 2, `${bench.cuts()} cuts`);
      assert.match(said, /13 files, 9\.0 MB, into /);
      assert.match(said, /6 of 6 frames of v001 are in /);
      assert.equal(/Google asks less than \$0\.01/.test(said), kind === 'Cloud Storage');
      assertFrames(to, [1, 2, 3, 4, 5, 6]);
      assert.equal(readFileSync(join(to, 'preview.mp4'), 'utf8'), 'a film');
      assert.deepEqual(partsIn(to), []);
    });

  it('goes on where it was killed, and fetches again what was damaged meanwhile', async (t) => {
    const bench = await startBuckets(t, 'folders');
    for (const frame of [1, 2, 3, 4, 5, 6]) putFrame(bench, frame);
    putRun(bench);
    const to = join(tempDir(t), 'here');
    const args = ['film/sh010', '--to', to, '--url', bench.url];
    await pull(args, (kill) => {
      const watch = setInterval(() => {
        if (!existsSync(to) || partsIn(to).length === 0) return;
        clearInterval(watch);
        kill();
      }, 1);
      t.after(() => clearInterval(watch));
    });
    write(join(to, nameOf(2)), Buffer.alloc(1_500_000, 'x'));
    const again = await pull(args);
    assert.equal(again.code, 0, again.said);
    assertFrames(to, [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(partsIn(to), []);
    assert.doesNotMatch((await pull(args)).said, /files,/, 'nothing is fetched a third time');
  });

  it('leaves alone what is not proved, or is being rendered again', async (t) => {
    const bench = await startBuckets(t, 'folders');
    for (const frame of [1, 2, 3, 4]) putFrame(bench, frame);
    putRun(bench, { frames: '1-4', proved: '1-3', state: 'incomplete' });
    putRun(bench, { id: 'r2', count: 2, frames: '2', proved: '', state: 'rendering' });
    const to = join(tempDir(t), 'here');
    const { code, said } = await pull(['film/sh010', '--to', to, '--url', bench.url]);
    assert.equal(code, 1);
    assert.match(said, /2 of 4 frames of v001/);
    assertFrames(to, [1, 3]);
    assert.deepEqual([existsSync(join(to, nameOf(2))), existsSync(join(to, nameOf(4)))], [false, false]);
  });

  it('leaves alone what a later run wrote over and ended without proving', async (t) => {
    const bench = await startBuckets(t, 'folders');
    for (const frame of [1, 2, 3]) putFrame(bench, frame);
    putRun(bench, { frames: '1-3', proved: '1-3' });
    const startedAt = Date.now() + 1;
    putRun(bench, { id: 'r2', count: 2, frames: '1-3', proved: '', state: 'cancelled', startedAt });
    while (Date.now() < startedAt + 50) await delay(10);
    // Refused by the kit before it touched the first picture; the second was made anew.
    for (const frame of [1, 2])
      bench.putRender(`${FOLDER}/records/000${frame}.json`, Buffer.from('{"run": "r2", "files": []}'));
    bench.putRender(`${FOLDER}/${nameOf(2)}`, frameOf(9));
    const to = join(tempDir(t), 'here');
    const { code, said } = await pull(['film/sh010', '--to', to, '--url', bench.url]);
    assert.equal(code, 1);
    assert.match(said, /sh010_0002\.exr as it was proved is not in the bucket any more/);
    assert.match(said, /2 of 3 frames of v001/);
    assertFrames(to, [3]);
    assert.deepEqual([existsSync(join(to, nameOf(1))), existsSync(join(to, nameOf(2)))], [true, false]);
  });

  it('with --watch fetches each frame as it is proved, until all has ended, and reads only what has changed', async (t) => {
    const bench = await startBuckets(t, 'folders');
    for (const frame of [1, 2]) putFrame(bench, frame);
    for (let other = 0; other < 120; other += 1) putRun(bench, { id: `x${other}`, shot: 'film/sh020' });
    putRun(bench, { frames: '1-3', proved: '1-2', state: 'rendering' });
    putStatus(bench, 2, 'rendering');
    const to = join(tempDir(t), 'here');
    const readsOf = (name: string) => bench.records.callsOf('read').filter(([one]) => one === name).length;
    const { code, said } = await pull(['film/sh010', '--to', to, '--watch', '--url', bench.url], () => {
      const watch = setInterval(() => {
        if (!existsSync(join(to, nameOf(2))) || readsOf('runs/r1.json') < 2) return;
        clearInterval(watch);
        putFrame(bench, 3);
        putRun(bench, { frames: '1-3', proved: '1-3' });
        putStatus(bench, 3, 'completed');
      }, 5);
      t.after(() => clearInterval(watch));
    });
    assert.equal(code, 0, said);
    assertFrames(to, [1, 2, 3]);
    assert.deepEqual([readsOf('runs/x0.json'), readsOf('runs/r1.json')], [1, 3]);
  });

  it('with --watch waits for a service that is started again', async (t) => {
    const bench = await startBuckets(t, 'folders');
    for (const frame of [1, 2]) putFrame(bench, frame);
    putRun(bench, { frames: '1-2', proved: '1', state: 'rendering' });
    const to = join(tempDir(t), 'here');
    let refused = 0;
    const refuse = (socket: Socket) => {
      if (!existsSync(join(to, nameOf(1))) || refused === 3) return;
      refused += 1;
      socket.destroy();
      putRun(bench, { frames: '1-2', proved: '1-2' });
      putStatus(bench, 2, 'completed');
    };
    bench.app.server.prependListener('connection', refuse);
    const { code, said } = await pull(['film/sh010', '--to', to, '--watch', '--url', bench.url], () => {
      const watch = setInterval(() => {
        if (!existsSync(join(to, nameOf(1)))) return;
        clearInterval(watch);
        bench.app.server.closeAllConnections();
      }, 5);
      t.after(() => clearInterval(watch));
    });
    assert.equal(code, 0, said);
    assert.equal(refused, 3);
    assertFrames(to, [1, 2]);
  });

  it('does not hand out the version before for a newer one that is on its way', async (t) => {
    const bench = await startBuckets(t, 'folders');
    putFrame(bench, 1);
    putRun(bench, { frames: '1', proved: '1' });
    const coming = { id: 'r2', count: 2, version: null, frames: null, proved: '', startedAt: null };
    const reason = { code: 'missingFiles', message: 'It waits for wood.png.', action: null };
    putRun(bench, { ...coming, state: 'waiting', reason });
    const to = join(tempDir(t), 'here');
    const { code, said } = await pull(['film/sh010', '--to', to, '--url', bench.url]);
    assert.equal(code, 1);
    assert.match(
      said,
      /1 of 1 frames of v001 .* newer version is on its way \(waiting: It waits for wood\.png\.\)/,
    );
    const watched = join(tempDir(t), 'here');
    const args = ['film/sh010', '--to', watched, '--watch', '--url', bench.url];
    const end = await pull(args, () => {
      const watch = setInterval(() => {
        // Its runs were read.
        if (bench.records.callsOf('read').filter(([name]) => name === 'runs/r2.json').length < 2) return;
        clearInterval(watch);
        bench.putRender(`film/sh010/v002/${nameOf(1)}`, frameOf(2));
        putRun(bench, { ...coming, version: 2, frames: '1', proved: '1', state: 'completed' });
        putStatus(bench, 1, 'completed', 'r2');
      }, 5);
      t.after(() => clearInterval(watch));
    });
    assert.equal(end.code, 0, end.said);
    assert.match(end.said, /film\/sh010 is waited for \(waiting: It waits for wood\.png\.\)/);
    assert.match(end.said, /1 of 1 frames of v002/);
    assert.doesNotMatch(end.said, /v001/);
    assert.deepEqual(readFileSync(join(watched, nameOf(1))), frameOf(2));
  });

  it('with --watch says once that a frame is gone', async (t) => {
    const bench = await startBuckets(t, 'folders');
    putFrame(bench, 1);
    putRun(bench, { frames: '1-2', proved: '1-2' });
    const other = { id: 'r2', count: 2, frames: '3', proved: '', state: 'rendering' } as const;
    putRun(bench, other);
    putStatus(bench, 0, 'rendering', 'r2');
    const args = ['film/sh010', '--to', join(tempDir(t), 'here'), '--watch', '--url', bench.url];
    let looks = 0;
    bench.app.server.prependListener('request', ({ url }) => {
      if (url !== '/renders/look' || ++looks > 1) return;
      putRun(bench, { ...other, state: 'cancelled' });
      putStatus(bench, 0, 'cancelled', 'r2');
    });
    const { said } = await pull(args);
    assert.ok(looks >= 2, `${looks} looks`);
    assert.equal(
      said.match(/sh010_0002\.exr as it was proved is not in the bucket any more/g)?.length,
      1,
      said,
    );
  });

  it('with --watch fetches anew what is written while it is fetched, without it says so', async (t) => {
    for (const args of [['--watch'], []]) {
      const bench = await startBuckets(t, 'folders');
      for (const frame of [1, 2]) putFrame(bench, frame);
      putRun(bench, { frames: '1-2', proved: '1-2' });
      const shorter = frameOf(2).subarray(0, 1_000_000);
      let asked = 0;
      bench.app.server.prependListener('request', ({ url }) => {
        if (url?.endsWith(nameOf(2)) && ++asked === 1) bench.putRender(`${FOLDER}/${nameOf(2)}`, shorter);
      });
      const to = join(tempDir(t), 'here');
      const { code, said } = await pull(['film/sh010', '--to', to, ...args, '--url', bench.url]);
      assert.match(said, /sh010_0002\.exr as it was proved is not in the bucket any more/);
      const isWatching = args.length > 0;
      assert.equal(code, isWatching ? 0 : 1, said);
      assert.match(said, isWatching ? /2 of 2 frames/ : /1 of 2 frames/);
      assert.deepEqual(readFileSync(join(to, nameOf(1))), frameOf(1));
      if (isWatching) assert.deepEqual(readFileSync(join(to, nameOf(2))), shorter);
      assert.deepEqual(partsIn(to), []);
    }
  });

  it('with --watch goes on when a run is dropped, for a library after all', async (t) => {
    const bench = await startBuckets(t, 'folders');
    putFrame(bench, 1);
    putRun(bench, { frames: '1', proved: '1' });
    putRun(bench, { id: 'r2', count: 2, version: null, frames: null, proved: '', state: 'waiting' });
    putStatus(bench, 1, 'completed');
    const to = join(tempDir(t), 'here');
    const { code, said } = await pull(['film/sh010', '--to', to, '--watch', '--url', bench.url], () => {
      const watch = setInterval(() => {
        if (!bench.records.callsOf('read').some(([name]) => name === 'runs/r2.json')) return;
        clearInterval(watch);
        void bench.records.delete('runs/r2.json');
      }, 5);
      t.after(() => clearInterval(watch));
    });
    assert.equal(code, 0, said);
    assertFrames(to, [1]);
  });

  it('says that the disk is full, at once', { skip: process.platform === 'win32' }, async (t) => {
    const bench = await startBuckets(t, 'folders');
    putFrame(bench, 1);
    putRun(bench, { frames: '1', proved: '1' });
    const to = join(tempDir(t), 'here');
    const args = [TABLAO, 'pull', 'film/sh010', '--to', to, '--url', bench.url];
    // No file may be longer than half a megabyte.
    const child = spawn('bash', ['-c', 'ulimit -f 500; exec "$0" "$@"', process.execPath, ...args]);
    const ended = new Promise<number | null>((done) => child.on('close', done));
    const [said] = await Promise.all([text(child.stderr), text(child.stdout)]);
    assert.equal(await ended, 1);
    assert.match(said, /cannot be written: .*\nWhat came is kept/);
    assert.doesNotMatch(said, /connection|at async/);
  });

  it('takes the version that was asked for, and says what there is not', async (t) => {
    const bench = await startBuckets(t, 'folders');
    putFrame(bench, 1);
    putRun(bench, { frames: '1', proved: '1' });
    putRun(bench, { id: 'r2', version: 2, count: 2, frames: '1', proved: '', state: 'failed' });
    const to = join(tempDir(t), 'here');
    const old = await pull(['film/sh010', '--version', 'v001', '--to', to, '--url', bench.url]);
    assert.equal(old.code, 0, old.said);
    assertFrames(to, [1]);
    const newest = await pull(['film/sh010', '--to', to, '--url', bench.url]);
    assert.equal(newest.code, 1);
    assert.match(newest.said, /0 of 1 frames of v002/);
    const none = await pull(['film/sh999', '--url', bench.url]);
    assert.match(none.said, /There is no film\/sh999 to fetch/);
    assert.doesNotMatch(none.said, /What came is kept/);
  });

  it('puts no other version, no other shot and no frame of theirs among what a folder holds', async (t) => {
    const bench = await startBuckets(t, 'folders');
    for (const frame of [1, 2]) putFrame(bench, frame);
    bench.putRender(`film/sh010/v002/${nameOf(2)}`, frameOf(7));
    bench.putRender('film/sh020/v001/sh020_0001.exr', frameOf(8));
    putRun(bench, { frames: '1-2', proved: '1-2' });
    const to = join(tempDir(t), 'here');
    const args = ['--to', to, '--url', bench.url];
    assert.equal((await pull(['film/sh010', ...args])).code, 0);
    putRun(bench, { id: 'r2', version: 2, count: 2, frames: '2', proved: '2' });
    const output = { ...OUTPUT, pattern: 'sh020_####' };
    putRun(bench, { id: 'r3', shot: 'film/sh020', frames: '1', proved: '1', output });
    for (const [shot, folder] of [
      ['film/sh010', 'film/sh010/v002'],
      ['film/sh020', 'film/sh020/v001'],
    ] as const) {
      const { code, said } = await pull([shot, ...args]);
      assert.equal(code, 1, said);
      assert.ok(said.includes(`${to} holds ${FOLDER} (its ${MARK} says so). ${folder} is not put`), said);
    }
    assertFrames(to, [1, 2]);
    assert.equal(existsSync(join(to, 'sh020_0001.exr')), false);
    assert.equal((await pull(['film/sh010', '--version', '1', ...args])).code, 0, 'what it holds goes on');
    const unreadable = join(tempDir(t), 'unreadable');
    mkdirSync(join(unreadable, MARK), { recursive: true });
    assert.match((await pull(['film/sh010', '--to', unreadable, '--url', bench.url])).said, /EISDIR/);
    assert.deepEqual(readdirSync(unreadable), [MARK]);
    const own = join(tempDir(t), 'own');
    write(join(own, nameOf(2)), Buffer.from('mine'));
    const { code, said } = await pull(['film/sh010', '--to', own, '--url', bench.url]);
    assert.equal(code, 1, said);
    assert.match(said, /sh010_0002\.exr is there already, and not of film\/sh010\/v002: choose another/);
    assert.equal(readFileSync(join(own, nameOf(2)), 'utf8'), 'mine');
    assert.deepEqual(readdirSync(own), [nameOf(2)]);
  });

  it('of two versions that are put into a new folder at once takes one', async (t) => {
    const versions = ['film/sh010/v001', 'film/sh010/v002'];
    for (let round = 0; round < 20; round += 1) {
      const to = join(tempDir(t), 'here');
      const claimed = await Promise.allSettled(versions.map((version) => claimFolder(to, version, [])));
      const [winner, ...others] = versions.filter((_, at) => claimed[at]?.status === 'fulfilled');
      assert.deepEqual(others, []);
      assert.equal(readFileSync(join(to, MARK), 'utf8'), `${winner}\n`);
      assert.deepEqual(readdirSync(to), [MARK]);
      const [loser] = claimed.flatMap((one) => (one.status === 'rejected' ? String(one.reason) : []));
      assert.match(loser ?? '', /^OtherVersionError: .* holds film/);
    }
  });

  it('takes a folder whose mark a crash left empty', async (t) => {
    const to = tempDir(t);
    write(join(to, MARK), Buffer.from(''));
    await claimFolder(to, FOLDER, []);
    assert.equal(readFileSync(join(to, MARK), 'utf8'), `${FOLDER}\n`);
  });

  it('writes nothing outside of its folder, and in it nothing but frames, whatever a record says', async (t) => {
    const bench = await startBuckets(t, 'folders');
    putFrame(bench, 1);
    bench.putRender('film/sh010/outside.txt', Buffer.from('outside'));
    bench.putRender(`${FOLDER}/.bashrc`, Buffer.from('hostile'));
    const files = [
      { path: '../outside.txt', bytes: 7 },
      { path: 'outputs/../.bashrc', bytes: 7 },
      { path: '.bashrc', bytes: 7 },
      { path: nameOf(1), bytes: 1_500_000 },
    ];
    bench.putRender(
      `${FOLDER}/records/0001.json`,
      Buffer.from(JSON.stringify({ frame: 1, run: 'r1', files })),
    );
    putRun(bench, { frames: '1', proved: '1' });
    const dir = tempDir(t);
    const { code, said } = await pull(['film/sh010', '--to', join(dir, 'here'), '--url', bench.url]);
    assert.equal(code, 0, said);
    assert.deepEqual(readdirSync(dir), ['here']);
    assert.deepEqual(readdirSync(join(dir, 'here')).sort(), [MARK, nameOf(1)]);
  });

  it('fetches anew what came with other bytes, and gives up when it always does', async (t) => {
    const right = Buffer.from('a frame');
    const crc32c = await checksumOf(t, right);
    const updatedAt = '2026-11-24T09:00:00.000Z';
    const file = { path: 'a/f.png', size: right.length, generation: '1', crc32c, updatedAt };
    for (const [damaged, isGood] of [
      [1, true],
      [9, false],
    ] as const) {
      let asked = 0;
      const client: ServiceClient = {
        ...createServiceClient({ url: 'http://127.0.0.1:9', token: null }),
        open: async () => {
          asked += 1;
          return new Response(asked <= damaged ? 'a frome' : 'a frame', { status: 206 });
        },
      };
      const target = join(tempDir(t), 'f.png');
      const fetched = fetchFile(client, file, target, () => {});
      if (isGood) {
        await fetched;
        assert.deepEqual([asked, readFileSync(target)], [2, right]);
      } else {
        await assert.rejects(fetched, /came with other bytes/);
        assert.equal(existsSync(target), false);
      }
    }
  });

  it('reads its command line', () => {
    const parse = (...args: string[]) => parsePull(args, {});
    assert.match(String(parse()), /name the shot/);
    assert.match(String(parse('a', '--version', 'two')), /write it like v002/);
    assert.match(String(parse('a', 'b')), /one shot at a time/);
    assert.equal((parse('a/b.blend', '--version', '2') as { version: number }).version, 2);
    assert.equal((parse('/a/b.BLEND') as { shot: string }).shot, 'a/b');
  });
});
