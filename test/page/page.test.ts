import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Band, PoolStatus, RunStatus } from '../../services/control/core/status-document.ts';
import { makeApp } from '../http/app-for-tests.ts';

interface Format {
  durationText(seconds: number): string;
  etaText(eta: Band | null): string;
  dollarsText(dollars: number): string;
  costText(dollars: RunStatus['dollars']): string;
  monthText(month: number, cap: number | null): string;
  saysMore(what: string, reason: string): boolean;
  agoText(at: string, now: number): string;
  forText(since: string, now: number): string;
  framesText(frames: RunStatus['frames']): string;
  workersText(pool: Partial<PoolStatus>): string;
  actionsOf(run: Pick<RunStatus, 'state' | 'reason'>): readonly string[];
  renderUrl(path: string): string;
}

const pageDir = join(import.meta.dirname, '..', '..', 'services', 'page');
// The page is plain JavaScript for browsers; what it says to people is tested here.
const format = (await import(pathToFileURL(join(pageDir, 'format.js')).href)) as Format;

describe('what the page says', () => {
  it('rounds times as an estimate deserves', () => {
    const texts = [0.2, 59, 90, 3599, 4800, 200_000].map(format.durationText);
    assert.deepEqual(texts, ['1 s', '59 s', '2 min', '1 h', '1 h 20 min', '2 days']);
  });

  it('shows the band of an estimate where it says more', () => {
    assert.equal(format.etaText(null), '');
    assert.equal(format.etaText({ p10: 540, p50: 720, p90: 1200 }), 'about 12 min left (9 min to 20 min)');
    assert.equal(format.etaText({ p10: 720, p50: 720, p90: 720 }), 'about 12 min left');
  });

  it('shows money only where there is some', () => {
    const nothing = { p10: 0, p50: 0, p90: 0, soFar: 0 };
    assert.equal(format.costText(nothing), '');
    assert.equal(
      format.costText({ ...nothing, p50: 0.24, p90: 0.4, soFar: 0.07 }),
      '$0.07 so far, $0.24 in all',
    );
    assert.equal(format.costText({ ...nothing, soFar: 0.12 }), '$0.12');
    assert.deepEqual([0, 0.001, 1234.5].map(format.dollarsText), ['$0', 'under 1 ¢', '$1,235']);
  });

  it('says of what the month’s money is', () => {
    assert.equal(format.monthText(3.2, 50), '$3.20 of $50 this month');
    assert.equal(format.monthText(0.001, null), 'under 1 ¢ this month, no cap');
  });

  it('does not give a decision as its own reason', () => {
    assert.equal(format.saysMore('farm: ready', 'ready'), false);
    assert.equal(format.saysMore('farm: creating', 'a run wants a farm'), true);
  });

  it('says when, and for how long', () => {
    const now = Date.parse('2026-11-24T09:10:00Z');
    assert.equal(format.agoText('2026-11-24T09:00:00Z', now), '10 min ago');
    assert.equal(format.agoText('2026-11-24T09:10:09Z', now), 'just now');
    assert.equal(format.forText('2026-11-24T09:00:00Z', now), 'for 10 min');
  });

  it('counts frames and workers', () => {
    assert.equal(format.framesText({ total: 0, done: 0, active: 0, failed: 0 }), '');
    assert.equal(
      format.framesText({ total: 24, done: 18, active: 2, failed: 1 }),
      '18 of 24 frames, 2 in work, 1 failed',
    );
    assert.equal(format.workersText({ busy: 2, idle: 0, booting: 1, draining: 0 }), '2 busy, 1 booting');
    assert.equal(format.workersText({ busy: 0, idle: 0, booting: 0, draining: 0 }), 'none');
  });

  it('offers what can be done with a run, and nothing that would be refused', () => {
    const needsScripts = { code: 'needsScripts', message: '', action: null };
    for (const [state, reason, expected] of [
      ['rendering', null, ['cancel']],
      ['held', null, ['release', 'cancel']],
      ['waiting', needsScripts, ['allow-scripts', 'cancel']],
      ['completed', null, ['again']],
      ['superseded', null, ['again']],
    ] as const)
      assert.deepEqual(format.actionsOf({ state, reason }), expected, state);
  });

  it('makes an address of any path', () => {
    assert.equal(format.renderUrl('film/a b#1?.png'), '/renders/film/a%20b%231%3F.png');
  });
});

describe('the page’s files', () => {
  it('are served with a policy that allows our own files only', async (t) => {
    const { app } = makeApp(t);
    for (const url of [
      '/',
      '/page/page.js',
      '/page/view.js',
      '/page/format.js',
      '/page/page.css',
      '/favicon.ico',
    ]) {
      const answer = await app.inject(url);
      assert.equal(answer.statusCode, 200, url);
      const policy = String(answer.headers['content-security-policy']);
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
      assert.doesNotMatch(policy, /unsafe/);
    }
    assert.equal((await app.inject('/page/..%2findex.html')).statusCode, 404);
  });

  it('load every file that the page names, and nothing from elsewhere', async (t) => {
    const { app } = makeApp(t);
    const html = (await app.inject('/')).body;
    const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    assert.ok(named.length >= 3);
    for (const url of named) assert.equal((await app.inject(url)).statusCode, 200, url);
  });

  it('hold no inline script or style, and read nothing as HTML', () => {
    const html = readFileSync(join(pageDir, 'index.html'), 'utf8');
    assert.doesNotMatch(html, /<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/);
    for (const name of ['page.js', 'view.js', 'format.js'])
      assert.doesNotMatch(
        readFileSync(join(pageDir, name), 'utf8'),
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/,
      );
  });
});
