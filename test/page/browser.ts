import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? 'chromium';
const isHere = spawnSync(CHROMIUM, ['--version']).status === 0;

/** Why these tests cannot run here; `false` = they can. */
export const cannotBrowse = isHere
  ? false
  : 'no Chromium: install it (apt-get install chromium) or set CHROMIUM';

/** Ignored by git. */
const SCREENSHOTS = join(import.meta.dirname, '..', 'screenshots');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: pathOf(CHROMIUM), args: [...FLAGS, ...flags] });
}

/**
 * A page of its own. At the test's end it must have had no error, nor anything that its policy forbids; lost connections
 * are told by the browser, too, and are no errors of ours.
 */
export async function openPage(
  t: TestContext,
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error.stack)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(message.text()))
      errors.push(message.text());
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors, []);
  });
  await page.goto(url);
  return page;
}

/** What a person can read there. */
export function seen(place: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not read.
  return place.innerText();
}

/** Into a folder that is looked at and not kept. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** Where the program is that a name stands for. */
function pathOf(program: string): string {
  if (program.includes('/')) return program;
  return (process.env.PATH ?? '').split(':').flatMap((dir) => globSync(join(dir, program)))[0] ?? program;
}
