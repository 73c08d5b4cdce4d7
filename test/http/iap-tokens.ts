import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

type Claims = Readonly<Record<string, unknown>>;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Stands for Identity-Aware Proxy: signs as it does (ES256) and serves its keys. `turn` changes the key. */
export async function startIap(t: TestContext) {
  let count = 0;
  let key = newKey();
  let fetched = 0;
  const server = createServer((_request, response) => {
    fetched += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ [key.kid]: key.pem }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());

  function newKey() {
    count += 1;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { kid: `k${count}`, privateKey, pem: publicKey.export({ type: 'spki', format: 'pem' }) };
  }

  function tokenBy({ kid, privateKey }: Pick<typeof key, 'kid' | 'privateKey'>, claims: Claims): string {
    const text = `${encode({ alg: 'ES256', typ: 'JWT', kid })}.${encode(claims)}`;
    const signature = sign('SHA256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }

  return {
    endpoints: { oauth2IapPublicKeyUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` },
    fetched: () => fetched,
    turn: () => {
      key = newKey();
    },
    token: (claims: Claims) => tokenBy(key, claims),
    /** By somebody who says that he is IAP. */
    forged: (claims: Claims) => tokenBy({ ...newKey(), kid: key.kid }, claims),
  };
}
