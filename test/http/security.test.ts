import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { createIapIdentity } from '../../services/control/adapters/gcp/iap.ts';
import { createPrivateIdentity, createPublicIdentity } from '../../services/control/adapters/gcp/identity.ts';
import type { Identity } from '../../services/control/ports/identity.ts';
import { startIssuer, withoutSignature } from '../gcp/issuer.ts';
import { type Bench, commandsIn, makeApp } from './app-for-tests.ts';
import { startIap } from './iap-tokens.ts';

const HOST = 'tablao-1.europe-west1.run.app';
const AUDIENCE = `https://${HOST}`;
const IAP = '/projects/1/locations/europe-west1/services/tablao-page';
const TICK = 'tick@p.iam.gserviceaccount.com';
const EVENTS = 'events@p.iam.gserviceaccount.com';
const ANNA = 'anna@example.org';
const MODES = ['private', 'public'] as const;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

type Mode = (typeof MODES)[number];
type Headers = Readonly<Record<string, string>>;

const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;
const clock = { now: () => Date.now() };
const claimsOf = (email: string) => ({
  ...{ iss: 'https://accounts.google.com', aud: AUDIENCE, sub: '1', email, email_verified: true },
  ...{ iat: seconds(-10), exp: seconds(3590) },
});
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

/** The service in one of its roles, behind Cloud Run that checks (`private`) or does not. */
async function world(t: TestContext, mode: Mode, serves: 'machines' | 'people') {
  const issuer = await startIssuer(t);
  const audiences = [AUDIENCE];
  const identity: Identity =
    mode === 'private'
      ? createPrivateIdentity({ audiences, clock })
      : createPublicIdentity({ audiences, clock, endpoints: issuer.endpoints });
  const bench = makeApp(t, {
    serves,
    machines: { identity, tickAccount: TICK, eventsAccount: EVENTS },
    people: { identity, allowed: [ANNA] },
    knownHosts: [HOST],
  });
  /** As it reaches the service. */
  const arrives = (token: string) => bearer(mode === 'private' ? withoutSignature(token) : token);
  return { ...bench, issuer, arrives };
}

function ask(app: FastifyInstance, method: (typeof METHODS)[number], url: string, headers: Headers = {}) {
  const body = method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? {} : { payload: '{}' };
  const options: InjectOptions = {
    ...{ method, url, ...body },
    headers: { host: HOST, 'content-type': 'application/json', ...headers },
  };
  return app.inject(options);
}

/** Every route of the app as a request; parameters are filled in. */
async function routesOf({ app }: Bench): Promise<readonly (readonly [(typeof METHODS)[number], string])[]> {
  const routes: [(typeof METHODS)[number], string][] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat())
      if (METHODS.includes(each as 'GET'))
        routes.push([each as 'GET', url.replace(/:\w+/g, 'x').replace('*', 'x')]);
  });
  await app.ready();
  assert.ok(routes.length > 2, 'there are routes');
  return routes;
}

describe('without saying who one is', () => {
  for (const mode of MODES)
    for (const serves of ['machines', 'people'] as const)
      it(`nothing but /healthz answers (${mode}, ${serves})`, async (t) => {
        const bench = await world(t, mode, serves);
        for (const [method, url] of await routesOf(bench)) {
          const { statusCode } = await ask(bench.app, method, url);
          assert.equal(statusCode, url === '/healthz' ? 200 : 401, `${method} ${url}`);
        }
        assert.deepEqual([bench.kicks, commandsIn(bench)], [0, []]);
      });

  it('each role has its own routes only', async (t) => {
    const machines = (await routesOf(await world(t, 'private', 'machines'))).map(([, url]) => url);
    assert.deepEqual([...new Set(machines)].sort(), ['/events/storage', '/healthz', '/tick']);
    const people = (await routesOf(await world(t, 'private', 'people'))).map(([, url]) => url);
    assert.ok(people.includes('/status') && !people.includes('/tick') && !people.includes('/events/storage'));
  });
});

/** Tokens that must not be taken, and what they are answered with. */
const BAD: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, 401 | 403]>> = {
  'an expired token': [{ iat: seconds(-8000), exp: seconds(-301) }, 401],
  'a token for another service': [{ aud: 'https://other.run.app' }, 401],
  'a token of another issuer': [{ iss: 'https://evil.test' }, 401],
  'a token whose address nobody has verified': [{ email_verified: false }, 401],
  'a token without an address': [{ email: undefined }, 401],
  'a token of another account': [{ email: 'stranger@p.iam.gserviceaccount.com' }, 403],
};

