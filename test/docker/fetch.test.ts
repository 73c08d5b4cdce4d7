import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { dockerFolder, shellAbsent, start, temporaryFolder } from './shell.ts';

const PLACE = 'Blender4.5/blender-4.5.11-linux-x64.tar.gz';

describe("the images' fetch.sh", { skip: shellAbsent }, () => {
  it('unpacks what has the listed checksum, without its top folder', async (t) => {
    const { run, folder, asked } = await prepare(t, ({ sum }) => `blender 4.5.11 ${sum} ${PLACE}`);
    assert.equal((await run('blender', '4.5.11', folder)).code, 0);
    assert.equal(readFileSync(join(folder, 'blender'), 'utf8'), 'a program\n');
    assert.deepEqual(asked, [`/${PLACE}`]);
  });

  it('takes the first version that is listed when none is named', async (t) => {
    const { run, folder, asked } = await prepare(
      t,
      ({ sum }) => `helm 4.1.4 ${sum} helm-v4.1.4.tar.gz\nhelm 4.0.0 ${sum} helm-v4.0.0.tar.gz`,
    );
    assert.equal((await run('helm', folder)).code, 0);
    assert.deepEqual(asked, ['/helm-v4.1.4.tar.gz']);
  });

  it('refuses an archive with another checksum and unpacks nothing of it', async (t) => {
    const { run, folder } = await prepare(t, () => `blender 4.5.11 ${'0'.repeat(64)} ${PLACE}`);
    const { code, out } = await run('blender', '4.5.11', folder);
    assert.equal(code, 1);
    assert.match(out, /its SHA-256 is [0-9a-f]{64}, not 0{64}\. Nothing was unpacked/);
    assert.equal(existsSync(folder), false);
  });

  for (const missing of ['unknown', 'abcdef', '']) {
    it(`downloads nothing whose checksum is "${missing}", and says who has to write it`, async (t) => {
      const { run, folder, asked } = await prepare(t, () => `blender 4.5.11 ${missing || '-'} ${PLACE}`);
      const { code, out } = await run('blender', '4.5.11', folder);
      assert.equal(code, 1);
      assert.match(out, /blender 4\.5\.11 has no checksum .* Write the SHA-256 that its publisher lists/);
      assert.deepEqual(asked, []);
    });
  }

  it('says which versions there are instead of one that is not listed', async (t) => {
    const { run, folder } = await prepare(t, ({ sum }) => `blender 4.5.11 ${sum} a\nblender 5.1.1 ${sum} b`);
    const { code, out } = await run('blender', '2.79', folder);
    assert.equal(code, 1);
    assert.match(out, /blender 2\.79 is not listed in \S+; there is: 4\.5\.11 5\.1\.1/);
  });

  it('fails when the archive is not there', async (t) => {
    const { run, folder } = await prepare(t, ({ sum }) => `blender 4.5.11 ${sum} absent`);
    const { code, out } = await run('blender', '4.5.11', folder);
    assert.equal(code, 1);
    assert.match(out, /could not download http:\S+\/absent/);
  });

  it('has a checksum for everything that the repository lists', () => {
    for (const line of listed())
      assert.match(line, /^(blender|flamenco|helm) +\d+(\.\d+)+ +[0-9a-f]{64} +\S+$/);
  });

  it('lists what the Dockerfiles take when nobody says otherwise', () => {
    const text = readFileSync(join(dockerFolder, 'worker/Dockerfile'), 'utf8');
    const [, versions = ''] = /ARG BLENDER_VERSIONS="([^"]+)"/.exec(text) ?? [];
    assert.notEqual(versions, '');
    const known = listed().map((line) => line.split(/ +/).slice(0, 2).join(' '));
    for (const version of versions.split(' ')) assert.ok(known.includes(`blender ${version}`), version);
  });
});

function listed(): readonly string[] {
  const text = readFileSync(join(dockerFolder, 'versions'), 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** fetch.sh beside a list of its own, and a server that has one archive under every path but `/absent`. */
async function prepare(t: TestContext, list: (archive: { readonly sum: string }) => string) {
  const root = temporaryFolder(t);
  const archive = makeArchive(root);
  const sum = createHash('sha256').update(archive).digest('hex');
  copyFileSync(join(dockerFolder, 'fetch.sh'), join(root, 'fetch.sh'));
  writeFileSync(join(root, 'versions'), `# a comment\n\n${list({ sum })}\n`);
  const asked: string[] = [];
  const server = createServer(({ url = '' }, answer) => {
    asked.push(url);
    if (url === '/absent') answer.writeHead(404).end();
    else answer.end(archive);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { PATH: process.env.PATH ?? '', BLENDER_BASE_URL: base, HELM_BASE_URL: `${base}/` };
  const run = (...args: string[]) => start(t, join(root, 'fetch.sh'), args, env).ended;
  return { run, folder: join(root, 'unpacked'), asked };
}

function makeArchive(root: string): Buffer {
  const top = join(root, 'top-folder');
  mkdirSync(top);
  writeFileSync(join(top, 'blender'), 'a program\n');
  const made = spawnSync('tar', ['-czf', join(root, 'archive'), '-C', root, 'top-folder']);
  assert.equal(made.status, 0);
  assert.ok(readdirSync(root).includes('archive'));
  return readFileSync(join(root, 'archive'));
}
