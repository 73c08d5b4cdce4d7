import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { EpochMs } from '../core/time.ts';
import type { SignInBegun } from '../ports/sign-in.ts';
import type { Seals } from './seals.ts';

/** Somebody who has signed in here. */
const person = z.object({ email: z.string(), organisation: z.string().nullable() });
export type PersonSignedIn = z.infer<typeof person>;

const begunSchema = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() });

/** A working day; then Google is asked once more whether the account still is. */
const LASTS_MS = 12 * 60 * 60_000;
/** To choose an account, find the password and the phone. */
const SIGN_IN_LASTS_MS = 10 * 60_000;

const SESSION = '__Host-tablao';
const BEGUN = '__Host-tablao-sign-in';
/**
 * `__Host-`: only this host has set it, over TLS, so that no neighbour can put its own in its place. No script can read it.
 * `lax` and not `strict`: the way back from Google, and a link in a message, are requests of another site.
 */
const COOKIE = { httpOnly: true, secure: true, sameSite: 'lax', path: '/' } as const;

/** From now on the browser is this person's. */
export async function startSession(
  reply: FastifyReply,
  seals: Seals,
  who: PersonSignedIn,
  now: EpochMs,
): Promise<void> {
  const sealed = await seals.seal('session', who, now + LASTS_MS);
  reply.setCookie(SESSION, sealed, { ...COOKIE, maxAge: LASTS_MS / 1000 });
}

/** `null` = nobody has signed in with this browser, or too long ago. */
export async function readSession(request: FastifyRequest, seals: Seals) {
  return seals.open('session', request.cookies[SESSION] ?? '', person);
}

export function endSession(reply: FastifyReply): void {
  reply.clearCookie(SESSION, COOKIE);
}

/** The browser keeps what its way back will be compared with. */
export async function keepBegun(
  reply: FastifyReply,
  seals: Seals,
  begun: SignInBegun,
  now: EpochMs,
): Promise<void> {
  const sealed = await seals.seal('sign-in', { ...begun }, now + SIGN_IN_LASTS_MS);
  reply.setCookie(BEGUN, sealed, { ...COOKIE, maxAge: SIGN_IN_LASTS_MS / 1000 });
}

/** `null` = this browser has begun nothing, or too long ago. */
export async function readBegun(request: FastifyRequest, seals: Seals): Promise<SignInBegun | null> {
  return (await seals.open('sign-in', request.cookies[BEGUN] ?? '', begunSchema))?.content ?? null;
}

/** It counts once. */
export function forgetBegun(reply: FastifyReply): void {
  reply.clearCookie(BEGUN, COOKIE);
}
