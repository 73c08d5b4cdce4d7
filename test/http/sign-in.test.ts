import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createSeals } from '../../services/control/http/seals.ts';
import type { Claims } from '../gcp/issuer.ts';
import { commandsIn } from './app-for-tests.ts';
import { ANNA, aDoor, HOST, KEY, Visitor } from './sign-in-world.ts';

const HOUR = 60 * 60_000;
const HTML = 'text/html,*/*;q=0.8';
const SESSION = '__Host-tablao';
const BEGUN = '__Host-tablao-sign-in';
const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;

async function world(t: TestContext, allowed: readonly string[] = [ANNA]) {
  const door = await aDoor(t);
  const bench = door.start(allowed);
  return { ...door, bench, visitor: new Visitor(bench) };
}

async function signedIn(t: TestContext, allowed: readonly string[] = [ANNA]) {
  const all = await world(t, allowed);
  assert.equal((await all.visitor.signIn(all.accounts, ANNA)).statusCode, 303);
  return all;
}

describe('signing in with Google', () => {
  it('leads from the door to Google and back to the page, and what is asked for then carries the name', async (t) => {
    const { accounts, bench, visitor } = await world(t);
    const door = await visitor.open('/');
    assert.equal(door.statusCode, 401);
    assert.match(String(door.headers['content-type']), /text\/html/);
    assert.match(door.body, /<a href="\/sign-in">Sign in with Google<\/a>/);

    const out = await visitor.open('/sign-in');
    assert.equal(out.statusCode, 303);
    const address = String(out.headers.location);
    assert.equal(accounts.refuses(address), null);
    const asked = new URL(address).searchParams;
    assert.equal(asked.get('redirect_uri'), `https://${HOST}/sign-in/done`);
    assert.equal(asked.get('prompt'), 'select_account');
    assert.ok((asked.get('state') ?? '').length >= 43 && (asked.get('nonce') ?? '').length >= 43);

    const back = await visitor.comeBack(address, accounts.choose(address, 'Anna@Example.org'));
    assert.deepEqual([back.statusCode, back.headers.location], [303, '/']);
    assert.equal((await visitor.open('/status')).statusCode, 200);
    assert.equal((await visitor.open('/')).statusCode, 200);
    assert.deepEqual((await visitor.open('/me')).json(), { person: ANNA, canSignOut: true });
    assert.equal((await visitor.post('/farm/wake')).statusCode, 202);
    assert.deepEqual(commandsIn(bench), [{ kind: 'wake', by: ANNA, minutes: 30 }]);
    assert.match(bench.lines.join(''), /"by":"anna@example.org","kind":"wake".*"command taken"/);
    assert.equal((await visitor.post('/uploads', { path: 'film/sh010.blend', size: 1 })).statusCode, 201);
    assert.deepEqual(bench.begun, [{ path: 'film/sh010.blend', by: ANNA }]);
    assert.match(bench.lines.join(''), /"by":"anna@example.org","path":"film\/sh010.blend".*"upload begun"/);
  });

  it('leaves a cookie that only this host has set, over TLS, and that no script and no other site can use', async (t) => {
    const { accounts, visitor } = await world(t);
    const out = await visitor.open('/sign-in');
    const address = String(out.headers.location);
    const back = await visitor.comeBack(address, accounts.choose(address, ANNA));
    const all = [...out.cookies, ...back.cookies].filter(({ value }) => value !== '');
    assert.deepEqual(
      all.map(({ name, maxAge }) => [name, maxAge]),
      [
        [BEGUN, 600],
        [SESSION, 12 * 3600],
      ],
    );
    for (const cookie of all) {
      const { path, secure, httpOnly, sameSite, domain } = cookie;
      assert.deepEqual([path, secure, httpOnly, sameSite, domain], ['/', true, true, 'Lax', undefined]);
      assert.ok(!decodeURIComponent(cookie.value).includes('anna'));
    }
    assert.ok(!visitor.jar.has(BEGUN), 'what was begun is forgotten');
  });

  it('says nothing of codes, tokens and cookies in the log', async (t) => {
    const { bench, visitor, accounts } = await signedIn(t);
    await visitor.open('/sign-in/done?state=x&code=code-of-somebody');
    accounts.say({}, 'stranger');
    await visitor.signIn(accounts, ANNA);
    const log = bench.lines.join('');
    assert.match(log, /"email":"anna@example.org".*"signed in"/);
    assert.doesNotMatch(log, /eyJ|code-of-somebody|client-secret|__Host/);
  });

  it('takes no address from the request: it ends at the page', async (t) => {
    const { accounts, visitor } = await world(t);
    const out = await visitor.open('/sign-in?next=https://evil.test&redirect_uri=https://evil.test');
    const address = String(out.headers.location);
    assert.equal(new URL(address).host, accounts.server.host);
    assert.ok(!address.includes('evil'));
    const code = accounts.choose(address, ANNA);
    const state = new URL(address).searchParams.get('state') ?? '';
    const back = await visitor.open(
      `/sign-in/done?${new URLSearchParams({ state, code, next: '//evil.test' })}`,
    );
    assert.equal(back.headers.location, '/');
  });

  it('answers under a name of its own only', async (t) => {
    const { visitor } = await world(t);
    const answer = await visitor.open('/sign-in', { host: 'evil.test' });
    assert.deepEqual([answer.statusCode, answer.headers.location], [421, undefined]);
  });
});