const ROUTES = [
  ['machines', 'POST', '/tick', TICK],
  ['machines', 'POST', '/events/storage', EVENTS],
  ['people', 'GET', '/status', ANNA],
  ['people', 'POST', '/farm/wake', ANNA],
] as const;

for (const mode of MODES)
  for (const [serves, method, url, account] of ROUTES)
    describe(`${method} ${url} in ${mode} mode`, () => {
      it('is for the right account', async (t) => {
        const { app, issuer, arrives } = await world(t, mode, serves);
        const { statusCode } = await ask(app, method, url, arrives(issuer.token(claimsOf(account))));
        assert.ok(statusCode < 300, `${statusCode}`);
      });

      for (const [name, [claims, status]] of Object.entries(BAD))
        it(`refuses ${name}`, async (t) => {
          const bench = await world(t, mode, serves);
          const token = bench.issuer.token({ ...claimsOf(account), ...claims });
          const answer = await ask(bench.app, method, url, bench.arrives(token));
          assert.equal(answer.statusCode, status);
          assert.ok(!answer.body.includes(token.slice(0, 20)));
          assert.ok(!bench.lines.join('').includes(token), 'the log has no token');
          assert.deepEqual([bench.kicks, commandsIn(bench)], [0, []]);
        });

      it('refuses what is no token', async (t) => {
        const { app } = await world(t, mode, serves);
        for (const headers of [bearer('a.b'), bearer('%.%.%'), { authorization: 'Basic eDp5' }])
          assert.equal((await ask(app, method, url, headers)).statusCode, 401);
      });
    });

describe('a token without its signature', () => {
  for (const [serves, method, url, account] of ROUTES)
    it(`is refused by ${url} in public mode, and so is a stranger's`, async (t) => {
      const { app, issuer } = await world(t, 'public', serves);
      const signed = issuer.token(claimsOf(account));
      const none = signed.replace(/[^.]*$/, '');
      const stranger = issuer.token(claimsOf(account), 'stranger');
      for (const token of [withoutSignature(signed), none, stranger])
        assert.equal((await ask(app, method, url, bearer(token))).statusCode, 401);
    });

  it('does not become good by a header that only Cloud Run looks at', async (t) => {
    const { app, issuer } = await world(t, 'public', 'machines');
    const token = withoutSignature(issuer.token(claimsOf(TICK)));
    const headers = { 'x-serverless-authorization': `Bearer ${token}` };
    assert.equal((await ask(app, 'POST', '/tick', headers)).statusCode, 401);
  });

  it('in private mode counts as Cloud Run has checked it: the header that it has looked at goes first', async (t) => {
    const { app, issuer, arrives } = await world(t, 'private', 'machines');
    const checked = withoutSignature(issuer.token(claimsOf(EVENTS)));
    const headers = {
      ...arrives(issuer.token(claimsOf(TICK))),
      'x-serverless-authorization': `Bearer ${checked}`,
    };
    assert.equal((await ask(app, 'POST', '/tick', headers)).statusCode, 403);
  });
});

describe('a header with a token that comes twice', () => {
  for (const twice of ['x-serverless-authorization', 'authorization'])
    it(`says nothing, and nothing beside it counts (${twice})`, async (t) => {
      const { app, issuer } = await world(t, 'private', 'machines');
      const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
      const checked = `Bearer ${withoutSignature(issuer.token(claimsOf(EVENTS)))}`;
      const forged = `Bearer ${issuer.token(claimsOf(TICK), 'stranger')}`;
      const headers = ['host', HOST, 'authorization', forged, twice, forged, twice, checked];
      const asking = request({ host: '127.0.0.1', port, path: '/tick', method: 'POST', headers });
      const [answer] = await once(asking.end(), 'response');
      answer.resume();
      assert.equal(answer.statusCode, 401);
    });
});

