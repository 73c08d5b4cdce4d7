import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { makeFlatShots, RED, slowly } from '../e2e/flat-shots.ts';
import { cannotRender, startService, until, untilRun } from '../e2e/service.ts';
import { cannotBrowse, launchBrowser, openPage, seen, shoot } from '../page/browser.ts';

const PATIENCE_MS = 240_000;
/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('the whole way on the page', { skip: cannotRender || cannotBrowse, timeout: 900_000 }, () => {
  let browser: Browser;
  let folder = '';
  before(async () => {
    browser = await launchBrowser();
    folder = mkdtempSync(join(tmpdir(), 'tablao-page-'));
    mkdirSync(join(folder, 'film', 'tex'), { recursive: true });
    mkdirSync(join(folder, 'long'), { recursive: true });
    makeFlatShots([
      { file: join(folder, 'film', 'sh010.blend'), colour: RED, frames: 24, image: '//tex/wood.png' },
      { file: join(folder, 'long', 'slow.blend'), colour: RED, frames: 6, script: slowly(5) },
    ]);
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function choose(page: Page, name: string): Promise<void> {
    await page.locator('input[type=file]').first().setInputFiles(join(folder, name));
    await page.locator('.found').waitFor();
  }

  it('goes from a dropped project, with a texture that comes later, to a video that plays and frames rendered again', async (t) => {
    const bucket = join(folder, 'bucket');
    const service = await startService(t, { bucket, args: ['--idle-seconds', '30'] });
    const page = await openPage(t, browser, `${service.url}/#/send`, {
      viewport: { width: 1440, height: 900 },
    });
    page.setDefaultTimeout(PATIENCE_MS);

    await choose(page, 'film');
    assert.match(await seen(page.locator('.files.missing')), /film\/tex\/wood\.png is missing/);
    await page.getByRole('button', { name: 'Send without 1 missing file' }).click();
    await page.getByText('1 shot handed over').waitFor();
    await page.getByRole('link', { name: 'See it render' }).click();
    await page
      .getByText(/A file is missing: film\/tex\/wood\.png/)
      .first()
      .waitFor();
    await shoot(page, 'whole-way-missing');

    writeFileSync(join(folder, 'film', 'tex', 'wood.png'), PNG);
    await page.goto(`${service.url}/#/send`);
    await choose(page, 'film');
    await page.getByText('Everything that it refers to is here: 2 files').waitFor();
    await page.getByRole('button', { name: 'Send and render' }).click();
    await page.getByText('1 shot handed over').waitFor();
    assert.match(await seen(page.locator('.progress')), /1 there already/);

    const run = await untilRun(service, 'film/sh010', ['completed', 'failed', 'rejected', 'incomplete'], 240);
    assert.equal(run.state, 'completed', JSON.stringify(run.reason));
    await page.goto(`${service.url}/#/shot/${run.id}`);
    await page.locator('.frame.proved').nth(23).waitFor();
    await page.locator('video').waitFor();
    await page.evaluate("document.querySelector('video').play()");
    // Asked again from here: the page's policy forbids what waitForFunction does.
    await until('the video to play', () =>
      page.evaluate<boolean>("document.querySelector('video').currentTime > 0.2"),
    );
    await page.getByRole('button', { name: 'Frame 3, done and proved' }).click();
    assert.match(await seen(page.locator('.frame-panel')), /Worker\s+\S+/);
    await shoot(page, 'whole-way-done');

    const frame = (number: number) =>
      join(bucket, 'renders', 'film', 'sh010', 'v001', `f_${String(number).padStart(3, '0')}.png`);
    assert.ok(existsSync(frame(3)), frame(3));
    const before = readFileSync(frame(4));
    await page.getByRole('button', { name: 'Render again…: film/sh010' }).click();
    await page.getByRole('dialog').getByLabel('Some frames').fill('3,7-8');
    await page.getByRole('dialog').getByRole('button', { name: 'Render', exact: true }).click();
    const second = await until(
      'the second run',
      async () => {
        const [newest] = await service.runsOf('film/sh010');
        return newest !== undefined && newest.id !== run.id && newest.state === 'completed'
          ? newest
          : undefined;
      },
      service.status,
      240,
    );
    assert.deepEqual([second.version, second.frames.total, second.frames.done], ['v001', 3, 3]);
    assert.deepEqual(readFileSync(frame(4)), before);
    await page.goto(`${service.url}/#/shot/${second.id}`);
    await page.locator('.frame.proved').nth(2).waitFor();
    assert.equal(await page.locator('.frame').count(), 3);
    assert.equal(await page.locator('.runs li').count(), 2);
  });

  it('cancels, outlives a service that is killed, and takes the farm down', async (t) => {
    const bucket = join(folder, 'other-bucket');
    const env = { ALLOW_SCENE_SCRIPTS: 'true' };
    const service = await startService(t, { bucket, args: ['--idle-seconds', '60'], env });
    const page = await openPage(t, browser, `${service.url}/#/send`);
    page.setDefaultTimeout(PATIENCE_MS);
    await choose(page, 'long');
    await page.getByRole('button', { name: 'Send and render' }).click();
    await page.getByRole('link', { name: 'See it render' }).click();
    await untilRun(service, 'long/slow', ['rendering'], 240);
    await page.locator('.card .state', { hasText: 'rendering' }).waitFor();
    await page.getByRole('button', { name: 'Cancel: long/slow' }).click();
    await page.getByRole('button', { name: 'Cancel it' }).click();
    await page.locator('.card .state', { hasText: 'cancelled' }).waitFor();
    await page.getByRole('button', { name: 'Take down now' }).click();
    await page.getByRole('button', { name: 'Take it down' }).click();
    await page.locator('.stages .now', { hasText: 'Down' }).waitFor();
    await service.kill();
    await page.evaluate("dispatchEvent(new Event('online'))");
    await page.getByText(/Connection lost\. Last seen/).waitFor();
  });
});
