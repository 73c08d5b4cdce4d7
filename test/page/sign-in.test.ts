import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { commandsIn } from '../http/app-for-tests.ts';
import { ANNA, aDoor } from '../http/sign-in-world.ts';
import { cannotBrowse, launchBrowser, openPage, seen, shoot } from './browser.ts';
import { assertGood } from './good.ts';
import { aBusyStatus, aRunRecord } from './statuses.ts';
import { cannotServeTls, startTlsFront } from './tls-front.ts';

const EVE = 'eve@evil.test';
const HOUR = 60 * 60_000;

describe('the door in a browser', { skip: cannotBrowse || cannotServeTls, timeout: 300_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  /** The service behind TLS, with accounts on another site; `deploy` starts it anew with another list. */
  async function serve(t: TestContext) {
    const front = await startTlsFront(t);
    const door = await aDoor(t, () => front.host, [ANNA, EVE]);
    const deploy = async (people: readonly string[]) => {
      const bench = door.start(people, { knownHosts: ['localhost'] });
      await bench.records.overwrite('status.json', aBusyStatus());
      front.put(await bench.app.listen({ port: 0, host: '127.0.0.1' }));
      return bench;
    };
    const bench = await deploy([ANNA]);
    return { ...door, bench, deploy, url: `https://${front.host}` };
  }

  async function open(t: TestContext, url: string, width = 1280): Promise<Page> {
    const viewport = { width, height: 800 };
    return openPage(t, browser, url, { ignoreHTTPSErrors: true, viewport });
  }

  async function signIn(page: Page, email = ANNA): Promise<void> {
    await page.getByRole('link', { name: 'Sign in with Google' }).click();
    await page.getByRole('link', { name: email }).click();
  }

  /** Away and back to the window: the page looks at once. */
  const look = (page: Page) => page.evaluate("dispatchEvent(new Event('online'))");

  it('opens for who is on the list; what is asked for carries the name; signing out closes it', async (t) => {
    const { bench, clock, url } = await serve(t);
    const page = await open(t, url);
    assert.match(await seen(page.locator('main')), /Sign in to see what is rendering/);
    await shoot(page, 'door');
    await signIn(page);
    await page.locator('.card').first().waitFor();
    assert.equal(page.url(), `${url}/`);
    assert.match(await seen(page.locator('.me')), /anna@example\.org/);
    await shoot(page, 'signed-in');
    // The stream brings what changes, with the session.
    await bench.records.overwrite('status.json', aBusyStatus({ sentence: 'Rendering on 5 workers.' }));
    clock.advance(2000);
    await page.getByText('Rendering on 5 workers').waitFor();
    await page.getByRole('button', { name: 'Pause new work' }).click();
    const answered = page.waitForResponse((answer) => answer.url().endsWith('/farm/pause'));
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    assert.equal((await answered).status(), 202);
    assert.deepEqual(commandsIn(bench), [{ kind: 'pause', by: ANNA }]);

    assert.equal(await page.evaluate('document.cookie'), '', 'no script sees the session');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in with Google' }).waitFor();
    assert.deepEqual(await page.context().cookies(), []);
    await page.goBack();
    assert.equal(await page.locator('.card').count(), 0);
  });

  it('leads to the shot that a link was to, once, and not to another place', async (t) => {
    const { bench, url } = await serve(t);
    await bench.records.create('runs/r3.json', aRunRecord(24));
    const page = await open(t, `${url}/#/shot/r3`);
    await signIn(page);
    await page.getByRole('heading', { name: 'sh030' }).waitFor();
    assert.equal(page.url(), `${url}/#/shot/r3`);
    await page.goto('about:blank');
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    assert.equal(page.url(), `${url}/`);
  });

  it('stays closed for who is not on the list, who can take another account', async (t) => {
    const { url } = await serve(t);
    const page = await open(t, url);
    await signIn(page, EVE);
    await page.getByText(`${EVE} may not use this page.`).waitFor();
    await shoot(page, 'door-closed');
    await page.getByRole('link', { name: 'Use another account' }).click();
    await page.getByRole('link', { name: ANNA }).click();
    await page.locator('.card').first().waitFor();
  });

  it('closes for who is taken off the list while the page is open, and shows nothing any more', async (t) => {
    const { deploy, url } = await serve(t);
    const page = await open(t, url);
    await signIn(page);
    await page.locator('.card').first().waitFor();
    await deploy(['ben@example.org']);
    await look(page);
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    assert.equal(await page.locator('.card').count(), 0);
    await shoot(page, 'signed-out');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(`${ANNA} may not use this page.`).waitFor();
    await deploy([ANNA]);
    await page.goto(url);
    await page.locator('.card').first().waitFor();
  });

  it('closes when the session is over, and opens again by signing in from another tab', async (t) => {
    const { clock, url } = await serve(t);
    const page = await open(t, url);
    await signIn(page);
    await page.locator('.card').first().waitFor();
    clock.advance(12 * HOUR);
    await look(page);
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    // The browser itself has forgotten nothing: twelve hours of its own have not passed.
    const other = await page.context().newPage();
    await other.goto(url);
    await signIn(other);
    await other.locator('.card').first().waitFor();
    await page.bringToFront();
    await look(page);
    await page.locator('.card').first().waitFor();
  });

  for (const [name, claims] of Object.entries({
    'for another client': { aud: '999-other.apps.googleusercontent.com' },
    'of another issuer': { iss: 'https://evil.test' },
    'of another sign-in': { nonce: 'another' },
  }))
    it(`stays closed for a token ${name}`, async (t) => {
      const { accounts, url } = await serve(t);
      accounts.say(claims);
      const page = await open(t, url);
      await signIn(page);
      await page.getByText("Google's word for you could not be taken.").waitFor();
      assert.equal((await page.context().cookies()).length, 0);
    });

  it('signs nobody in who was lured to the way back of somebody else', async (t) => {
    const { accounts, deploy, url } = await serve(t);
    await deploy([ANNA, EVE]);
    const page = await open(t, url);
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    t.after(() => context.close());
    const eve = await context.newPage();
    await eve.goto(`${url}/sign-in`);
    const code = accounts.choose(eve.url(), EVE);
    const state = new URL(eve.url()).searchParams.get('state') ?? '';
    await page.goto(`${url}/sign-in/done?${new URLSearchParams({ state, code })}`);
    await page.getByText('This sign-in was not begun in this browser').waitFor();
    assert.deepEqual(await page.context().cookies(), []);
  });

  it('does nothing with the session for a page of another site', async (t) => {
    const { bench, url, accounts } = await serve(t);
    const page = await open(t, url);
    await signIn(page);
    await page.locator('.card').first().waitFor();
    const evil = await page.context().newPage();
    await evil.goto(`http://${accounts.server.host}/nothing`);
    const post = (path: string) =>
      `fetch('${url}${path}', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' }).then(() => {}, () => {})`;
    for (const path of ['/farm/teardown', '/sign-out']) await evil.evaluate(post(path));
    await evil.evaluate(
      `{ const form = document.createElement('form'); form.method = 'POST'; form.action = '${url}/farm/teardown'; document.documentElement.append(form); form.submit() }`,
    );
    await evil.waitForURL(`${url}/farm/teardown`);
    assert.deepEqual(commandsIn(bench), []);
    await page.reload();
    await page.locator('.card').first().waitFor();
  });

  for (const width of [360, 1600])
    it(`fits ${width} pixels, and axe finds nothing serious`, async (t) => {
      const { url } = await serve(t);
      const page = await open(t, url, width);
      await assertGood(page, `door-${width}`);
      await signIn(page);
      await page.locator('.me').waitFor();
      await assertGood(page, `signed-in-${width}`);
    });
});
