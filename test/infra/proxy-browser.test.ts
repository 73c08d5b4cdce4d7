// A browser on the page that `npm run proxy` opens: it uploads straight to Cloud Storage, under the rules of both origins.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { startGke } from '../gcp/gke/stand-in.ts';
import { startScheduler } from '../gcp/scheduler-stand-in.ts';
import { startStorage } from '../gcp/storage/stand-in.ts';
import { cannotBrowse, launchBrowser, openPage } from '../page/browser.ts';
import { cannotServeTls, startTlsFront } from '../page/tls-front.ts';
import { startPage } from './page-process.ts';
import { cannotProxy, startProxy } from './proxy-process.ts';

const TICK_JOB = 'projects/film-farm/locations/europe-west1/jobs/tablao-tick';
const GOOGLE = 'https://storage.googleapis.com';

describe('a browser behind the proxy', { skip: cannotProxy || cannotBrowse || cannotServeTls }, () => {
  /** The page's service in Google's place, and the proxy before it. */
  async function world(t: TestContext) {
    const storage = await startStorage({ buckets: ['film-scenes', 'film-renders', 'film-state'] });
    const gke = await startGke({ clock: { now: () => Date.now() } });
    for (const server of [storage, gke]) t.after(() => server.close());
    const scheduler = await startScheduler(t, [{ name: TICK_JOB, schedule: '* * * * *' }]);
    const { url, token } = await startPage(t, { storage, gke, scheduler });
    const own = await startProxy(t, { page: url, gcloud: `#!/bin/sh\necho ${token}\n` });
    return { storage, own };
  }

  test('uploads to where the service says, and may read the answers', async (t) => {
    const { storage, own } = await world(t);
    // As Google's own address, which is the only one that the page's policy allows besides its own.
    const front = await startTlsFront(t);
    front.put(storage.url);
    const [, port = ''] = front.host.split(':');
    const browser = await launchBrowser([
      `--host-resolver-rules=MAP storage.googleapis.com:443 127.0.0.1:${port}`,
    ]);
    t.after(() => browser.close());
    const page = await openPage(t, browser, `http://${own}/`, { ignoreHTTPSErrors: true });
    const upload = async (begin: Readonly<Record<string, unknown>>) =>
      page.evaluate(
        async ([wanted, from, to]) => {
          const begun = await fetch('/uploads', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(wanted),
          });
          const { url } = (await begun.json()) as { readonly url: string };
          const send = (range: string, body: string) =>
            fetch(url.replace(from, to), { method: 'PUT', headers: { 'content-range': range }, body });
          const half = await send('bytes 0-262143/262150', 'a'.repeat(262_144));
          const whole = await send('bytes 262144-262149/262150', 'render');
          return [begun.status, half.status, half.headers.get('range'), whole.status];
        },
        [begin, storage.url, GOOGLE] as const,
      );
    assert.deepEqual(await upload({ path: 'film/shot.blend', size: 262_150 }), [
      ...[201, 308, 'bytes=0-262143', 200],
    ]);
    assert.equal(storage.find('film-scenes', 'film/shot.blend')?.bytes.length, 262_150);
    const commands = storage.names('film-state').filter((name) => name.startsWith('commands/'));
    assert.deepEqual(commands, []);
    await page.evaluate(() =>
      fetch('/farm/pause', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    );
    assert.equal(storage.names('film-state').filter((name) => name.startsWith('commands/')).length, 1);
  });
});
