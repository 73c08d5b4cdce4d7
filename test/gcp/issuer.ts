import { createSign, generateKeyPairSync } from 'node:crypto';
import { type Answer, type Asked, json, startServer } from './server.ts';

export interface Claims {
  readonly iss?: string;
  readonly aud?: string;
  readonly sub?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  /** The organisation's domain. */
  readonly hd?: string;
  readonly nonce?: string;
  /** Seconds. */
  readonly iat?: number;
  readonly exp?: number;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * An issuer of OIDC tokens that serves its keys as Google does: a map of PEM texts, and a JWKS. `more` answers what else it
 * is asked.
 */
export async function startIssuer(
  t: { after(fn: () => unknown): void },
  more: (asked: Asked) => Answer = () => json(404, {}),
) {
  const keys = new Map([
    ['k1', newKey()],
    ['k2', newKey()],
  ]);
  const server = await startServer({
    clock: { now: () => Date.now() },
    failure: (status) => json(status, {}),
    answer: (asked) => {
      const { url } = asked;
      const cached = { 'cache-control': 'public, max-age=3600' };
      if (url.pathname === '/certs/pem')
        return json(200, Object.fromEntries([...keys].map(([kid, { pem }]) => [kid, pem])), cached);
      if (url.pathname === '/certs/jwks')
        return json(200, { keys: [...keys].map(([kid, { jwk }]) => ({ ...jwk, kid, use: 'sig' })) }, cached);
      return more(asked);
    },
  });
  t.after(() => server.close());
  const token = (claims: Claims, by: 'issuer' | 'stranger' = 'issuer') => {
    const key = by === 'issuer' ? keys.get('k1') : newKey();
    const text = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${encode(claims)}`;
    const signature = createSign('RSA-SHA256')
      .update(text)
      .sign(key?.privateKey ?? '');
    return `${text}.${signature.toString('base64url')}`;
  };
  return {
    server,
    endpoints: {
      oauth2FederatedSignonPemCertsUrl: `http://${server.host}/certs/pem`,
      oauth2FederatedSignonJwkCertsUrl: `http://${server.host}/certs/jwks`,
    },
    /** Signed by a key of ours, or by a stranger's that says it is ours. */
    token,
    /** A good token of an account, for an hour from now. */
    signed: (email: string, audience: string) => {
      const iat = Math.floor(Date.now() / 1000);
      const issued = { iss: 'https://accounts.google.com', iat, exp: iat + 3600 };
      return token({ ...issued, aud: audience, sub: '1', email, email_verified: true });
    },
  };
}

/** As Cloud Run passes a token on. */
export function withoutSignature(token: string): string {
  return token.replace(/[^.]*$/, 'SIGNATURE_REMOVED_BY_GOOGLE');
}

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    privateKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
    jwk: publicKey.export({ format: 'jwk' }),
  };
}
