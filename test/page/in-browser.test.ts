import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { type Bench, commandsIn, makeApp } from '../http/app-for-tests.ts';
import { cannotBrowse, launchBrowser, openPage, seen, shoot } from './browser.ts';
import { assertFits, assertGood } from './good.ts';
import { aBusyStatus, aRunRecord, aRunStatus } from './statuses.ts';

describe('the page in a browser', { skip: cannotBrowse, timeout: 300_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  async function serve(
    t: TestContext,
    status: StatusDocument,
    inFront?: InFront,
  ): Promise<{ bench: Bench; url: string }> {
    const bench = makeApp(t);
    if (inFront !== undefined)
      bench.app.addHook('onRequest', async (request, reply) => inFront(request, reply));
    await bench.records.overwrite('status.json', status);
    const url = await bench.app.listen({ port: 0, host: '127.0.0.1' });
    return { bench, url };
  }

  it('says at first glance what the farm does, until when and for how much', async (t) => {
    const { url } = await serve(t, aBusyStatus());
    const page = await openPage(t, browser, url);
    const glance = await seen(page.locator('.glance'));
    assert.match(glance, /Rendering 1 shot on 3 workers\. Ready about \d\d:\d\d, for about \$0\.74\./);
    assert.match(glance, /\$1\.40/);
    assert.match(glance, /\$13 this month of \$50/);
    assert.match(glance, /Next: 1 worker is ready to render/);
    assert.match(await seen(page.locator('.fresh')), /As of/);
    const card = await seen(page.locator('.card').first());
    assert.match(card, /10 of 24 frames, 2 in work, 1 failed · about 12 min left \(9 min to 20 min\)/);
    assert.match(card, /asked for by anna@studio\.example/);
    assert.match(card, /\$0\.31 so far, about \$0\.74 in all \(\$0\.60 to \$1\.10\)/);
    assert.match(await seen(page.locator('.card').nth(1)), /A file is missing: film\/tex\/wood\.png/);
    await shoot(page, 'home');
  });

  it('draws the pool over time, and tells what was decided at a mark', async (t) => {
    const { bench, url } = await serve(t, aBusyStatus());
    const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const samples = [30, 20, 10, 2].map((minutes) => {
      return { at: at(minutes), waiting: minutes, ordered: 3, booting: 1, busy: 2, idle: 0, today: 1 };
    });
    await bench.records.overwrite('history.json', { schema: 1, samples });
    const page = await openPage(t, browser, url);
    const box = await page.locator('.plot .u-over').boundingBox();
    assert.ok(box !== null);
    // The farm was ready 15 minutes ago, on an axis of the 30 minutes that are known.
    await page.mouse.move(box.x + box.width * 0.5, box.y + 30);
    await page.getByText(/\d\d:\d\d: farm: ready/).waitFor();
    await page.getByRole('button', { name: 'Money' }).click();
    await page.locator('.plot .u-over').waitFor();
    assert.match(
      String(await page.locator('.plot .canvas').getAttribute('aria-label')),
      /2 busy|2 workers busy/,
    );
    await shoot(page, 'money');
  });

  it('tells what a run was paid for, and which messages did not get through', async (t) => {
    const messages = { waiting: 2, failure: 'hooks.example answered 500', lost: 1, lostReason: null };
    const { bench, url } = await serve(t, aBusyStatus({ messages }));
    await bench.records.create('runs/r3.json', aRunRecord(24, { costs: COSTS }));
    const page = await openPage(t, browser, url);
    const glance = await seen(page.locator('.glance'));
    assert.match(glance, /2 messages wait to be taken: hooks\.example answered 500/);
    assert.match(glance, /1 message was given up today\./);
    await page.goto(`${url}/#/shot/r3`);
    const ledger = await seen(page.locator('.ledger'));
    assert.match(ledger, /What it was paid for\s+\$2\.00/);
    assert.match(ledger, /Rendering\s+\$1\.50 75 %/);
    assert.match(ledger, /The farm itself\s+\$0\.20 10 %/);
    assert.doesNotMatch(ledger, /Lost/);
    assert.match(ledger, /It grows as long as its farm stands/);
  });

  it('follows what changes without a reload', async (t) => {
    const { bench, url } = await serve(t, aBusyStatus());
    const page = await openPage(t, browser, url);
    await page.locator('.card').first().waitFor();
    const next = aBusyStatus({ sentence: 'Rendering 1 shot on 5 workers.' });
    await bench.records.overwrite('status.json', next);
    bench.clock.advance(2000);
    await page.getByText('on 5 workers').waitFor();
  });

  it('asks before it takes the farm down, and says what is lost', async (t) => {
    const { bench, url } = await serve(t, aBusyStatus());
    const page = await openPage(t, browser, url);
    await page.getByRole('button', { name: 'Take down now' }).click();
    const dialog = page.getByRole('dialog');
    assert.match(await seen(dialog), /2 frames in work are lost.*3 workers end at once/s);
    await shoot(page, 'take-down');
    await dialog.getByRole('button', { name: 'No, leave it' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(commandsIn(bench), []);
    await page.getByRole('button', { name: 'Take down now' }).click();
    await page.getByRole('button', { name: 'Take it down' }).click();
    await untilCommands(bench, 1);
    await page.getByRole('button', { name: 'Keep awake an hour' }).click();
    assert.match(await seen(dialog), /\$0\.20/);
    await page.getByRole('button', { name: 'Keep it up' }).click();
    await untilCommands(bench, 2);
    await page.getByRole('button', { name: 'Pause new work' }).click();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await untilCommands(bench, 3);
    assert.deepEqual(commandsIn(bench), [
      { kind: 'teardown', by: null },
      { kind: 'wake', by: null, minutes: 60 },
      { kind: 'pause', by: null },
    ]);
  });

  it('renders some frames again with other settings, and shows what the service has against it', async (t) => {
    const { bench, url } = await serve(t, aBusyStatus());
    await bench.records.create('runs/r3.json', aRunRecord(24));
    const page = await openPage(t, browser, url);
    await page.getByRole('button', { name: 'Render again…: film/sh030' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Some frames').fill('3,7-8');
    await dialog.getByLabel('Samples').fill('many');
    await dialog.getByRole('button', { name: 'Render', exact: true }).click();
    assert.match(await seen(dialog.getByRole('alert')), /samples/);
    await dialog.getByLabel('Samples').fill('32');
    await dialog.getByRole('button', { name: 'Render', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await untilCommands(bench, 1);
    const settings = { samples: 32, frames: '3,7-8' };
    assert.deepEqual(commandsIn(bench).slice(1), [{ kind: 'again', runId: 'r3', by: null, settings }]);
  });

  it('says when it was last seen while the connection is lost, and goes on when it is back', async (t) => {
    const { bench, url } = await serve(t, aBusyStatus());
    const page = await openPage(t, browser, url);
    await page.locator('.card').first().waitFor();
    await page.context().setOffline(true);
    await page.evaluate("dispatchEvent(new Event('online'))");
    await page.getByText(/Connection lost\. Last seen/).waitFor();
    await shoot(page, 'connection-lost');
    await bench.records.overwrite('status.json', aBusyStatus({ sentence: 'Back again.' }));
    bench.clock.advance(2000);
    await page.context().setOffline(false);
    await page.getByText('Back again.').waitFor();
    assert.equal(await page.getByText('Connection lost').count(), 0);
  });

  it('says so when nobody has looked for long', async (t) => {
    const old = new Date(Date.now() - 600_000).toISOString();
    const { url } = await serve(t, aBusyStatus({ asOf: old, nextLookAt: old }));
    const page = await openPage(t, browser, url);
    await page.getByText(/Last looked at 10 min ago: this may not be so any more/).waitFor();
  });

  for (const [width, colorScheme] of [
    [360, 'light'],
    [360, 'dark'],
    [1600, 'light'],
    [1600, 'dark'],
  ] as const)
    it(`fits ${width} pixels, ${colorScheme}, and axe finds nothing serious`, async (t) => {
      const { bench, url } = await serve(t, aBusyStatus());
      await bench.records.create('runs/r3.json', aRunRecord(24, { costs: COSTS }));
      const page = await openPage(t, browser, url, { viewport: { width, height: 800 }, colorScheme });
      await page.locator('.card').first().waitFor();
      await assertGood(page, `home-${width}-${colorScheme}`);
      await page.goto(`${url}/#/shot/r3`);
      await page.locator('.ledger').waitFor();
      await assertGood(page, `ledger-${width}-${colorScheme}`);
      await page.locator('.frame').first().click();
      await page.locator('.frame-panel').waitFor();
      await assertGood(page, `shot-${width}-${colorScheme}`);
      await page.goto(`${url}/#/send`);
      await page.locator('.chooser').waitFor();
      await assertGood(page, `send-${width}-${colorScheme}`);
      await page.goto(url);
      await page.getByRole('button', { name: 'Render again…: film/sh030' }).click();
      await page.getByRole('dialog').waitFor();
      await assertGood(page, `again-${width}-${colorScheme}`);
    });

  it('can be used by keyboard alone', async (t) => {
    const { bench, url } = await serve(t, aBusyStatus());
    await bench.records.create(
      'runs/r1.json',
      aRunRecord(24, { id: 'r1', state: 'rendering', endedAt: null }),
    );
    await bench.records.create('runs/r3.json', aRunRecord(24));
    const page = await openPage(t, browser, url);
    await page.locator('.card').first().waitFor();
    await tabTo(page, 'Cancel: film/sh010');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'Cancel: film/sh010');
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    await tabTo(page, 'Cancel it');
    await page.keyboard.press('Enter');
    await untilCommands(bench, 1);
    await tabTo(page, 'Frames of film/sh030');
    await page.keyboard.press('Enter');
    await page.locator('.frame').first().waitFor();
    await tabTo(page, 'Frame 1, done and proved');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('heading', { name: 'Frame 2' }).waitFor();
    await page.waitForFunction("document.activeElement?.ariaLabel?.startsWith('Frame 2,')");
  });

  it('says that the session is over where Identity-Aware Proxy stands before it', async (t) => {
    let isOver = false;
    // Google's page for signing in is of another origin: a script that is sent there learns nothing.
    const { url } = await serve(t, aBusyStatus(), (request, reply) => {
      if (!isOver) return;
      if (request.headers['x-requested-with'] === 'XMLHttpRequest')
        return reply.code(401).send('Invalid IAP credentials: empty token');
      return reply.redirect('https://accounts.example/');
    });
    const page = await openPage(t, browser, url);
    await page.locator('.card').first().waitFor();
    isOver = true;
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    assert.equal(await page.locator('.card').count(), 0);
  });

  it('shows hostile names, reasons and logs as text', async (t) => {
    const markup = '<img src=x onerror="window.wasRun=1"><script>window.wasRun=1</script>';
    const shot = `film/${markup}\u202egnp.\u202c\u0007${'very'.repeat(200)}`;
    const run = aRunStatus({
      shot,
      reason: { code: 'x', message: `${markup}\u0000`, action: markup },
      warnings: [markup],
    });
    const decisions = [{ at: new Date().toISOString(), what: markup, reason: markup }];
    const { bench, url } = await serve(
      t,
      aBusyStatus({ sentence: markup, runs: [run], decisions, leftovers: [markup] }),
    );
    const trouble = {
      frame: 1,
      attempts: 3,
      message: markup,
      log: `${markup}\n\u001b[31m`,
      workers: [markup],
    };
    const inputs = [{ path: shot, generation: 'g', size: 1, crc32c: '' }];
    const record = aRunRecord(3, {
      id: 'r1',
      shot,
      inputs,
      troubles: [trouble],
      proved: '',
      warnings: [markup],
      state: 'failed',
    });
    await bench.records.create('runs/r1.json', record);
    bench.renders.put(
      `${shot}/v001/records/0001.json`,
      JSON.stringify({
        frame: 1,
        run: 'r1',
        state: 'failed',
        worker: markup,
        error: markup,
        log: markup,
        warnings: [markup],
      }),
    );
    const page = await openPage(t, browser, url, { viewport: { width: 360, height: 800 } });
    await page.locator('.card').waitFor();
    assert.match(await seen(page.locator('.glance h1')), /<img src=x onerror=/);
    await assertFits(page);
    await page.goto(`${url}/#/shot/r1`);
    await page.locator('.frame').first().click();
    await page.locator('textarea.log').waitFor();
    assert.equal(await seen(page.locator('.frame-panel .reason')), markup);
    await assertFits(page);
    await shoot(page, 'hostile');
    assert.equal(await page.evaluate('window.wasRun'), undefined);
    assert.equal(await page.locator('main img[src="x"]').count(), 0);
  });

  it('takes nothing from a page of another origin', async (t) => {
    const { bench, url } = await serve(t, aBusyStatus());
    const other = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>other</title>');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    t.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(`http://127.0.0.1:${port}/`);
    // As text: Node's types know no document.
    const answers = await page.evaluate(`(async (service) => {
      const tries = [];
      const attempt = (init) =>
        fetch(service + '/farm/teardown', { method: 'POST', ...init }).then(
          (answer) => tries.push(answer.type + ' ' + answer.status),
          () => tries.push('failed'),
        );
      await attempt({ body: '{}' });
      await attempt({ body: '{}', mode: 'no-cors' });
      await attempt({ body: '{}', headers: { 'content-type': 'application/json' } });
      await attempt({ body: new URLSearchParams({ a: 'b' }), mode: 'no-cors' });
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', enctype: 'text/plain', action: service + '/farm/teardown', target: 'elsewhere' });
      document.body.append(form);
      form.submit();
      await fetch(service + '/status').then(
        () => tries.push('was read'),
        () => tries.push('was not read'),
      );
      return tries;
    })(${JSON.stringify(url)})`);
    assert.deepEqual(answers, ['failed', 'failed', 'failed', 'failed', 'was not read']);
    assert.deepEqual(commandsIn(bench), []);
    // Else its spare connection is waited for when the service is closed.
    await page.close();
  });

  it('draws only what is on screen of 500 shots and of 5,000 frames', async (t) => {
    const runs = Array.from({ length: 500 }, (_, index) =>
      aRunStatus({
        id: `s${index}`,
        shot: `film/sh${index}`,
        thumbnail: `film/sh${index}/v001/thumbs/0001.jpg`,
      }),
    );
    const { bench, url } = await serve(t, aBusyStatus({ runs }));
    await bench.records.create('runs/s0.json', aRunRecord(5000, { id: 's0', shot: 'film/sh0' }));
    const page = await openPage(t, browser, url);
    await page.locator('.card').nth(499).waitFor({ state: 'attached' });
    const pictures = bench.renders.callsOf('read').length;
    assert.ok(pictures < 100, `${pictures} pictures were loaded`);
    await page.getByRole('searchbox').fill('sh49');
    await page.waitForFunction("document.querySelectorAll('.card').length === 11");
    await page.goto(`${url}/#/shot/s0`);
    await page.locator('.frame').first().waitFor();
    const drawn = await page.locator('button.frame').count();
    assert.ok(drawn <= 2000, `${drawn} frames are drawn`);
    assert.ok((await page.evaluate<number>("document.querySelectorAll('*').length")) < 3000);
    // What is drawn on the way may make the page longer: people scroll on, too.
    const last = page.getByRole('button', { name: /^Frame 5000,/ });
    for (const endsAt = Date.now() + 30_000; (await last.count()) === 0 && Date.now() < endsAt; )
      await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await last.click();
    await page.getByRole('heading', { name: 'Frame 5000' }).waitFor();
    await shoot(page, 'many-frames');
  });
});

/** What stands before the service and may answer in its place. */
type InFront = (request: FastifyRequest, reply: FastifyReply) => unknown;

const COSTS = { rendering: 1.5, loading: 0.1, boot: 0.1, idle: 0.1, lost: 0, fees: 0.2 };

async function untilCommands(bench: Bench, count: number): Promise<void> {
  const found = () =>
    commandsIn(bench).filter((one) => typeof one === 'object' && one !== null && 'kind' in one);
  for (const endsAt = Date.now() + 30_000; found().length < count; ) {
    assert.ok(Date.now() < endsAt, `${count} commands did not come: ${JSON.stringify(found())}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

const focused = (page: Page) =>
  page.evaluate<string>("document.activeElement?.ariaLabel ?? document.activeElement?.textContent ?? ''");

async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 120; presses += 1) {
    if ((await focused(page)).startsWith(name)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to "${name}"`);
}
