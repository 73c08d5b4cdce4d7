import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createPrivateIdentity, createPublicIdentity } from '../../services/control/adapters/gcp/identity.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import type { Identity } from '../../services/control/ports/identity.ts';
import { makeApp } from '../http/app-for-tests.ts';
import { startIssuer, withoutSignature } from './issuer.ts';

const AUDIENCE = 'https://control-1.europe-west1.run.app';
const TICK = 'tick@p.iam.gserviceaccount.com';
const EVENTS = 'events@p.iam.gserviceaccount.com';
const clock = { now: () => Date.now() };
const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;

type Claims = Parameters<Awaited<ReturnType<typeof startIssuer>>['token']>[0];

const good = (): Claims => ({
  iss: 'https://accounts.google.com',
  aud: AUDIENCE,
  sub: '1',
  email: TICK,
  email_verified: true,
  iat: seconds(-10),
  exp: seconds(3590),
});

/** What is wrong with the claims alone is told alike in both modes. */
const wrongClaims: Readonly<Record<string, readonly [Claims, string]>> = {
  'that has expired': [{ iat: seconds(-8000), exp: seconds(-301) }, 'expired'],
  'for another service': [{ aud: 'https://other.run.app' }, 'wrongAudience'],
  'of another issuer': [{ iss: 'https://evil.test' }, 'wrongIssuer'],
  'whose address nobody has verified': [{ email_verified: false }, 'noEmail'],
};

async function world(t: TestContext) {
  const issuer = await startIssuer(t);
  const audiences = ['https://old-name.a.run.app', AUDIENCE];
  return {
    issuer,
    open: createPublicIdentity({ audiences, clock, endpoints: issuer.endpoints }),
    closed: createPrivateIdentity({ audiences, clock }),
  };
}

const ask = (identity: Identity, token: string) => identity.identify({ authorization: `Bearer ${token}` });

describe('callers in public mode', () => {
  test("a token that Google has signed tells its account, and Google's keys are fetched once", async (t) => {
    const { issuer, open } = await world(t);
    const known = { kind: 'known', email: TICK, organisation: null };
    assert.deepEqual(await ask(open, issuer.token(good())), known);
    assert.deepEqual(await ask(open, issuer.token(good())), known);
    assert.deepEqual(issuer.server.asked, ['GET /certs/pem']);
  });

  for (const [name, [claims, why]] of Object.entries(wrongClaims))
    test(`a token ${name} is refused`, async (t) => {
      const { issuer, open } = await world(t);
      const token = issuer.token({ ...good(), ...claims });
      assert.deepEqual(await ask(open, token), { kind: 'refused', why });
    });

  test('a forged signature, none at all, and one that Cloud Run removed are refused', async (t) => {
    const { issuer, open } = await world(t);
    const token = issuer.token(good());
    const [head, , signature] = token.split('.');
    const other = Buffer.from(JSON.stringify({ ...good(), email: 'me@evil.test' })).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const forged of [
      issuer.token(good(), 'stranger'),
      `${head}.${other}.${signature}`,
      `${none}.${token.split('.')[1]}.`,
      withoutSignature(token),
    ])
      assert.deepEqual(await ask(open, forged), { kind: 'refused', why: 'forged' });
  });

  test('a token beside the one that Cloud Run looks at counts for nothing', async (t) => {
    const { issuer, open } = await world(t);
    const serverless = { 'x-serverless-authorization': `Bearer ${issuer.token(good())}` };
    assert.deepEqual(await open.identify(serverless), { kind: 'refused', why: 'noToken' });
  });

  test('while the keys cannot be fetched nobody is refused for good', async (t) => {
    const { issuer, open } = await world(t);
    issuer.server.fail(/certs/, { kind: 'status', status: 400 });
    await assert.rejects(ask(open, issuer.token(good())), (error) => isPortError(error, 'transient'));
    assert.equal((await ask(open, issuer.token(good()))).kind, 'known');
  });
});

describe('callers in private mode', () => {
  test('a token whose signature Cloud Run has removed tells its account', async (t) => {
    const { issuer, closed } = await world(t);
    const token = withoutSignature(issuer.token(good()));
    assert.deepEqual(await ask(closed, token), { kind: 'known', email: TICK });
  });

  for (const [name, [claims, why]] of Object.entries(wrongClaims))
    test(`a token ${name} is refused`, async (t) => {
      const { issuer, closed } = await world(t);
      const token = withoutSignature(issuer.token({ ...good(), ...claims }));
      assert.deepEqual(await ask(closed, token), { kind: 'refused', why });
    });

  test('of two tokens the one counts that Cloud Run has checked', async (t) => {
    const { issuer, closed } = await world(t);
    const checked = withoutSignature(issuer.token({ ...good(), email: EVENTS }));
    const unchecked = issuer.token({ ...good(), email: TICK }, 'stranger');
    const caller = await closed.identify({
      authorization: `Bearer ${unchecked}`,
      'x-serverless-authorization': `bearer ${checked}`,
    });
    assert.deepEqual(caller, { kind: 'known', email: EVENTS });
  });

  test('where the one that Cloud Run has checked cannot be read, the other does not count either', async (t) => {
    const { issuer, closed } = await world(t);
    const authorization = `Bearer ${issuer.token({ ...good(), email: TICK }, 'stranger')}`;
    for (const looked of ['', 'Bearer a b', 'Basic abc'])
      assert.deepEqual(await closed.identify({ authorization, 'x-serverless-authorization': looked }), {
        kind: 'refused',
        why: 'noToken',
      });
  });

  test('what is no token is unreadable', async (t) => {
    const { closed } = await world(t);
    for (const token of ['x', 'a.b.c', `a.${Buffer.from('{}').toString('base64url')}.c`])
      assert.deepEqual(await ask(closed, token), { kind: 'refused', why: 'unreadable' });
    assert.deepEqual(await closed.identify({ authorization: 'Basic abc' }), {
      kind: 'refused',
      why: 'noToken',
    });
  });
});

describe('routes for machines', () => {
  const routes = { '/tick': TICK, '/events/storage': EVENTS };

  for (const mode of ['open', 'closed'] as const)
    for (const [route, account] of Object.entries(routes))
      test(`${route} in ${mode} mode: 401 without a good token, 403 for another account, 2xx for its own`, async (t) => {
        const { issuer, ...identities } = await world(t);
        const machines = { identity: identities[mode], tickAccount: TICK, eventsAccount: EVENTS };
        const { app, lines } = makeApp(t, { machines });
        const send = async (claims: Claims | null) => {
          const token = claims === null ? null : issuer.token({ ...good(), ...claims });
          const sent = token !== null && mode === 'closed' ? withoutSignature(token) : token;
          const headers = {
            'content-type': 'application/json',
            ...(sent && { authorization: `Bearer ${sent}` }),
          };
          const { statusCode } = await app.inject({ method: 'POST', url: route, headers, payload: '{}' });
          return statusCode;
        };
        assert.equal(await send(null), 401);
        assert.equal(await send({ email: account, exp: seconds(-400) }), 401);
        assert.equal(await send({ email: account, aud: 'https://other.test' }), 401);
        assert.equal(await send({ email: account === TICK ? EVENTS : TICK }), 403);
        assert.match(String(await send({ email: account })), /^2/);
        assert.doesNotMatch(lines.join(''), /eyJ/, 'no token is in the log');
      });
});
