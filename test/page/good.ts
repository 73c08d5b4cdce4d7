import assert from 'node:assert/strict';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { shoot } from './browser.ts';

/** Nothing of it is beside the window. */
export async function assertFits(page: Page): Promise<void> {
  const width = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
  const [wanted, there] = width as [number, number];
  assert.ok(wanted <= there, `${wanted} pixels wide on ${there}`);
}

/** It fits, and axe finds nothing serious; the screenshot is for looking at. */
export async function assertGood(page: Page, name: string): Promise<void> {
  await shoot(page, name);
  await assertFits(page);
  // The policy of the page forbids scripts of others: it is run beside it.
  const found = (await page.evaluate(
    `${axe.source}; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(
      ({ id, impact, nodes }) => ({ id, impact, at: nodes.map(({ target, failureSummary }) => [target.join(' '), failureSummary]) })))`,
  )) as readonly { readonly impact: string }[];
  const bad = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(bad, [], name);
}
