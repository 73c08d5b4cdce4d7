import type { OAuth2Client, OAuth2ClientOptions } from 'google-auth-library';
import { z } from 'zod';
import type { EpochMs } from '../../core/time.ts';
import { PortError } from '../../ports/errors.ts';
import type { CallerSeen, Identity } from '../../ports/identity.ts';
import { cloudWork } from './errors.ts';

interface Options {
  /** The addresses of this service: it may have several. A token must be for one of them. */
  readonly audiences: readonly string[];
  readonly clock: { now(): EpochMs };
}

interface PublicOptions extends Options {
  /** Where Google's keys are; left out = at Google's. */
  readonly endpoints?: OAuth2ClientOptions['endpoints'];
}

const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
/** Clocks differ; Google's own library allows as much. */
export const SKEW_MS = 300_000;
/** What Cloud Run puts in the place of the signature that it has checked. */
const REMOVED = 'SIGNATURE_REMOVED_BY_GOOGLE';

/**
 * `AUTH_MODE=private`: Cloud Run lets nobody through but whom IAM allows, has checked the signature and removed it. The
 * claims are checked again all the same: that somebody may call this service does not mean that he may call this route.
 * Never use it where Cloud Run does not check: then anybody could write such a token.
 */
export function createPrivateIdentity(options: Options): Identity {
  return {
    identify: async ({ 'x-serverless-authorization': looked, authorization }) =>
      // If it is there at all Cloud Run has checked nothing else.
      readClaims(bearer(looked ?? authorization), options),
  };
}

/**
 * `AUTH_MODE=public`: anybody may call, so the signature is checked here, and one without it is refused. Nobody has judged
 * either whose accounts these are, so it tells that, too.
 */
export function createPublicIdentity({ endpoints, ...options }: PublicOptions): Identity {
  let client: Promise<OAuth2Client> | null = null;
  return {
    identify: async ({ authorization }) => {
      const token = bearer(authorization);
      const caller = readClaims(token, options);
      if (token === null || caller.kind === 'refused') return caller;
      if (token.endsWith(`.${REMOVED}`)) return refused('forged');
      client ??= import('./load-auth.ts').then(
        ({ OAuth2Client }) => new OAuth2Client(endpoints === undefined ? {} : { endpoints }),
      );
      const isSigned = await isSignedByGoogle(await client, token, options.audiences);
      return isSigned ? { ...caller, organisation: organisationIn(token) } : refused('forged');
    },
  };
}

/** Accounts that belong to no organisation have no such claim. */
function organisationIn(token: string): string | null {
  return z.object({ hd: z.string() }).safeParse(claimsIn(token)).data?.hd.toLowerCase() ?? null;
}

async function isSignedByGoogle(
  client: OAuth2Client,
  token: string,
  audiences: readonly string[],
): Promise<boolean> {
  const doing = "fetching Google's keys";
  const { certs } = await cloudWork(doing, () => client.getFederatedSignonCertsAsync()).catch((cause) => {
    // Whatever it is, it is not the caller's fault: he shall try again.
    throw new PortError('transient', doing, { cause });
  });
  try {
    await client.verifySignedJwtWithCertsAsync(token, certs, [...audiences], ISSUERS);
    return true;
  } catch {
    // Its message may hold the token.
    return false;
  }
}

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  /** Seconds. */
  exp: z.number(),
  email: z.string().optional(),
  email_verified: z.boolean().optional(),
});

/** What the token says, if it may be used here at all. Says nothing about who wrote it. */
function readClaims(token: string | null, { audiences, clock }: Options): CallerSeen {
  if (token === null) return refused('noToken');
  const claims = claimsSchema.safeParse(claimsIn(token)).data;
  if (claims === undefined) return refused('unreadable');
  if (!ISSUERS.includes(claims.iss)) return refused('wrongIssuer');
  if (clock.now() > claims.exp * 1000 + SKEW_MS) return refused('expired');
  if (!audiences.includes(claims.aud)) return refused('wrongAudience');
  if (!claims.email || claims.email_verified !== true) return refused('noEmail');
  return { kind: 'known', email: claims.email };
}

/** The middle part of a token; `null` = it is none. */
export function claimsIn(token: string): unknown {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  try {
    return JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString());
  } catch {
    return null;
  }
}

function bearer(header: string | undefined): string | null {
  return /^bearer\s+(\S+)$/i.exec(header ?? '')?.[1] ?? null;
}

export function refused(why: (CallerSeen & { readonly kind: 'refused' })['why']): CallerSeen {
  return { kind: 'refused', why };
}
