import { createHash, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type Claims, startIssuer } from '../gcp/issuer.ts';
import { type Answer, type Asked, json } from '../gcp/server.ts';

export const CLIENT_ID = '123-film.apps.googleusercontent.com';
export const CLIENT_SECRET = 'client-secret-of-film';

type Issuer = Awaited<ReturnType<typeof startIssuer>>;

/** What a browser was sent with, and who was chosen for it. */
interface Granted {
  readonly asked: URLSearchParams;
  readonly email: string;
}

/**
 * Stands for accounts.google.com: a page where an account is chosen (`/authorize`), the code that it sends back with, and a
 * token for it (`/token`), which wants the client's secret, the same address and the verifier of the challenge. A code counts
 * once. `returnTo` is the address that the client was registered with.
 */
export async function startAccounts(t: TestContext, returnTo: () => string, emails: readonly string[] = []) {
  const granted = new Map<string, Granted>();
  let claims: Claims = {};
  let signer: 'issuer' | 'stranger' = 'issuer';
  const issuer: Issuer = await startIssuer(t, answer);

  function answer({ method, url, body }: Asked): Answer {
    if (method === 'GET' && url.pathname === '/authorize') return choose(url.searchParams);
    if (method === 'GET' && url.pathname === '/chosen') return sendBack(url.searchParams);
    if (method === 'POST' && url.pathname === '/token') return tradeIn(new URLSearchParams(String(body)));
    return json(404, {});
  }

  function choose(asked: URLSearchParams): Answer {
    const wrong = problemOf(asked);
    if (wrong !== null) return { status: 400, body: wrong };
    const links = emails.map((email) => {
      const chosen = new URLSearchParams([...asked, ['email', email]]);
      return `<li><a href="/chosen?${chosen.toString().replaceAll('&', '&amp;')}">${email}</a></li>`;
    });
    const body = `<!doctype html><title>Choose an account</title><ul>${links.join('')}</ul>`;
    return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
  }

  function problemOf(asked: URLSearchParams): string | null {
    if (asked.get('client_id') !== CLIENT_ID) return 'invalid_client';
    if (asked.get('redirect_uri') !== returnTo()) return 'redirect_uri_mismatch';
    if (asked.get('response_type') !== 'code') return 'unsupported_response_type';
    if (asked.get('scope') !== 'openid email') return 'invalid_scope';
    return asked.get('code_challenge_method') === 'S256' ? null : 'no challenge';
  }

  function sendBack(chosen: URLSearchParams): Answer {
    const code = grant(chosen, chosen.get('email') ?? '');
    const location = `${chosen.get('redirect_uri')}?${new URLSearchParams({ state: chosen.get('state') ?? '', code })}`;
    return { status: 302, headers: { location } };
  }

  function grant(asked: URLSearchParams, email: string): string {
    const code = randomUUID();
    granted.set(code, { asked, email });
    return code;
  }

  function tradeIn(form: URLSearchParams): Answer {
    if (form.get('client_id') !== CLIENT_ID || form.get('client_secret') !== CLIENT_SECRET)
      return json(401, { error: 'invalid_client' });
    const code = form.get('code') ?? '';
    const grant = granted.get(code);
    granted.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isGood =
      form.get('grant_type') === 'authorization_code' &&
      form.get('redirect_uri') === grant?.asked.get('redirect_uri') &&
      challenge === grant?.asked.get('code_challenge');
    if (grant === undefined || !isGood) return json(400, { error: 'invalid_grant' });
    return json(200, {
      access_token: 'unused',
      token_type: 'Bearer',
      expires_in: 3599,
      id_token: tokenFor(grant),
    });
  }

  function tokenFor({ asked, email }: Granted): string {
    const iat = Math.floor(Date.now() / 1000);
    const nonce = asked.get('nonce') ?? '';
    const good = {
      iss: 'https://accounts.google.com',
      aud: CLIENT_ID,
      sub: '1',
      email,
      email_verified: true,
    };
    return issuer.token({ ...good, nonce, iat, exp: iat + 3600, ...claims }, signer);
  }

  return {
    server: issuer.server,
    issuer,
    endpoints: {
      ...issuer.endpoints,
      oauth2AuthBaseUrl: `http://${issuer.server.host}/authorize`,
      oauth2TokenUrl: `http://${issuer.server.host}/token`,
    },
    /** What a browser sees that opens `address`: null = the page where an account is chosen, else what is wrong. */
    refuses: (address: string) => problemOf(new URL(address).searchParams),
    /** The code that the browser comes back with which was sent to `address`, once this account was chosen there. */
    choose: (address: string, email: string) => grant(new URL(address).searchParams, email),
    /** What its next tokens say beside what is right, and whose signature they have. */
    say: (said: Claims, by: 'issuer' | 'stranger' = 'issuer') => {
      claims = said;
      signer = by;
    },
  };
}
