import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { createLocalScenes } from '../../services/control/adapters/local/scenes.ts';
import { createLocalUploads } from '../../services/control/adapters/local/uploads.ts';
import { crc32c } from '../../services/page/send/crc32c.ts';
import { makeApp } from '../http/app-for-tests.ts';
import { cannotBrowse, launchBrowser, openPage, seen, shoot } from './browser.ts';
import { aBusyStatus } from './statuses.ts';

const SCENES = join(import.meta.dirname, '..', 'scenes');

/** A shot that needs five files, all of them there; `sound` is one. */
function writeProject(project: string, sound: Uint8Array): void {
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'shot.blend': readFileSync(join(SCENES, '5.2', 'settings.blend')),
    'library.blend': readFileSync(join(SCENES, '5.2', 'defaults.blend')),
    'caches/cloth.pc2': 'cloth',
    'caches/smoke_0001.vdb': 'smoke',
    'lamps/spot.ies': 'light',
    'sound.wav': sound,
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), content);
  }
}

describe('sending', { skip: cannotBrowse, timeout: 300_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  /** The real uploads into a folder, behind the real app. Where `isCut` says so of a piece, its connection is lost. */
  async function serve(
    t: TestContext,
    isCut: (range: string) => boolean = () => false,
  ): Promise<{ url: string; bucket: string; project: string }> {
    const folder = mkdtempSync(join(tmpdir(), 'tablao-sending-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [bucket, project] = [join(folder, 'scenes'), join(folder, 'film')];
    mkdirSync(bucket);
    mkdirSync(project);
    const clock = { now: () => Date.now() };
    const uploads = createLocalUploads({ scenesDir: bucket, uploadsDir: join(folder, 'uploads'), clock });
    // Files hold still for long enough.
    const scenes = createLocalScenes({ dir: bucket, storageNow: async () => Date.now() + 60_000 });
    const bench = makeApp(t, { uploads, uploadStore: uploads, scenes });
    await bench.records.overwrite('status.json', aBusyStatus());
    bench.app.addHook('onRequest', async ({ raw, headers }) => {
      if (isCut(headers['content-range'] ?? '')) raw.destroy();
    });
    return { url: await bench.app.listen({ port: 0, host: '127.0.0.1' }), bucket, project };
  }

  async function choose(page: Page, project: string): Promise<void> {
    await page.locator('input[type=file]').first().setInputFiles(project);
    await page.locator('.found, .others, .send > .notice').first().waitFor();
  }

  it('reads a shot in the browser and says what is missing before a byte is sent', async (t) => {
    const { url, bucket, project } = await serve(t);
    writeFileSync(join(project, 'needs.blend'), readFileSync(join(SCENES, '5.2', 'needs.blend')));
    const page = await openPage(t, browser, `${url}/#/send`);
    await choose(page, project);
    const text = await seen(page.locator('.found'));
    assert.match(text, /film\/needs\.blend/);
    assert.match(text, /Blender 5\.2/);
    assert.match(text, /\d+ files missing/);
    assert.match(text, /in film\/needs\.blend refers to them/);
    // A sequence is one line.
    assert.match(text, /film\/smoke\/s_0004\.vdb to s_0007\.vdb: 4 files are missing; Smoke in/);
    await shoot(page, 'send-missing');
    assert.equal(existsSync(join(bucket, 'film')), false);
  });

  it('sends what is not there yet, then the settings with the manifest, and nothing twice', async (t) => {
    const { url, bucket, project } = await serve(t);
    writeProject(project, new Uint8Array(0));
    writeFileSync(join(project, 'shot.render.json'), '{ "priority": 70 }');
    writeFileSync(join(project, 'notes.txt'), 'needed by nobody');
    const page = await openPage(t, browser, `${url}/#/send`);
    await choose(page, project);
    await page.getByLabel('Frames', { exact: true }).fill('5-1');
    await page.getByText(/runs backwards/).waitFor();
    assert.equal(await page.getByRole('button', { name: /^Send/ }).isDisabled(), true);
    await page.getByLabel('Frames', { exact: true }).fill('3,6');
    await page.getByLabel('Resolution %').fill('50');
    await page.getByRole('button', { name: 'Send and render' }).click();
    await page.getByText('1 shot handed over').waitFor();
    await shoot(page, 'send-done');
    const scene = readFileSync(join(project, 'shot.blend'));
    assert.deepEqual(readFileSync(join(bucket, 'film', 'shot.blend')), scene);
    assert.equal(readFileSync(join(bucket, 'film', 'caches', 'cloth.pc2'), 'utf8'), 'cloth');
    assert.equal(readFileSync(join(bucket, 'film', 'sound.wav')).length, 0);
    assert.equal(existsSync(join(bucket, 'film', 'notes.txt')), false);
    const settings = JSON.parse(readFileSync(join(bucket, 'film', 'shot.render.json'), 'utf8'));
    const [input, ...others] = settings.inputs;
    assert.deepEqual(
      { ...settings, inputs: [] },
      { priority: 70, frames: '3,6', resolutionPercent: 50, inputs: [] },
    );
    assert.deepEqual([input.path, input.size, others.length], ['film/shot.blend', scene.length, 5]);
    await page.getByRole('button', { name: 'Send and render' }).click();
    await page.getByText('Everything was there already').waitFor();
  });

  it('goes on where it stopped when the connection was lost', async (t) => {
    // Three pieces.
    const large = Buffer.alloc(20_000_000, 7);
    const ranges: string[] = [];
    const { url, bucket, project } = await serve(t, (range) => {
      if (!range.endsWith(`/${large.length}`)) return false;
      const piece = range.replace(/\/\d+$/, '');
      // A browser itself tries once more where a connection was used before.
      if (ranges.at(-1) !== piece) ranges.push(piece);
      return piece.startsWith('bytes 8388608-') && !ranges.includes('bytes *');
    });
    writeProject(project, large);
    const page = await openPage(t, browser, `${url}/#/send`);
    await choose(page, project);
    await page.getByRole('button', { name: 'Send and render' }).click();
    await page.getByText('1 shot handed over').waitFor();
    const end = large.length - 1;
    assert.deepEqual(ranges, [
      'bytes 0-8388607',
      'bytes 8388608-16777215',
      'bytes *',
      'bytes 8388608-16777215',
      `bytes 16777216-${end}`,
    ]);
    assert.ok(readFileSync(join(bucket, 'film', 'sound.wav')).equals(large));
  });

  it('goes on where it stopped when the page was loaded anew', async (t) => {
    const large = Buffer.alloc(20_000_000, 9);
    const ranges: string[] = [];
    let isDown = true;
    const { url, bucket, project } = await serve(t, (range) => {
      if (!range.endsWith(`/${large.length}`)) return false;
      ranges.push(range.replace(/\/\d+$/, ''));
      return isDown && ranges.length > 1;
    });
    writeProject(project, large);
    const page = await openPage(t, browser, `${url}/#/send`);
    await choose(page, project);
    await page.getByRole('button', { name: 'Send and render' }).click();
    await page.getByText('Connection lost: it goes on by itself').waitFor();
    isDown = false;
    ranges.length = 0;
    page.on('dialog', (dialog) => dialog.accept());
    await page.reload();
    await choose(page, project);
    await page.getByRole('button', { name: 'Send and render' }).click();
    await page.getByText('1 shot handed over').waitFor();
    assert.deepEqual(ranges.slice(-3), [
      'bytes *',
      'bytes 8388608-16777215',
      `bytes 16777216-${large.length - 1}`,
    ]);
    assert.ok(readFileSync(join(bucket, 'film', 'sound.wav')).equals(large));
  });

  it('says so when a file was saved again while it was sent, and hands nothing over', async (t) => {
    const { url, bucket, project } = await serve(t, (range) => {
      if (!range.startsWith('bytes 8388608-')) return false;
      writeFileSync(sound, 'saved again');
      return true;
    });
    const sound = join(project, 'sound.wav');
    writeProject(project, Buffer.alloc(20_000_000, 7));
    const page = await openPage(t, browser, `${url}/#/send`);
    await choose(page, project);
    await page.getByRole('button', { name: 'Send and render' }).click();
    await page.getByText('film/sound.wav was changed since you chose it.').waitFor();
    assert.equal(existsSync(join(bucket, 'film', 'shot.render.json')), false);
  });

  it('takes what is dropped anywhere on the page', async (t) => {
    const { url } = await serve(t);
    const page = await openPage(t, browser, url);
    await page.locator('.card').first().waitFor();
    const scene = readFileSync(join(SCENES, '5.2', 'settings.blend')).toString('base64');
    await page.evaluate(`(() => {
      const bytes = Uint8Array.from(atob('${scene}'), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], 'dropped.blend'));
      for (const type of ['dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    })()`);
    await page.locator('.found').waitFor();
    assert.match(await seen(page.locator('.found h2')), /^\s*dropped\.blend$/);
    assert.match(await seen(page.locator('.files.missing')), /library\.blend is missing/);
  });

  it('keeps what was dropped of a folder by its paths', async (t) => {
    const { url, project } = await serve(t);
    mkdirSync(join(project, 'a', 'b'), { recursive: true });
    writeFileSync(join(project, 'a', 'b', 'shot.blend'), readFileSync(join(SCENES, '5.2', 'settings.blend')));
    writeFileSync(join(project, 'a', 'b', 'shot.blend1'), 'a backup');
    writeFileSync(join(project, '.hidden.blend'), 'hidden');
    const page = await openPage(t, browser, url);
    await choose(page, project);
    await page.goto(`${url}/#/send`);
    assert.equal(await page.locator('.found').count(), 1);
    assert.match(await seen(page.locator('.found h2')), /film\/a\/b\/shot\.blend/);
  });

  it('says why a file is no shot', async (t) => {
    const { url, project } = await serve(t);
    writeFileSync(join(project, 'broken.blend'), 'BLENDER-but not really');
    const page = await openPage(t, browser, `${url}/#/send`);
    await choose(page, project);
    assert.match(await seen(page.locator('.others')), /broken\.blend it cannot be read/);
    assert.equal(await page.getByRole('button', { name: /^Send/ }).isDisabled(), true);
  });
});

describe('the checksum of what is sent', () => {
  it('is CRC-32C, in one go and in pieces', () => {
    const bytes = new TextEncoder().encode('123456789');
    assert.equal(crc32c(bytes), 0xe3069283);
    const long = Uint8Array.from({ length: 1003 }, (_, index) => (index * 7) & 255);
    for (const at of [0, 1, 8, 13, 1003])
      assert.equal(crc32c(long.subarray(at), crc32c(long.subarray(0, at))), crc32c(long));
  });
});
