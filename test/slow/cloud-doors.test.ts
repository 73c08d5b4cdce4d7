// The service as a running process in both roles and both ways of checking callers: over HTTP it refuses what it must.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { freePort } from '../cloud/free-port.ts';
import { startServiceProcess } from '../cloud/service-process.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import { startGke } from '../gcp/gke/stand-in.ts';
import { startIssuer, withoutSignature } from '../gcp/issuer.ts';
import { startMetadata } from '../gcp/metadata.ts';
import { startScheduler } from '../gcp/scheduler-stand-in.ts';
import { startStorage } from '../gcp/storage/stand-in.ts';

const { AUTH_AUDIENCE: AUDIENCE, TICK_SERVICE_ACCOUNT: TICK, EVENTS_SERVICE_ACCOUNT: EVENTS } = CLOUD_ENV;
const [HOST = ''] = AUDIENCE.replace('https://', '').split('/');
const ANNA = 'anna@studio.test';
const TICK_JOB = 'projects/film-farm/locations/europe-west1/jobs/tablao-tick';
const EVENT = JSON.stringify({
  message: { attributes: { eventType: 'OBJECT_FINALIZE', objectId: 'a.blend' } },
});

type Claims = Parameters<Awaited<ReturnType<typeof startIssuer>>['token']>[0];

