import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pino } from 'pino';
import { parseConfig } from '../../services/control/config.ts';
import { serveCloud } from '../../services/control/serve-cloud.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import { makeApp } from './app-for-tests.ts';
import { CLIENT_ID, CLIENT_SECRET, startAccounts } from './google-accounts.ts';
import { ANNA, HOST, Visitor } from './sign-in-world.ts';

it('the service that the variables ask for lets people sign in', async (t) => {
  const accounts = await startAccounts(t, () => `https://${HOST}/sign-in/done`);
  const config = parseConfig(
    {
      ...CLOUD_ENV,
      ...{ ROLE: 'page', PORT: '0', AUTH_MODE: 'public', AUTH_AUDIENCE: `https://${HOST}`, PEOPLE: ANNA },
      ...{ SIGN_IN_CLIENT_ID: CLIENT_ID, SIGN_IN_CLIENT_SECRET: CLIENT_SECRET },
      SESSION_KEY: Buffer.alloc(32, 1).toString('base64'),
    },
    [],
  );
  assert.ok(config.mode === 'cloud');
  const log = pino({ level: 'silent' });
  const { app, stop } = await serveCloud(config, log, { certs: accounts.endpoints });
  t.after(stop);
  const visitor = new Visitor({ ...makeApp(t), app });
  assert.equal((await visitor.open('/me')).statusCode, 401);
  assert.equal((await visitor.signIn(accounts, ANNA)).statusCode, 303);
  assert.deepEqual((await visitor.open('/me')).json(), { person: ANNA, canSignOut: true });
  assert.equal((await visitor.post('/tick')).statusCode, 404);
});