describe('people behind IAP', () => {
  const iapClaims = {
    ...{ iss: 'https://cloud.google.com/iap', aud: IAP, sub: 'accounts.google.com:1', email: ANNA },
    ...{ iat: seconds(-10), exp: seconds(590) },
  };
  const assertion = (token: string): Headers => ({ 'x-goog-iap-jwt-assertion': token });

  async function behindIap(t: TestContext, allowed: readonly string[] = []) {
    const iap = await startIap(t);
    const identity = createIapIdentity({ audiences: [IAP], clock, endpoints: iap.endpoints });
    return { iap, ...makeApp(t, { serves: 'people', people: { identity, allowed }, knownHosts: [HOST] }) };
  }

  it('are known by its word, and their commands carry their name', async (t) => {
    const bench = await behindIap(t);
    const headers = assertion(bench.iap.token(iapClaims));
    assert.equal((await ask(bench.app, 'GET', '/status', headers)).statusCode, 200);
    assert.equal((await ask(bench.app, 'POST', '/farm/wake', headers)).statusCode, 202);
    assert.deepEqual(commandsIn(bench), [{ kind: 'wake', by: ANNA, minutes: 30 }]);
    assert.equal(bench.iap.fetched(), 1);
  });

  it('may be anybody of a domain that PEOPLE names', async (t) => {
    const { app, iap } = await behindIap(t, ['@example.org']);
    const of = (email: string) => assertion(iap.token({ ...iapClaims, email }));
    assert.equal((await ask(app, 'GET', '/status', of('Bert@Example.org'))).statusCode, 200);
    // Of another identity provider, where perhaps anybody makes an account with any address.
    const other = 'securetoken.google.com/film-farm:eve@example.org';
    for (const email of ['eve@example.org.evil.test', 'example.org', 'eve@evil.test', other])
      assert.equal((await ask(app, 'GET', '/status', of(email))).statusCode, 403, email);
  });

  for (const [name, claims] of Object.entries({
    'that has expired': { iat: seconds(-2000), exp: seconds(-301) },
    'for another service': { aud: '/projects/1/locations/europe-west1/services/other' },
    'of another issuer': { iss: 'https://accounts.google.com' },
    'without an address': { email: undefined },
  }))
    it(`are not let in with a word ${name}`, async (t) => {
      const { app, iap } = await behindIap(t);
      const headers = assertion(iap.token({ ...iapClaims, ...claims }));
      assert.equal((await ask(app, 'GET', '/status', headers)).statusCode, 401);
    });

  it("are not let in with a forged word, without a signature, or with Cloud Run's word instead", async (t) => {
    const { app, iap } = await behindIap(t);
    const issuer = await startIssuer(t);
    const good = iap.token(iapClaims);
    for (const headers of [
      assertion(iap.forged(iapClaims)),
      assertion(withoutSignature(good)),
      assertion(good.replace(/[^.]*$/, '')),
      assertion(`${good},${good}`),
      bearer(good),
      bearer(withoutSignature(issuer.token(claimsOf(ANNA)))),
      { 'x-goog-authenticated-user-email': `accounts.google.com:${ANNA}` },
    ])
      assert.equal((await ask(app, 'GET', '/status', headers)).statusCode, 401);
    assert.equal(iap.fetched(), 1, 'a forger makes us fetch nothing');
  });

  it('stay known when IAP changes its key', async (t) => {
    let now = Date.now();
    const iap = await startIap(t);
    const identity = createIapIdentity({
      ...{ audiences: [IAP], endpoints: iap.endpoints },
      clock: { now: () => now },
    });
    const known = async () => {
      const token = iap.token({
        ...iapClaims,
        iat: Math.floor(now / 1000),
        exp: Math.floor(now / 1000) + 600,
      });
      return (await identity.identify(assertion(token))).kind;
    };
    assert.equal(await known(), 'known');
    iap.turn();
    assert.equal(await known(), 'refused', 'the keys are not fetched for every token that does not fit');
    now += 60_000;
    assert.equal(await known(), 'known');
  });
});

describe('another name for the service', () => {
  it('is refused whoever asks, and so is another site', async (t) => {
    const { app, issuer, arrives } = await world(t, 'private', 'people');
    const headers = arrives(issuer.token(claimsOf(ANNA)));
    assert.equal((await ask(app, 'GET', '/status', { ...headers, host: 'evil.test' })).statusCode, 421);
    const other = { ...headers, origin: 'https://evil.test' };
    assert.equal((await ask(app, 'POST', '/farm/wake', other)).statusCode, 403);
  });
});