const BAD: Readonly<Record<string, readonly [Claims, string]>> = {
  'for another client': [{ aud: '999-other.apps.googleusercontent.com' }, 'wrongAudience'],
  'of another issuer': [{ iss: 'https://evil.test' }, 'wrongIssuer'],
  'that has expired': [{ iat: seconds(-8000), exp: seconds(-301) }, 'expired'],
  'of another sign-in': [{ nonce: 'another' }, 'wrongNonce'],
  'whose address nobody has verified': [{ email_verified: false }, 'noEmail'],
};

describe("Google's word", () => {
  for (const [name, [claims, why]] of Object.entries(BAD))
    it(`is not taken when it is one ${name}`, async (t) => {
      const { accounts, bench, visitor } = await world(t);
      accounts.say(claims);
      const back = await visitor.signIn(accounts, ANNA);
      assert.equal(back.statusCode, 401);
      assert.match(back.body, /could not be taken/);
      assert.ok(!visitor.jar.has(SESSION));
      assert.equal((await visitor.open('/status')).statusCode, 401);
      assert.match(bench.lines.join(''), new RegExp(`"why":"${why}".*"sign-in refused"`));
      accounts.say({});
      assert.equal((await visitor.signIn(accounts, ANNA)).statusCode, 303, 'the next one is');
    });

  it('is not taken when somebody else has signed it', async (t) => {
    const { accounts, visitor } = await world(t);
    accounts.say({}, 'stranger');
    assert.equal((await visitor.signIn(accounts, ANNA)).statusCode, 401);
    assert.ok(!visitor.jar.has(SESSION));
  });

  it('is waited for when it does not come: nobody is signed in, and nobody refused for good', async (t) => {
    const { accounts, bench, visitor } = await world(t);
    accounts.server.fail(/POST \/token/, { kind: 'status', status: 403 }, 1);
    assert.equal((await visitor.signIn(accounts, ANNA)).statusCode, 403);
    accounts.server.fail(/GET \/certs/, { kind: 'status', status: 400 }, 1);
    const late = await visitor.signIn(accounts, ANNA);
    assert.deepEqual([late.statusCode, visitor.jar.has(SESSION)], [503, false]);
    assert.match(bench.lines.join(''), /"request failed"/);
    assert.doesNotMatch(bench.lines.join(''), /eyJ|client-secret|code_verifier/);
    assert.equal((await visitor.signIn(accounts, ANNA)).statusCode, 303);
  });
});

