import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { readFacts } from '../../services/cli/read-facts.ts';
import { createServiceClient, type ServiceClient } from '../../services/cli/service/service-client.ts';
import { parseSubmit } from '../../services/cli/submit/options.ts';
import { planSubmit, SubmitError } from '../../services/cli/submit/plan.ts';
import { type SendProgress, sendFiles } from '../../services/cli/submit/send-files.ts';
import { createSessions } from '../../services/cli/submit/sessions.ts';
import { crcOf } from '../../services/control/adapters/local/upload-file.ts';
import { type BucketsBench, KINDS, someBytes, startBuckets, tempDir, write } from './buckets-for-tests.ts';

const TABLAO = resolve(import.meta.dirname, '../../services/cli/tablao.ts');
const SCENES = resolve(import.meta.dirname, '../scenes/3.4');

/** A project of a real shot with all that it refers to: six files. */
function project(t: TestContext): string {
  const dir = join(tempDir(t), 'film');
  write(join(dir, 'shots', 'caches', 'cloth.pc2'), someBytes(1, 300_000));
  write(join(dir, 'shots', 'caches', 'smoke_0001.vdb'), someBytes(2, 5_000_000));
  write(join(dir, 'shots', 'lamps', 'spot.ies'), 'IESNA');
  write(join(dir, 'shots', 'sound.wav'), someBytes(3, 2_000_000));
  copyFileSync(join(SCENES, 'settings.blend'), join(dir, 'shots', 'settings.blend'));
  copyFileSync(join(SCENES, 'defaults.blend'), join(dir, 'shots', 'library.blend'));
  return dir;
}

