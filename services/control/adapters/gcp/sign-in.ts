import { randomBytes } from 'node:crypto';
import type { OAuth2Client, OAuth2ClientOptions } from 'google-auth-library';
import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import { isPortError, PortError } from '../../ports/errors.ts';
import type { SignIn } from '../../ports/sign-in.ts';
import { cloudWork } from './errors.ts';
import { claimsIn, createPublicIdentity, refused } from './identity.ts';

interface Options {
  /** Of an OAuth client of the type "web application". */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clock: { now(): EpochMs };
  /** Where people choose their account, where codes are traded in and where the keys are; left out = at Google's. */
  readonly endpoints?: OAuth2ClientOptions['endpoints'];
}

const signInClaims = z.object({ nonce: z.string() });

/** Sign-in with Google. Only the address is asked for: no name, no picture, nothing that lasts. */
export function createGoogleSignIn({ clientId, clientSecret, clock, endpoints }: Options): SignIn {
  const others = endpoints === undefined ? {} : { endpoints };
  const identity = createPublicIdentity({ audiences: [clientId], clock, ...others });
  let client: Promise<OAuth2Client> | null = null;

  function open(): Promise<OAuth2Client> {
    client ??= import('./load-auth.ts').then(
      ({ OAuth2Client: Client }) => new Client({ clientId, clientSecret, ...others }),
    );
    return client;
  }

  /** `null` = the code is not worth anything: used, too old, another's. */
  async function tradeIn(code: string, codeVerifier: string, returnTo: string): Promise<string | null> {
    const google = await open();
    const doing = 'trading in the code of a sign-in';
    try {
      const { tokens } = await cloudWork(doing, () =>
        google.getToken({ code, codeVerifier, redirect_uri: returnTo }),
      );
      return tokens.id_token ?? null;
    } catch (error) {
      if (isPortError(error, 'invalid')) return null;
      throw error;
    }
  }

  return {
    begin: async (returnTo) => {
      const google = await open();
      const { CodeChallengeMethod } = await import('./load-auth.ts');
      const { codeVerifier, codeChallenge } = await google.generateCodeVerifierAsync();
      if (codeChallenge === undefined) throw new PortError('invalid', 'making a challenge for a sign-in');
      const begun = { state: unguessable(), nonce: unguessable(), verifier: codeVerifier };
      const address = google.generateAuthUrl({
        redirect_uri: returnTo,
        scope: ['openid', 'email'],
        state: begun.state,
        nonce: begun.nonce,
        code_challenge: codeChallenge,
        code_challenge_method: CodeChallengeMethod.S256,
        // Who has several accounts, or was refused with one, must be able to choose.
        prompt: 'select_account',
        // No refresh token: nothing of the account is used after this.
        access_type: 'online',
      });
      return { begun, address };
    },

    finish: async ({ nonce, verifier }, returnTo, code) => {
      const token = await tradeIn(code, verifier, returnTo);
      if (token === null) return refused('codeRefused');
      const caller = await identity.identify({ authorization: `Bearer ${token}` });
      if (caller.kind === 'refused') return caller;
      const isForThis = signInClaims.safeParse(claimsIn(token)).data?.nonce === nonce;
      return isForThis ? caller : refused('wrongNonce');
    },
  };
}

function unguessable(): string {
  return randomBytes(32).toString('base64url');
}