describe('coming back from Google', () => {
  it('counts only in the browser that went there (no one is signed in as somebody else)', async (t) => {
    const { accounts, bench, visitor } = await world(t, [ANNA, 'eve@evil.test']);
    const eve = new Visitor(bench);
    const address = await eve.begin();
    const code = accounts.choose(address, 'eve@evil.test');
    // Anna is lured to Eve's way back: with nothing begun, and in the middle of her own sign-in.
    assert.equal((await visitor.comeBack(address, code)).statusCode, 401);
    await visitor.begin();
    const lured = await visitor.comeBack(address, code);
    assert.equal(lured.statusCode, 401);
    assert.match(lured.body, /not begun in this browser/);
    assert.ok(!visitor.jar.has(SESSION));
    assert.deepEqual(
      accounts.server.asked.filter((line) => line.startsWith('POST')),
      [],
      'the code was not even tried',
    );
  });

  it('with a code that was overheard is worth nothing without what went with it', async (t) => {
    const { accounts, bench, visitor } = await world(t);
    const theirs = await visitor.begin();
    const code = accounts.choose(theirs, ANNA);
    const eve = new Visitor(bench);
    assert.equal((await eve.comeBack(await eve.begin(), code)).statusCode, 401);
    assert.ok(!eve.jar.has(SESSION));
    assert.match(bench.lines.join(''), /"why":"codeRefused"/);
  });

  it('counts once', async (t) => {
    const { accounts, bench, visitor } = await world(t);
    const address = await visitor.begin();
    const begun = visitor.jar.get(BEGUN) ?? '';
    const code = accounts.choose(address, ANNA);
    assert.equal((await visitor.comeBack(address, code)).statusCode, 303);
    const again = new Visitor(bench);
    again.jar.set(BEGUN, begun);
    assert.equal((await again.comeBack(address, code)).statusCode, 401);
    // Who presses "back" or "reload" is signed in already.
    const reloaded = await visitor.comeBack(address, code);
    assert.deepEqual([reloaded.statusCode, reloaded.headers.location], [303, '/']);
  });

  it('after more than ten minutes begins anew', async (t) => {
    const { accounts, clock, visitor } = await world(t);
    const address = await visitor.begin();
    clock.advance(10 * 60_000);
    assert.equal((await visitor.comeBack(address, accounts.choose(address, ANNA))).statusCode, 401);
  });

  it('without a code says so', async (t) => {
    const { visitor } = await world(t);
    const state = new URL(await visitor.begin()).searchParams.get('state');
    const back = await visitor.open(`/sign-in/done?state=${state}&error=access_denied`);
    assert.equal(back.statusCode, 401);
    assert.match(back.body, /did not say who you are/);
  });
});

