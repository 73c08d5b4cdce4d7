/**
 * How soon the page shows its first shot, and whether it stays smooth, in Chromium on loopback, beside a page of one line
 * that the same browser opens in the same run: ratios say more than milliseconds of whatever machine this is.
 *
 *     npm run bench:page [-- --json]
 *
 * A first view ends when the first shot (or the line) is in the document; the browser knows nothing of the page before,
 * the service has made its bundle. While the page is scrolled from top to end, `drawn` is the share of the browser's 60
 * pictures a second that came, and `longest` the longest task that kept it from answering (told from 50 ms on).
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { type Bench, makeApp } from '../http/app-for-tests.ts';
import { launchBrowser } from '../page/browser.ts';
import { aBusyStatus, aRunRecord, aRunStatus } from '../page/statuses.ts';
import { median } from './policy/outcome.ts';

const VIEWS = 9;
const SHOTS = 500;
const FRAMES = 5000;
const SCROLL_STEPS = 120;

interface View {
  readonly name: string;
  readonly url: string;
  /** CSS selector of what ends the first view. */
  readonly until: string;
}

interface Smoothness {
  readonly drawn: number;
  readonly longestTaskMs: number;
  readonly elements: number;
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });

async function main(): Promise<void> {
  const ends: (() => unknown)[] = [];
  const browser = await launchBrowser();
  try {
    const serve = async (shots: number): Promise<string> => {
      const bench = makeApp({ after: (end) => ends.push(end as () => unknown) });
      await fill(bench, shots);
      return bench.app.listen({ port: 0, host: '127.0.0.1' });
    };
    const line = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Hello');
    });
    await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
    ends.push(() => line.close());
    const [few, many] = [await serve(3), await serve(SHOTS)];
    const views: readonly View[] = [
      { name: 'one line', url: `http://127.0.0.1:${(line.address() as AddressInfo).port}/`, until: 'p' },
      { name: '3 shots', url: few, until: '.card' },
      { name: `${SHOTS} shots`, url: many, until: '.card' },
      { name: `a shot of ${FRAMES} frames`, url: `${few}/#/shot/s0`, until: 'button.frame' },
    ];
    const firstViews = await firstViewsOf(browser, views);
    const smooth = {
      shots: await scrolled(browser, { name: '', url: many, until: '.card' }),
      frames: await scrolled(browser, { name: '', url: `${few}/#/shot/s0`, until: 'button.frame' }),
    };
    if (values.json) process.stdout.write(`${JSON.stringify({ firstViews, smooth })}\n`);
    else process.stdout.write(`${table(firstViews, smooth)}\n`);
  } finally {
    await browser.close();
    for (const end of ends.reverse()) await end();
  }
}

async function fill({ records }: Bench, shots: number): Promise<void> {
  const runs = Array.from({ length: shots }, (_, index) =>
    aRunStatus({ id: `s${index}`, shot: `film/sh${index}` }),
  );
  await records.overwrite('status.json', aBusyStatus({ runs }));
  await records.create('runs/s0.json', aRunRecord(FRAMES, { id: 's0', shot: 'film/sh0' }));
}

/** Medians, in milliseconds; in turn, so that a busy moment hits all of them. */
async function firstViewsOf(
  browser: Browser,
  views: readonly View[],
): Promise<Readonly<Record<string, number>>> {
  const times = new Map<string, number[]>(views.map(({ name }) => [name, []]));
  for (let round = 0; round <= VIEWS; round++)
    for (const view of views) {
      const { page, ms } = await open(browser, view);
      await page.context().close();
      // The first round lets the service make its bundle.
      if (round > 0) times.get(view.name)?.push(ms);
    }
  return Object.fromEntries([...times].map(([name, all]) => [name, median(all)]));
}

async function open(browser: Browser, { url, until }: View): Promise<{ page: Page; ms: number }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(`
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ type: 'longtask' });
    new MutationObserver((_changes, observer) => {
      if (document.querySelector(${JSON.stringify(until)}) === null) return;
      window.firstView = performance.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });`);
  await page.goto(url);
  await page.locator(until).first().waitFor({ state: 'attached' });
  return { page, ms: await page.evaluate<number>('window.firstView') };
}

async function scrolled(browser: Browser, view: View): Promise<Smoothness> {
  const { page } = await open(browser, view);
  const found = await page.evaluate<{ ms: number; longest: number; elements: number }>(`(async () => {
    window.longest = 0;
    const begun = performance.now();
    for (let step = 1; step <= ${SCROLL_STEPS}; step++) {
      scrollTo(0, (document.body.scrollHeight * step) / ${SCROLL_STEPS});
      await new Promise(requestAnimationFrame);
    }
    const elements = document.querySelectorAll('*').length;
    return { ms: performance.now() - begun, longest: window.longest, elements };
  })()`);
  await page.context().close();
  const drawn = Math.min(1, (SCROLL_STEPS * 1000) / 60 / found.ms);
  return { drawn, longestTaskMs: found.longest, elements: found.elements };
}

function table(
  firstViews: Readonly<Record<string, number>>,
  smooth: Readonly<Record<string, Smoothness>>,
): string {
  const unit = Object.values(firstViews)[0] ?? Number.NaN;
  const views = Object.entries(firstViews).map(
    ([name, ms]) =>
      `${name.padEnd(24)} ${ms.toFixed(0).padStart(6)} ms  ${(ms / unit).toFixed(1).padStart(5)}×`,
  );
  const lines = Object.entries(smooth).map(
    ([name, { drawn, longestTaskMs, elements }]) =>
      `${name.padEnd(24)} ${(drawn * 100).toFixed(0).padStart(6)} % drawn, longest task ${longestTaskMs.toFixed(0)} ms, ${elements} elements`,
  );
  return ['First view (median)', ...views, '', 'Scrolled from top to end', ...lines].join('\n');
}

await main();
