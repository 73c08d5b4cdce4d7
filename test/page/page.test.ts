import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { buildPage } from '../../services/page/build.ts';
import * as format from '../../services/page/format.ts';
import { actionsOf } from '../../services/page/run-words.ts';
import { makeApp } from '../http/app-for-tests.ts';

const pageDir = join(import.meta.dirname, '..', '..', 'services', 'page');

describe('what the page says', () => {
  it('rounds times as an estimate deserves', () => {
    const texts = [0.2, 59, 90, 3599, 4800, 200_000].map(format.durationText);
    assert.deepEqual(texts, ['1 s', '59 s', '2 min', '1 h', '1 h 20 min', '2 days']);
  });

  it('shows the band of an estimate where it says more', () => {
    assert.equal(format.etaText(null), '');
    assert.equal(format.etaText({ p10: 540, p50: 720, p90: 1200 }), 'about 12 min left (9 min to 20 min)');
    assert.equal(format.etaText({ p10: 720, p50: 720, p90: 720 }), 'about 12 min left');
    assert.equal(
      format.etaText({ p10: 540, p50: 720, p90: 1200 }, 'v001'),
      'about 12 min left (9 min to 20 min), if it is like v001',
    );
  });

  it('tells times as they are written where the reader is, and of the next look only when it is not at once', () => {
    const now = new Date(2026, 10, 24, 14, 30).getTime();
    const at = (seconds: number) => now + seconds * 1000;
    assert.doesNotMatch(format.clockText(new Date(2026, 10, 24, 19, 5).getTime(), now), /^0/);
    assert.equal(format.nextLookText(new Date(at(5)).toISOString(), now), '');
    assert.equal(
      format.nextLookText(new Date(at(300)).toISOString(), now),
      `; next look about ${format.clockText(at(300), now)}`,
    );
  });

  it('shows money only where there is some', () => {
    const nothing = { p10: 0, p50: 0, p90: 0, soFar: 0 };
    assert.equal(format.costText(nothing), '');
    assert.equal(
      format.costText({ ...nothing, p10: 0.2, p50: 0.24, p90: 0.4, soFar: 0.07 }),
      '$0.07 so far, about $0.24 in all ($0.20 to $0.40)',
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
      assert.deepEqual(actionsOf({ state, reason }), expected, state);
  });

  it('makes an address of any path', () => {
    assert.equal(format.renderUrl('film/a b#1?.png'), '/renders/film/a%20b%231%3F.png');
  });
});

describe('the page’s files', () => {
  it('are served with a policy that allows our own files only', async (t) => {
    const { app } = makeApp(t);
    for (const url of ['/', '/favicon.ico', ...namedIn((await app.inject('/')).body)]) {
      const answer = await app.inject(url);
      assert.equal(answer.statusCode, 200, url);
      const policy = String(answer.headers['content-security-policy']);
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
      assert.match(policy, /connect-src 'self' https:\/\/storage\.googleapis\.com;/);
      assert.doesNotMatch(policy, /unsafe/);
    }
    assert.equal((await app.inject('/page/..%2findex.html')).statusCode, 404);
    assert.equal((await app.inject('/page/toString')).statusCode, 404);
  });

  it('name nothing from elsewhere, and are kept by browsers until they change', async (t) => {
    const { app } = makeApp(t);
    const named = namedIn((await app.inject('/')).body).filter((url) => url !== '/favicon.ico');
    assert.equal(named.length, 2);
    for (const url of named) {
      assert.match(url, /^\/page\/\w+-[A-Z0-9]{8}\.(js|css)$/);
      assert.match(String((await app.inject(url)).headers['cache-control']), /immutable/);
    }
    assert.equal((await app.inject('/')).headers['cache-control'], 'no-cache');
  });

  it('are squeezed for those who understand it', async (t) => {
    const { app } = makeApp(t);
    const [url = ''] = namedIn((await app.inject('/')).body).filter((one) => one.endsWith('.js'));
    const plain = (await app.inject(url)).rawPayload;
    const small = await app.inject({ url, headers: { 'accept-encoding': 'gzip, br' } });
    assert.equal(small.headers['content-encoding'], 'gzip');
    assert.deepEqual(gunzipSync(small.rawPayload), plain);
  });

  it('are at most 150 kB of code', async () => {
    const files = [...(await buildPage())].filter(([path]) => path.endsWith('.js'));
    const bytes = files.reduce((sum, [, code]) => sum + gzipSync(code).length, 0);
    assert.ok(bytes > 10_000 && bytes < 150_000, `${bytes} bytes`);
  });

  it('hold no inline script or style, and read nothing as HTML', () => {
    const html = readFileSync(join(pageDir, 'index.html'), 'utf8');
    assert.doesNotMatch(html, /<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/);
    const sources = globSync('**/*.{ts,tsx}', { cwd: pageDir });
    assert.ok(sources.length > 20);
    for (const name of sources)
      assert.doesNotMatch(
        readFileSync(join(pageDir, name), 'utf8'),
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/,
        name,
      );
  });
});

function namedIn(html: string): readonly string[] {
  return [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
}