describe('the list PEOPLE', () => {
  it('turns a stranger away, by name, as text, and offers another account', async (t) => {
    const { accounts, visitor } = await world(t);
    const back = await visitor.signIn(accounts, '"<b>eve</b>"@evil.test');
    assert.equal(back.statusCode, 403);
    assert.match(back.body, /&quot;&lt;b&gt;eve&lt;\/b&gt;&quot;@evil\.test may not use this page/);
    assert.match(back.body, /Use another account/);
    assert.ok(!visitor.jar.has(SESSION));
  });

  it('is asked at every request: who was taken off it is out at the next, and back when back on it', async (t) => {
    const { start, visitor } = await signedIn(t);
    const before = visitor.bench;
    visitor.bench = start(['ben@example.org']);
    for (const url of ['/status', '/status/stream', '/me', '/renders/film/v001/preview.mp4'])
      assert.equal((await visitor.open(url)).statusCode, 403, url);
    assert.equal((await visitor.post('/farm/wake')).statusCode, 403);
    assert.deepEqual(commandsIn(visitor.bench), []);
    visitor.bench = before;
    assert.equal((await visitor.open('/status')).statusCode, 200);
  });

  it('means by a domain the accounts that it runs itself, not all that were made with an address of it', async (t) => {
    const { accounts, visitor } = await world(t, ['@example.org']);
    assert.equal((await visitor.signIn(accounts, ANNA)).statusCode, 403, 'an account of nobody’s');
    accounts.say({ hd: 'evil.test' });
    assert.equal((await visitor.signIn(accounts, ANNA)).statusCode, 403, "another organisation's");
    accounts.say({ hd: 'Example.org' });
    assert.equal((await visitor.signIn(accounts, ANNA)).statusCode, 303);
    assert.equal((await visitor.open('/status')).statusCode, 200);
    const program = (hd?: string) =>
      new Visitor(visitor.bench).open('/status', {
        authorization: `Bearer ${accounts.issuer.token({
          ...{ iss: 'https://accounts.google.com', aud: `https://${HOST}`, sub: '1', email: ANNA },
          ...{ email_verified: true, iat: seconds(-10), exp: seconds(600), ...(hd && { hd }) },
        })}`,
      });
    assert.deepEqual([(await program()).statusCode, (await program('example.org')).statusCode], [403, 200]);
  });
});

describe('a session', () => {
  it('ends after twelve hours', async (t) => {
    const { clock, visitor } = await signedIn(t);
    clock.advance(12 * HOUR - 2000);
    assert.equal((await visitor.open('/status')).statusCode, 200);
    clock.advance(2000);
    const over = await visitor.open('/status', { accept: 'application/json' });
    assert.deepEqual([over.statusCode, over.json().error.code], [401, 'notSignedIn']);
  });

  it('survives a new instance of the service, but no new key', async (t) => {
    const { start, visitor } = await signedIn(t);
    visitor.bench = start([ANNA]);
    assert.equal((await visitor.open('/status')).statusCode, 200);
    visitor.bench = start([ANNA], {}, Buffer.alloc(32, 8));
    assert.equal((await visitor.open('/status')).statusCode, 401);
  });

  it('cannot be made, changed, or taken from what is sealed for something else', async (t) => {
    const { clock, visitor } = await signedIn(t);
    const good = visitor.jar.get(SESSION) ?? '';
    const seals = createSeals(KEY, clock);
    const who = { email: ANNA, organisation: null };
    const parts = good.split('.');
    const changed = parts.with(3, `${parts[3]?.[0] === 'A' ? 'B' : 'A'}${parts[3]?.slice(1)}`).join('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ aud: 'session', exp: seconds(9999), content: who })).toString('base64url')}.`;
    for (const bad of [
      changed,
      unsigned,
      await seals.seal('sign-in', who, clock.now() + HOUR),
      await seals.seal('session', { email: ANNA }, clock.now() + HOUR),
      await seals.seal('session', who, clock.now() - 1000),
      await createSeals(Buffer.alloc(32, 8), clock).seal('session', who, clock.now() + HOUR),
    ]) {
      visitor.jar.set(SESSION, bad);
      assert.equal((await visitor.open('/status')).statusCode, 401, bad);
    }
    visitor.jar.set(SESSION, good);
    assert.equal((await visitor.open('/status')).statusCode, 200);
  });

  it('ends when its person signs out', async (t) => {
    const { visitor } = await signedIn(t);
    assert.equal((await visitor.post('/sign-out')).statusCode, 204);
    assert.deepEqual([...visitor.jar.keys()], []);
    assert.equal((await visitor.open('/')).statusCode, 401);
  });

  it('is not ended by another site', async (t) => {
    const { visitor } = await signedIn(t);
    const headers = { 'content-type': 'application/json', origin: 'https://evil.test' };
    assert.equal(
      (await visitor.send({ method: 'POST', url: '/sign-out', headers, payload: '{}' })).statusCode,
      403,
    );
    assert.ok(visitor.jar.has(SESSION));
  });

  it('is named in the log of what is changed in Flamenco itself', async (t) => {
    const { start, visitor } = await signedIn(t);
    const manager = createServer((_, response) => response.end('{}'));
    manager.listen(0, '127.0.0.1');
    await once(manager, 'listening');
    t.after(() => manager.close());
    const origin = `http://127.0.0.1:${(manager.address() as AddressInfo).port}`;
    visitor.bench = start([ANNA], { manager: { prefix: '', find: async () => ({ origin, headers: {} }) } });
    assert.equal((await visitor.open('/api/v3/jobs/j1')).statusCode, 200);
    assert.doesNotMatch(visitor.bench.lines.join(''), /j1/);
    assert.equal((await visitor.post('/api/v3/jobs/j1/setstatus?x=secret')).statusCode, 200);
    assert.match(
      visitor.bench.lines.join(''),
      /"by":"anna@example.org","method":"POST","path":"\/api\/v3\/jobs\/j1\/setstatus".*"asked of flamenco manager"/,
    );
  });

  it('ends its web sockets, too', { timeout: 60_000 }, async (t) => {
    const { clock, start, visitor } = await signedIn(t);
    const manager = createServer().on('upgrade', (message, socket: Socket) => {
      const key = `${message.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n');
      socket.write(`sec-websocket-accept: ${accept}\r\n\r\n`);
      // A text frame, unmasked as servers send them.
      socket.write(Buffer.from('\u0081\u0005hello', 'latin1'));
    });
    t.after(() => manager.closeAllConnections());
    manager.listen(0, '127.0.0.1');
    await once(manager, 'listening');
    t.after(() => manager.close());
    const origin = `http://127.0.0.1:${(manager.address() as AddressInfo).port}`;
    const bench = start([ANNA], { manager: { prefix: '', find: async () => ({ origin, headers: {} }) } });
    const { port } = new URL(await bench.app.listen({ host: '127.0.0.1', port: 0 }));
    const connect = async (headers: Readonly<Record<string, string>>) => {
      const asking = request({
        ...{ host: '127.0.0.1', port, path: '/socket.io/?EIO=4&transport=websocket' },
        headers: {
          ...{ host: HOST, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
          ...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
        },
      }).end();
      return Promise.race([
        once(asking, 'upgrade').then(([, socket]) => ({ socket: socket as Socket, status: 101 })),
        once(asking, 'response').then(([answer]) => ({ socket: null, status: answer.resume().statusCode })),
      ]);
    };
    const cookie = `${SESSION}=${visitor.jar.get(SESSION)}`;
    assert.equal((await connect({ cookie })).status, 403, 'without a word of where it comes from');
    assert.equal((await connect({ cookie, origin: 'https://evil.test' })).status, 403);
    assert.equal((await connect({ origin: `https://${HOST}` })).status, 401);
    clock.advance(12 * HOUR - 1000);
    const { socket, status } = await connect({ cookie, origin: `https://${HOST}` });
    assert.equal(status, 101);
    assert.ok(socket !== null);
    const closed = new Promise((done) => socket.once('close', done));
    assert.match(String((await once(socket, 'data'))[0]), /hello/, 'it is a way to the manager');
    socket.on('error', () => {}).resume();
    await closed;
  });
});

describe('what changes something', () => {
  const CHANGING = ['POST', 'PUT', 'DELETE', 'PATCH'] as const;

  async function changing(t: TestContext) {
    const door = await aDoor(t);
    const bench = door.start([ANNA]);
    const routes: [(typeof CHANGING)[number], string][] = [];
    bench.app.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat())
        if (CHANGING.includes(each as 'POST'))
          routes.push([each as 'POST', url.replace(/:\w+/g, 'x').replace('*', 'x')]);
    });
    await bench.app.ready();
    const visitor = new Visitor(bench);
    await visitor.signIn(door.accounts, ANNA);
    assert.ok(routes.length > 10, 'there are routes');
    return { bench, visitor, routes };
  }

  for (const [name, headers] of Object.entries({
    'of another site': { origin: 'https://evil.test' },
    'of a neighbour': { origin: 'https://other.europe-west1.run.app' },
    'of a page that hides its name': { origin: 'null' },
    'that a browser calls cross-site': { 'sec-fetch-site': 'cross-site' },
    'that a browser calls same-site': { origin: `https://${HOST}`, 'sec-fetch-site': 'same-site' },
    'of which nobody says where it comes from': {},
  }))
    it(`is not done with the session for a request ${name}`, async (t) => {
      const { bench, visitor, routes } = await changing(t);
      for (const [method, url] of routes) {
        if (url === '/sign-out' && Object.keys(headers).length === 0) continue;
        const sent = { 'content-type': 'application/json', ...headers };
        const { statusCode } = await visitor.send({ method, url, headers: sent, payload: '{}' });
        assert.equal(statusCode, 403, `${method} ${url}`);
      }
      assert.deepEqual(commandsIn(bench), []);
    });

  it('is not done for a form', async (t) => {
    const { visitor } = await signedIn(t);
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
    ]) {
      const headers = { origin: `https://${HOST}`, 'content-type': type };
      const { statusCode } = await visitor.send({
        method: 'POST',
        url: '/farm/teardown',
        headers,
        payload: '{}',
      });
      assert.equal(statusCode, 415);
    }
  });
});

