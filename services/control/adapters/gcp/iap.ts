import type { OAuth2Client, OAuth2ClientOptions } from 'google-auth-library';
import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import { PortError } from '../../ports/errors.ts';
import type { Identity } from '../../ports/identity.ts';
import { cloudWork } from './errors.ts';
import { claimsIn, refused, SKEW_MS } from './identity.ts';

interface Options {
  /** IAP's names of this service: `/projects/NUMBER/locations/REGION/services/NAME`. */
  readonly audiences: readonly string[];
  readonly clock: { now(): EpochMs };
  /** Where IAP's keys are; left out = at Google's. */
  readonly endpoints?: OAuth2ClientOptions['endpoints'];
}

type Keys = Awaited<ReturnType<OAuth2Client['getIapPublicKeysAsync']>>['pubkeys'];

const ISSUER = 'https://cloud.google.com/iap';
/** Keys change about once in 12 days; a token by one that is not known is looked up again, but not for every forgery. */
const KEYS_HOLD_MS = 60 * 60_000;
const KEYS_AGAIN_MS = 60_000;

const claimsSchema = z.object({
  iss: z.literal(ISSUER),
  aud: z.string(),
  /** Seconds. */
  exp: z.number(),
  /** Signed in with Google; other identity providers put their name in front (`accounts.example:…`). */
  email: z.string(),
});

/**
 * People behind Identity-Aware Proxy: only its own signed header counts, since whoever reaches this service around it can
 * write all the others.
 */
export function createIapIdentity({ audiences, clock, endpoints }: Options): Identity {
  let client: Promise<OAuth2Client> | null = null;
  let known: { readonly keys: Keys; readonly at: EpochMs } | null = null;

  function open(): Promise<OAuth2Client> {
    client ??= import('./load-auth.ts').then(
      ({ OAuth2Client: Client }) => new Client(endpoints === undefined ? {} : { endpoints }),
    );
    return client;
  }

  async function keys(holdMs: number): Promise<Keys> {
    if (known !== null && clock.now() - known.at < holdMs) return known.keys;
    const doing = "fetching IAP's keys";
    const { pubkeys } = await cloudWork(doing, async () => (await open()).getIapPublicKeysAsync()).catch(
      (cause) => {
        // Whatever it is, it is not the caller's fault: he shall try again.
        throw new PortError('transient', doing, { cause });
      },
    );
    known = { keys: pubkeys, at: clock.now() };
    return pubkeys;
  }

  async function isSigned(token: string): Promise<boolean> {
    if (await isSignedBy(await keys(KEYS_HOLD_MS), token)) return true;
    return isSignedBy(await keys(KEYS_AGAIN_MS), token);
  }

  async function isSignedBy(pubkeys: Keys, token: string): Promise<boolean> {
    try {
      await (await open()).verifySignedJwtWithCertsAsync(token, pubkeys, [...audiences], [ISSUER]);
      return true;
    } catch {
      // Its message may hold the token.
      return false;
    }
  }

  return {
    identify: async (headers) => {
      const token = headers['x-goog-iap-jwt-assertion'];
      if (!token) return refused('noToken');
      const claims = claimsSchema.safeParse(claimsIn(token)).data;
      if (claims === undefined) return refused('unreadable');
      if (clock.now() > claims.exp * 1000 + SKEW_MS) return refused('expired');
      if (!audiences.includes(claims.aud)) return refused('wrongAudience');
      if (!(await isSigned(token))) return refused('forged');
      return { kind: 'known', email: claims.email };
    },
  };
}
