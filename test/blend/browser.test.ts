import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import type { BlendFacts } from '../../services/control/blend/facts.ts';
import { SCENES, sceneFile, unpackZstd } from './sources.ts';
import { assertAsBlenderSays } from './what-blender-says.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CHROMIUM = process.env.CHROMIUM ?? 'chromium';
const isHere = spawnSync(CHROMIUM, ['--version']).status === 0;
const skip = isHere ? false : 'no Chromium: install it (apt-get install chromium) or set CHROMIUM';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What a page does with a file that somebody chose: nothing but slices of it and decompression of its own. */
const PAGE = '<!doctype html><input type="file"><script type="module" src="/page.js"></script>';
const SCRIPT = `
import { readBlend } from './services/control/blend/read.ts';
import { blendTools, blobSource } from './services/page/send/blend-tools.ts';
document.querySelector('input').addEventListener('change', async ({ target }) => {
  const file = blobSource(target.files[0]);
  let slices = 0;
  const read = (offset, length) => {
    slices++;
    return file.read(offset, length);
  };
  const answer = await readBlend({ size: file.size, read }, blendTools).catch((error) => ({ code: error.code }));
  document.title = JSON.stringify({ slices, answer });
});
document.title = 'ready';
`;

describe('in a browser', { skip, timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-browser-'));
  let script = '';
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : PAGE);
  });
  let browser: Browser;
  before(async () => {
    script = await bundle();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({ executablePath: pathOf(CHROMIUM), args: FLAGS });
  });
  after(async () => {
    await browser?.close();
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function readThere(name: string, bytes: Uint8Array): Promise<{ slices: number; answer: BlendFacts }> {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const page = await browser.newPage();
    const address = server.address();
    assert.ok(typeof address === 'object' && address);
    await page.goto(`http://127.0.0.1:${address.port}/`);
    await page.waitForFunction("document.title === 'ready'");
    await page.setInputFiles('input', path);
    await page.waitForFunction("document.title.startsWith('{')");
    const title = await page.title();
    await page.close();
    return JSON.parse(title);
  }

  const scene = isHere ? unpackZstd(sceneFile('5.2/settings')) : new Uint8Array(0);

  it('says of a chosen file what Blender says, by slices of it', async () => {
    const { slices, answer } = await readThere('plain.blend', scene);
    assertAsBlenderSays(answer, join(SCENES, '5.2', 'settings.json'));
    assert.ok(slices >= 1 && slices <= 2, `${slices} slices`);
  });

  for (const [name, compression, compress] of [
    ['gzip', 'gzip', gzipSync],
    ['Zstandard as Blender writes it', 'zstd', () => sceneFile('5.2/settings')],
    ['Zstandard without a table', 'zstd', (bytes: Uint8Array) => zstdCompressSync(bytes)],
  ] as const)
    it(`decompresses ${name} with what the page gives it`, async () => {
      const { answer } = await readThere('packed.blend', compress(scene));
      assertAsBlenderSays(answer, join(SCENES, '5.2', 'settings.json'));
      assert.equal(answer.compression, compression);
    });

  it('refuses a damaged frame', async () => {
    const bytes = new Uint8Array(sceneFile('5.2/settings'));
    bytes.fill(0xff, 40, 400);
    const { answer } = await readThere('damaged.blend', bytes);
    assert.deepEqual(answer, { code: 'corrupt' });
  });

  it('refuses with the same errors', async () => {
    const { answer } = await readThere('cut.blend', scene.subarray(0, 100_000));
    assert.deepEqual(answer, { code: 'truncated' });
  });
});

/** The page's script with the reader in it, as the page itself is bundled. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: ROOT },
    bundle: true,
    format: 'esm',
    target: 'es2023',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** Where the program is that a name stands for. */
function pathOf(program: string): string {
  if (program.includes('/')) return program;
  return (process.env.PATH ?? '').split(':').flatMap((dir) => globSync(join(dir, program)))[0] ?? program;
}