describe('the door', () => {
  it('is the only thing that strangers see', async (t) => {
    const { bench, visitor } = await world(t);
    const routes: string[] = [];
    bench.app.addHook('onRoute', ({ method, url }) => {
      if ([method].flat().includes('GET')) routes.push(url.replace(/:\w+/g, 'x').replace('*', 'x'));
    });
    await bench.app.ready();
    assert.ok(routes.length > 8, 'there are routes');
    for (const url of routes) {
      if (['/healthz', '/sign-in', '/sign-in/done'].includes(url)) continue;
      const answer = await visitor.open(url);
      assert.equal(answer.statusCode, 401, url);
      assert.match(
        String(answer.headers['content-security-policy']),
        /^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+';/,
      );
      assert.equal(answer.headers['cache-control'], 'no-store');
    }
  });

  it('does not stand before routes of machines: they are not there at all', async (t) => {
    const { visitor } = await signedIn(t);
    for (const url of ['/tick', '/events/storage']) assert.equal((await visitor.post(url)).statusCode, 404);
  });

  it('tells programs in JSON, and lets those in that bring a good token', async (t) => {
    const { accounts, visitor } = await world(t);
    const asked = (headers: Readonly<Record<string, string>>) =>
      visitor.open('/status', { accept: '*/*', ...headers });
    assert.equal((await asked({})).json().error.code, 'notSignedIn');
    const authorization = `Bearer ${accounts.issuer.signed(ANNA, `https://${HOST}`)}`;
    assert.equal((await asked({ authorization })).statusCode, 200);
    assert.deepEqual((await visitor.open('/me', { authorization })).json(), {
      person: ANNA,
      canSignOut: false,
    });
    const forClient = `Bearer ${accounts.issuer.signed(ANNA, '123-film.apps.googleusercontent.com')}`;
    assert.equal((await asked({ authorization: forClient })).statusCode, 401);
    assert.equal((await visitor.open('/', { authorization: 'Bearer x', accept: HTML })).statusCode, 401);
  });

  it('is not there where IAP or IAM stands', async (t) => {
    const { start } = await aDoor(t);
    const identity = { identify: async () => ({ kind: 'known', email: ANNA }) as const };
    const visitor = new Visitor(start([], { people: { identity, allowed: [] } }));
    assert.equal((await visitor.open('/sign-in')).statusCode, 404);
    assert.deepEqual((await visitor.open('/me')).json(), { person: ANNA, canSignOut: false });
  });
});
