import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGoogle } from '../../services/control/adapters/gcp/google-auth.ts';
import { type Answer, json, startServer } from './server.ts';

const TOKEN_PATH = '/computeMetadata/v1/instance/service-accounts/default/token';

/** The metadata server that each machine of Google has; a token of it lives `seconds`. */
async function onCloudRun(t: { after(fn: () => unknown): void }, seconds: number) {
  let tokens = 0;
  const flavor = { 'metadata-flavor': 'Google' };
  const text = (body: string): Answer => ({
    status: 200,
    headers: { ...flavor, 'content-type': 'text/plain' },
    body,
  });
  const server = await startServer({
    clock: { now: () => Date.now() },
    failure: (status) => ({ status }),
    answer: ({ url }) => {
      if (url.pathname.includes('/universe')) return text('googleapis.com');
      if (url.pathname.endsWith('/project-id')) return text('p');
      if (!url.pathname.startsWith(TOKEN_PATH)) return text('');
      tokens += 1;
      return json(
        200,
        { access_token: `token-${tokens}`, expires_in: seconds, token_type: 'Bearer' },
        flavor,
      );
    },
  });
  const home = mkdtempSync(join(tmpdir(), 'tablao-home-'));
  const before = { ...process.env };
  Object.assign(process.env, {
    GCE_METADATA_HOST: server.host,
    METADATA_SERVER_DETECTION: 'assume-present',
    HOME: home,
  });
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  t.after(async () => {
    process.env = before;
    rmSync(home, { recursive: true, force: true });
    await server.close();
  });
  return server;
}

test('a token is fetched with the scopes that clusters need, and kept while it lives', async (t) => {
  const server = await onCloudRun(t, 3600);
  const { token } = createGoogle();
  assert.equal(await token(), 'token-1');
  assert.equal(await token(), 'token-1');
  const asked = server.asked.filter((line) => line.includes(TOKEN_PATH));
  assert.equal(asked.length, 1);
  assert.match(decodeURIComponent(asked[0] ?? ''), /cloud-platform.*userinfo\.email/);
});

test('a token that is about to expire is not used any more', async (t) => {
  await onCloudRun(t, 200);
  const { token } = createGoogle();
  assert.equal(await token(), 'token-1');
  assert.equal(await token(), 'token-2');
});