interface Request {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function world(t: TestContext, env: Readonly<Record<string, string>>) {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-doors-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const clock = { now: () => Date.now() };
  const [issuer, metadata] = [await startIssuer(t), await startMetadata()];
  const storage = await startStorage({ buckets: ['film-scenes', 'film-renders', 'film-state'] });
  const gke = await startGke({ clock });
  for (const server of [metadata, storage, gke]) t.after(() => server.close());
  const scheduler = await startScheduler(t, [{ name: TICK_JOB, schedule: '* * * * *' }]);
  const service = await startServiceProcess(t, {
    ...{ port: await freePort(), dir, metadataHost: metadata.host },
    places: {
      ...{ storage: storage.url, gke: gke.url, gkePort: gke.port },
      ...{ schedulerPort: scheduler.port, issuer: `http://${issuer.server.host}` },
    },
    env: { ...CLOUD_ENV, KNOWN_HOSTS: '127.0.0.1', ...env },
  });
  const isPrivate = env.AUTH_MODE !== 'public';
  /** As it arrives: behind Cloud Run's own check the signature has gone. */
  const tokenOf = (email: string, claims: Claims = {}) => {
    const iat = Math.floor(Date.now() / 1000);
    const good = { iss: 'https://accounts.google.com', aud: AUDIENCE, sub: '1', iat, exp: iat + 3600 };
    const token = issuer.token({ ...good, email, email_verified: true, ...claims });
    return isPrivate ? withoutSignature(token) : token;
  };
  const ask = async ({ method = 'GET', path, body, headers = {} }: Request, token: string | null) => {
    const answer = await fetch(`${service.url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { service, issuer, tokenOf, ask, storage };
}

const tick: Request = { method: 'POST', path: '/tick', body: '{}' };
const event: Request = { method: 'POST', path: '/events/storage', body: EVENT };
const PEOPLES: readonly Request[] = [
  ...['/', '/status', '/status/runs', '/metrics', '/app/', '/api/v3/jobs'].map((path) => ({ path })),
  { method: 'POST', path: '/uploads', body: '{"path":"a.blend","size":7}' },
  ...['cancel', 'again', 'release'].map((verb) => ({ method: 'POST', path: `/runs/r1/${verb}`, body: '{}' })),
  ...['wake', 'teardown', 'pause'].map((verb) => ({ method: 'POST', path: `/farm/${verb}`, body: '{}' })),
];

/** Claims that make a token bad, whoever checks the signature. */
const BAD_CLAIMS: Readonly<Record<string, Claims>> = {
  expired: { exp: Math.floor(Date.now() / 1000) - 400 },
  'for another service': { aud: 'https://other.run.app' },
  'of another issuer': { iss: 'https://issuer.test' },
  'with an address that nobody verified': { email_verified: false },
};

for (const AUTH_MODE of ['private', 'public'] as const)
  describe(`the machines' service, AUTH_MODE=${AUTH_MODE}`, () => {
    test('takes calls of the right account for the right route and no others', async (t) => {
      const { tokenOf, ask, issuer, service, storage } = await world(t, { ROLE: 'control', AUTH_MODE });
      for (const [request, account, other] of [
        [tick, TICK, EVENTS],
        [event, EVENTS, TICK],
      ] as const) {
        const of = request.path;
        assert.equal(await ask(request, null), 401, `${of} without a token`);
        for (const [what, claims] of Object.entries(BAD_CLAIMS))
          assert.equal(await ask(request, tokenOf(account, claims)), 401, `${of} with a token ${what}`);
        assert.equal(await ask(request, tokenOf(other)), 403, `${of} for ${other}`);
        assert.equal(await ask(request, tokenOf(ANNA)), 403, `${of} for a person`);
        const signed = issuer.signed(account, AUDIENCE);
        if (AUTH_MODE === 'public') {
          assert.equal(await ask(request, withoutSignature(signed)), 401, `${of} without its signature`);
          const forged = `${signed.split('.').slice(0, 2).join('.')}.AAAA`;
          assert.equal(await ask(request, forged), 401, `${of} with a forged signature`);
        }
        if (request === tick)
          assert.deepEqual(storage.names('film-state'), [], 'nothing was done for any of them');
        assert.match(String(await ask(request, tokenOf(account))), /^20[04]$/, `${of} as it should be`);
      }
      assert.equal(storage.names('film-state').filter((name) => name.startsWith('commands/')).length, 1);
      for (const request of PEOPLES)
        assert.equal(await ask(request, tokenOf(TICK)), 404, `${request.path} is not served here`);
      assert.equal(await ask({ path: '/healthz' }, null), 200);
      assert.doesNotMatch(service.said(), /eyJ/, 'no token is in the log');
    });
  });

describe("people's service, AUTH_MODE=private", () => {
  test('lets in whom PEOPLE names, and changes nothing for another site', async (t) => {
    const env = { ROLE: 'page', AUTH_MODE: 'private', PEOPLE: `${ANNA},@film.test` };
    const { tokenOf, ask, service, storage } = await world(t, env);
    for (const request of PEOPLES) {
      const of = `${request.method ?? 'GET'} ${request.path}`;
      assert.equal(await ask(request, null), 401, `${of} without a token`);
      for (const [what, claims] of Object.entries(BAD_CLAIMS))
        assert.equal(await ask(request, tokenOf(ANNA, claims)), 401, `${of} with a token ${what}`);
      assert.equal(await ask(request, tokenOf('eve@evil.test')), 403, `${of} for a stranger`);
      assert.equal(await ask(request, tokenOf('eve@film.test.evil.test')), 403, `${of} for a look-alike`);
    }
    for (const request of [tick, event])
      assert.equal(await ask(request, tokenOf(ANNA)), 404, `${request.path} is not served here`);

    const anna = tokenOf(ANNA);
    const pause: Request = { method: 'POST', path: '/farm/pause', body: '{}' };
    assert.equal(await ask({ ...pause, headers: { origin: 'https://evil.test' } }, anna), 403);
    assert.equal(await ask({ ...pause, headers: { 'sec-fetch-site': 'cross-site' } }, anna), 403);
    assert.equal(await ask({ ...pause, headers: { 'content-type': 'text/plain' } }, anna), 415);
    assert.equal(await statusFor(service.url, 'evil.test', anna), 421);
    assert.deepEqual(storage.names('film-state'), [], 'nothing was written for any of them');

    assert.equal(await statusFor(service.url, HOST, anna), 404);
    assert.match(String(await ask(pause, tokenOf('bob@film.test'))), /^20/);
    assert.equal(storage.names('film-state').length, 1);
    assert.doesNotMatch(service.said(), /eyJ/, 'no token is in the log');
  });

  test('does not start where nobody has checked the tokens', async (t) => {
    await assert.rejects(world(t, { ROLE: 'page', AUTH_MODE: 'private', K_SERVICE: '' }), /K_SERVICE/);
    await assert.rejects(world(t, { ROLE: 'page', AUTH_MODE: 'public' }), /nobody could say who they are/);
  });
});

/** What a path that there is not is answered with under another name of the host, which fetch does not let one choose. */
function statusFor(url: string, host: string, token: string): Promise<number> {
  return new Promise((done, fail) => {
    const headers = { host, authorization: `Bearer ${token}` };
    request(`${url}/farm/none`, { headers }, (answer) => {
      answer.resume();
      done(answer.statusCode ?? 0);
    })
      .on('error', fail)
      .end();
  });
}
