import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import type { BlendFacts } from '../../services/control/blend/facts.ts';
import { SCENES, sceneFile, unpackZstd } from './sources.ts';
import { assertAsBlenderSays } from './what-blender-says.ts';

const BLEND = join(import.meta.dirname, '..', '..', 'services', 'control', 'blend');
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

/** What a page does with a file that somebody chose: nothing but slices of it and the browser's own decompression. */
const PAGE = `<!doctype html><input type="file"><script type="module">
import { readBlend } from './blend/read.ts';
const tools = {
  async *gunzip(pieces) {
    const iterator = pieces[Symbol.asyncIterator]();
    const pull = async (stream) => {
      const { done, value } = await iterator.next();
      if (done) stream.close();
      else stream.enqueue(value);
    };
    const stream = new ReadableStream({ pull }).pipeThrough(new DecompressionStream('gzip'));
    for await (const piece of stream) yield piece;
  },
};
document.querySelector('input').addEventListener('change', async ({ target }) => {
  const [file] = target.files;
  let slices = 0;
  const read = async (offset, length) => {
    slices++;
    return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
  };
  const answer = await readBlend({ size: file.size, read }, tools).catch((error) => ({ code: error.code }));
  document.title = JSON.stringify({ slices, answer });
});
document.title = 'ready';
</script>`;

describe('in a browser', { skip, timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-browser-'));
  const server = createServer(({ url = '/' }, response) => {
    const found = bodyOf(url);
    response.writeHead(found ? 200 : 404, { 'content-type': found?.type ?? 'text/plain' }).end(found?.body);
  });
  let browser: Browser;
  before(async () => {
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

  it('decompresses with what the page gives it', async () => {
    const { answer } = await readThere('packed.blend', gzipSync(scene));
    assertAsBlenderSays(answer, join(SCENES, '5.2', 'settings.json'));
    assert.equal(answer.compression, 'gzip');
  });

  it('refuses with the same errors', async () => {
    const { answer } = await readThere('cut.blend', scene.subarray(0, 100_000));
    assert.deepEqual(answer, { code: 'truncated' });
  });
});

/** The page, and the reader's own files with their types taken off: nothing is bundled, nothing replaced. */
function bodyOf(url: string): { readonly type: string; readonly body: string } | null {
  if (url === '/') return { type: 'text/html', body: PAGE };
  const name = globSync('*.ts', { cwd: BLEND }).find((file) => url === `/blend/${file}`);
  if (name === undefined) return null;
  return { type: 'text/javascript', body: stripTypeScriptTypes(readFileSync(join(BLEND, name), 'utf8')) };
}

/** Where the program is that a name stands for. */
function pathOf(program: string): string {
  if (program.includes('/')) return program;
  return (process.env.PATH ?? '').split(':').flatMap((dir) => globSync(join(dir, program)))[0] ?? program;
}
