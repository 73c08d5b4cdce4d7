import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { AppDeps } from '../../services/control/http/deps.ts';
import { type Bench, makeApp } from '../http/app-for-tests.ts';
import { unzip } from '../http/unzip.ts';
import { cannotBrowse, launchBrowser, openPage, seen } from './browser.ts';
import { assertGood } from './good.ts';
import { aBusyStatus, aRunRecord } from './statuses.ts';

const MIB = 1024 * 1024;
const nameOf = (frame: number) => `sh030_${String(frame).padStart(4, '0')}.exr`;

describe('the zip in a browser', { skip: cannotBrowse, timeout: 300_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  /** A shot of `count` frames, opened. */
  async function openShot(t: TestContext, proved: string, overrides: Partial<AppDeps> = {}) {
    const bench = makeApp(t, overrides);
    const output = { pattern: 'sh030_####', extension: '.exr', views: [''] };
    const run = aRunRecord(24, { proved, output });
    await bench.records.overwrite('status.json', aBusyStatus());
    await bench.records.create('runs/r3.json', run);
    for (let frame = 1; frame <= 24; frame += 1)
      bench.renders.put(`${run.shot}/v001/${nameOf(frame)}`, Buffer.alloc(MIB, frame));
    const url = await bench.app.listen({ port: 0, host: '127.0.0.1' });
    const page = await openPage(t, browser, `${url}/#/shot/r3`);
    await page.getByRole('button', { name: 'As a zip…' }).click();
    return { bench, page };
  }

  async function fetchIt(page: Page) {
    const begun = page.waitForEvent('download');
    await page.getByRole('dialog').getByRole('button', { name: 'Fetch it' }).click();
    return begun;
  }

  it('says how much it is and what it costs, then brings every frame', async (t) => {
    const { page } = await openShot(t, '1-24', { egressPricePerGiB: 1 });
    const dialog = page.getByRole('dialog');
    assert.match(await seen(dialog), /Fetch film\/sh030 as a zip\?.*All 24 frames: 24 files, 25 MB\./s);
    assert.match(await seen(dialog), /Google asks about \$0\.02 for the traffic/);
    await assertGood(page, 'zip');
    const download = await fetchIt(page);
    assert.equal(download.suggestedFilename(), 'film_sh030_v001.zip');
    const files = unzip(await readFile(await download.path()));
    assert.equal(files.size, 24);
    assert.deepEqual(files.get('film_sh030_v001/sh030_0007.exr'), Buffer.alloc(MIB, 7));
  });

  it('says which frames are there so far, and nothing of money where it costs none', async (t) => {
    const { page } = await openShot(t, '1-20');
    const text = await seen(page.getByRole('dialog'));
    assert.match(text, /20 of 24 frames, those that are proved: 20 files, 21 MB\./);
    assert.doesNotMatch(text, /Google/);
  });

  it('that breaks off is a download that has failed, and the page stays', async (t) => {
    const { bench, page } = await openShot(t, '1-24');
    failInTheMiddle(bench);
    const download = await fetchIt(page);
    assert.notEqual(await download.failure(), null);
    await page.getByRole('button', { name: 'As a zip…' }).waitFor();
  });

  it('that is too large for one says so', async (t) => {
    const list = async (prefix: string) =>
      Array.from({ length: 24 }, (_, index) => {
        const path = `${prefix}${nameOf(index + 1)}`;
        return { path, generation: 'g', size: 100_000_000, updatedAt: 0, crc32c: null };
      });
    const never = () => assert.fail('nothing is read or written');
    const { page } = await openShot(t, '1-24', { renders: { list, read: never, write: never } });
    await page.getByText('24 files of 2.4 GB are more than a zip holds here (65,534 of 2 GB).').waitFor();
    assert.match(await seen(page.locator('.fetch')), /npm run pull -- film\/sh030 --version v001/);
  });
});

function failInTheMiddle({ renders }: Bench): void {
  const before = renders.callsOf('read').length;
  renders.onCall = (when) => {
    if (when === 'before' && renders.callsOf('read').length >= before + 12)
      renders.failUntilHealed('transient', 'read');
  };
}