const FILES = [
  'caches/cloth.pc2',
  'caches/smoke_0001.vdb',
  'lamps/spot.ies',
  'library.blend',
  'settings.blend',
  'sound.wav',
];

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Runs the program as people do; `kill` ends it in the middle. */
async function submit(
  home: string,
  args: readonly string[],
  kill?: (child: { kill(): void }) => void,
): Promise<Ended> {
  const child = spawn(process.execPath, [TABLAO, 'submit', ...args], {
    env: { ...process.env, TABLAO_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  kill?.({ kill: () => child.kill('SIGKILL') });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, said: out + err };
}

function assertWhole(bench: BucketsBench, dir: string, base: string): void {
  for (const name of FILES)
    assert.deepEqual(
      bench.scene(`${base}/${name}`),
      Buffer.from(readFileSync(join(dir, 'shots', name))),
      name,
    );
}

describe('tablao submit', () => {
  for (const kind of KINDS)
    it(`sends a project into ${kind} over a network that breaks, byte for byte, settings last`, async (t) => {
      const bench = await startBuckets(t, kind, { meanBytes: 900_000, cutsAtMost: 4 });
      const dir = project(t);
      const { code, said } = await submit(tempDir(t), [
        join(dir, 'shots', 'settings.blend'),
        ...['--root', dir, '--frames', '1-4', '--set', 'samples=8', '--url', bench.url],
      ]);
      assert.equal(code, 0, said);
      assert.match(said, /film\/shots\/settings is sent/);
      assert.ok(bench.cuts() >= 2, `${bench.cuts()} cuts`);
      assertWhole(bench, dir, 'film/shots');
      const settings = JSON.parse(
        Buffer.from(bench.scene('film/shots/settings.render.json') ?? []).toString(),
      ) as { frames: string; samples: number; inputs: { path: string; size: number }[] };
      assert.deepEqual([settings.frames, settings.samples], ['1-4', 8]);
      assert.deepEqual(
        settings.inputs.map(({ path }) => path).sort(),
        FILES.map((name) => `film/shots/${name}`),
      );
    });

  it('goes on where a killed sending stopped, and sends nothing twice', async (t) => {
    const bench = await startBuckets(t, 'Cloud Storage');
    const dir = project(t);
    const home = tempDir(t);
    const args = [join(dir, 'shots', 'settings.blend'), '--url', bench.url];
    const first = await submit(home, args, (child) => {
      const watch = setInterval(() => {
        if (bench.scene('shots/lamps/spot.ies') === null) return;
        clearInterval(watch);
        child.kill();
      }, 2);
      t.after(() => clearInterval(watch));
    });
    assert.equal(bench.scene('shots/settings.render.json'), null, first.said);
    const second = await submit(home, args);
    assert.equal(second.code, 0, second.said);
    assert.match(second.said, /were there already/);
    assertWhole(bench, dir, 'shots');
    assert.deepEqual(readdirSync(join(home, 'uploads')), [], 'no session is left behind');
    const third = await submit(home, args);
    assert.match(third.said, /\(6 of them were there already\)/);
  });

  it('takes up a session in the middle of a file', async (t) => {
    const bench = await startBuckets(t, 'folders');
    const [size, half] = [12_000_000, 5_000_000];
    const source = join(tempDir(t), 'big.bin');
    write(source, someBytes(4, size));
    const client = createServiceClient({ url: bench.url, token: null });
    const { url } = await client.post<{ url: string }>('/uploads', { path: 'big.bin', size });
    const begun = await fetch(url, {
      method: 'PUT',
      headers: { 'content-range': `bytes 0-${half - 1}/${size}` },
      body: new Uint8Array(someBytes(4, size).subarray(0, half)),
      redirect: 'manual',
    });
    assert.equal(begun.status, 308);
    const sessions = createSessions(tempDir(t));
    const key = { service: bench.url, path: 'big.bin', size, crc32c: await crcOf(source) };
    await sessions.remember(key, url);
    const seen: SendProgress[] = [];
    const files = [{ source, path: 'big.bin', size }];
    await sendFiles(files, { client, sessions, onProgress: (progress) => seen.push(progress) });
    assert.deepEqual(bench.scene('big.bin'), readFileSync(source));
    assert.equal(seen.find(({ bytesDone }) => bytesDone > 0)?.bytesDone, half);
    assert.equal(await sessions.find(key), null);
  });

  it('sends a .blend only when all that it refers to is there', async (t) => {
    const bench = await startBuckets(t, 'folders');
    const dir = tempDir(t);
    const files = ['shot.blend', 'wood.png', 'smoke.vdb'].map((path, index) => {
      const [source, size] = [join(dir, path), 1_000_000 * (index + 1)];
      write(source, someBytes(index, size));
      return { source, path, size };
    });
    const there: unknown[] = [];
    const real = createServiceClient({ url: bench.url, token: null });
    const client: ServiceClient = {
      ...real,
      post: (route, body) => {
        if ((body as { path?: string }).path === 'shot.blend')
          there.push(...['wood.png', 'smoke.vdb'].map((path) => bench.scene(path)?.length));
        return real.post(route, body);
      },
    };
    await sendFiles(files, { client, sessions: createSessions(dir), onProgress: () => {} });
    assert.deepEqual(there, [2_000_000, 3_000_000]);
    assert.notEqual(bench.scene('shot.blend'), null);
  });

  it('sends again what has the same size and other bytes there', async (t) => {
    const bench = await startBuckets(t, 'folders');
    const source = join(tempDir(t), 'a.bin');
    const client = createServiceClient({ url: bench.url, token: null });
    const send = async (text: string) => {
      write(source, text);
      const sessions = createSessions(tempDir(t));
      return sendFiles([{ source, path: 'a.bin', size: 3 }], { client, sessions, onProgress: () => {} });
    };
    await send('abc');
    assert.equal((await send('xyz')).known, 0);
    assert.equal(Buffer.from(bench.scene('a.bin') ?? []).toString(), 'xyz');
    assert.equal((await send('xyz')).known, 1);
  });

  it('begins anew when the session is not known any more', async (t) => {
    const bench = await startBuckets(t, 'folders');
    const source = join(tempDir(t), 'a.bin');
    write(source, 'abc');
    const sessions = createSessions(tempDir(t));
    const client = createServiceClient({ url: bench.url, token: null });
    const key = { service: bench.url, path: 'a.bin', size: 3, crc32c: 'Nks/tw==' };
    await sessions.remember(key, `${bench.url}/uploads/${'x'.repeat(32)}`);
    const files = [{ source, path: 'a.bin', size: 3 }];
    const { manifest } = await sendFiles(files, { client, sessions, onProgress: () => {} });
    assert.deepEqual(manifest, [{ path: 'a.bin', size: 3, crc32c: key.crc32c }]);
    assert.equal(Buffer.from(bench.scene('a.bin') ?? []).toString(), 'abc');
  });

  it('knows no session of which the address was not written to its end', async (t) => {
    const dir = tempDir(t);
    const sessions = createSessions(dir);
    const key = { service: 'http://127.0.0.1:9', path: 'a.bin', size: 3, crc32c: 'Nks/tw==' };
    await sessions.remember(key, 'http://127.0.0.1:9/uploads/1');
    assert.equal(await sessions.find(key), 'http://127.0.0.1:9/uploads/1');
    const [file, ...others] = readdirSync(dir);
    assert.deepEqual(others, []);
    write(join(dir, file ?? ''), '');
    assert.equal(await sessions.find(key), null);
  });

  for (const kind of KINDS)
    it(`sends into ${kind} what an upload that was over has brought before, when something else is there now`, async (t) => {
      const bench = await startBuckets(t, kind);
      const client = createServiceClient({ url: bench.url, token: null });
      const source = join(tempDir(t), 'a.bin');
      const sessions = createSessions(tempDir(t));
      // Killed between its last byte and forgetting where it went.
      const killed = { ...sessions, forget: async () => {} };
      const send = async (text: string, known = sessions) => {
        write(source, text);
        const files = [{ source, path: 'a.bin', size: 3 }];
        await sendFiles(files, { client, sessions: known, onProgress: () => {} });
      };
      await send('abc', killed);
      await send('xyz');
      await send('abc');
      assert.equal(Buffer.from(bench.scene('a.bin') ?? []).toString(), 'abc');
    });

  it('says what is missing and who refers to it, and sends nothing', async (t) => {
    const bench = await startBuckets(t, 'folders');
    const dir = project(t);
    rmSync(join(dir, 'shots', 'lamps', 'spot.ies'));
    const args = [join(dir, 'shots', 'settings.blend'), '--url', bench.url];
    const { code, said } = await submit(tempDir(t), args);
    assert.equal(code, 1);
    assert.match(said, /MISSING .*spot\.ies \(needed by .*settings\.blend/);
    assert.match(said, /nothing was sent/);
    assert.equal(bench.scene('shots/sound.wav'), null);
    const forced = await submit(tempDir(t), [...args, '--allow-missing']);
    assert.equal(forced.code, 0, forced.said);
    assert.notEqual(bench.scene('shots/settings.render.json'), null);
  });

  it('explains what cannot be sent', async (t) => {
    const dir = project(t);
    const shot = join(dir, 'shots', 'settings.blend');
    const plan = (options: Partial<Parameters<typeof planSubmit>[0]>) =>
      planSubmit({ file: shot, root: null, to: null, given: {}, readFacts, ...options });
    const sounds = (expected: RegExp) => (error: unknown) =>
      error instanceof SubmitError && expected.test(error.message);
    await assert.rejects(plan({ file: join(dir, 'no.blend') }), sounds(/there is no such file/));
    await assert.rejects(plan({ file: join(dir, 'shots', 'sound.wav') }), sounds(/no \.blend/));
    await assert.rejects(plan({ given: { sample: 3 } }), sounds(/did you mean "samples"/));
    await assert.rejects(plan({ given: { scene: 'Nowhere' } }), sounds(/no scene "Nowhere"/));
    await assert.rejects(plan({ root: join(dir, 'shots', 'lamps') }), sounds(/is not in --root/));
    write(join(dir, 'shots', 'broken.blend'), 'no blend at all');
    await assert.rejects(plan({ file: join(dir, 'shots', 'broken.blend') }), sounds(/cannot be read/));
    const { files, shot: name } = await plan({ root: dir, to: 'mine' });
    assert.equal(name, 'mine/shots/settings');
    assert.ok(files.every(({ path }) => path.startsWith('mine/shots/')));
  });

  it('says so when no service answers', async (t) => {
    const dir = project(t);
    const { code, said } = await submit(tempDir(t), [
      join(dir, 'shots', 'settings.blend'),
      ...['--url', 'http://127.0.0.1:9'],
    ]);
    assert.equal(code, 1);
    assert.match(said, /does not answer at http:\/\/127\.0\.0\.1:9 .*npm start/);
  });

  it('says so when what answers is not Tablao', async (t) => {
    const server = createServer((request, response) => {
      request.resume();
      response.end('<html>sign in</html>');
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const shot = join(project(t), 'shots', 'settings.blend');
    const { code, said } = await submit(tempDir(t), [shot, '--url', url]);
    assert.equal(code, 1);
    assert.match(said, /submit: What answers at http:\S+ is not Tablao/);
    assert.doesNotMatch(said, /SyntaxError/);
  });

  it('reads its command line', () => {
    const parse = (...args: string[]) => parseSubmit(args, {});
    assert.match(String(parse()), /name the \.blend/);
    assert.match(String(parse('a.blend', 'b.blend')), /one shot at a time/);
    assert.match(String(parse('a.blend', '--set', 'samples')), /write --set key=value/);
    assert.match(String(parse('a.blend', '--sets=1')), /--sets/);
    const options = parse('a.blend', '--set', 'blender=4.5', '--set', 'hold=true', '--set', 'viewLayers=A,B');
    assert.ok(typeof options !== 'string');
    assert.deepEqual(options.given, { blender: '4.5', hold: true, viewLayers: ['A', 'B'] });
    assert.equal(options.url, 'http://127.0.0.1:8080');
  });
});
