import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { EpochMs } from '../core/time.ts';
import type { CallerSeen, Identity, TokenHeaders } from '../ports/identity.ts';
import { wantOwnPage } from './callers.ts';
import { type Door, openDoor } from './door.ts';
import { Refusal } from './errors.ts';
import { readSession } from './session.ts';
import { tokenHeaders } from './token-headers.ts';

/** Which people may use the page, and how they are known. */
export interface People {
  readonly identity: Identity;
  /** Addresses and `@domains`, in small letters; `[]` = everybody who is known. */
  readonly allowed: readonly string[];
  /** They may also sign in here; left out = IAP or Cloud Run's IAM has let them through, and `identity` tells who they are. */
  readonly door?: Door;
}

type Known = Omit<CallerSeen & { readonly kind: 'known' }, 'kind'>;

const persons = new WeakMap<FastifyRequest, string>();

/** The address of the person who asks; `null` = nobody was asked who they are (local mode). */
export function personOf(request: FastifyRequest): string | null {
  return persons.get(request) ?? null;
}

/** The routes of `app` are for these people only. The answer does not tell a stranger what was wrong; the log does. */
export async function wantPerson(
  app: FastifyInstance,
  { identity, allowed, door }: People,
  clock: { now(): EpochMs },
): Promise<void> {
  if (door !== undefined) await openDoor(app);
  app.addHook('onRequest', async (request) => {
    const headers = tokenHeaders(request);
    // Programs send a token; a browser has nothing but its session.
    const caller =
      door === undefined || headers.authorization !== undefined
        ? await byToken(request, headers, identity)
        : await bySession(request, door, clock);
    const email = caller.email.toLowerCase();
    wantInvited(request, { ...caller, email }, allowed);
    persons.set(request, email);
  });
}

/** Throws for who is not on the list. Asked at every request: who was taken off it is out. */
export function wantInvited(request: FastifyRequest, who: Known, allowed: readonly string[]): void {
  if (isAllowed(who, allowed)) return;
  request.log.warn({ email: who.email }, 'person refused');
  throw new Refusal(
    403,
    'notInvited',
    `${who.email} may not use this page.`,
    'Ask whoever runs this farm: the variable PEOPLE says who may.',
  );
}

async function byToken(request: FastifyRequest, headers: TokenHeaders, identity: Identity): Promise<Known> {
  const caller = await identity.identify(headers);
  if (caller.kind === 'known') return caller;
  request.log.warn({ why: caller.why }, 'person refused');
  throw new Refusal(
    401,
    'unknownPerson',
    'This page is for people who have signed in.',
    "Open it at its own address, through Identity-Aware Proxy, or with Tablao's proxy on your machine.",
  );
}

async function bySession(request: FastifyRequest, door: Door, clock: { now(): EpochMs }): Promise<Known> {
  const session = await readSession(request, door.seals);
  if (session === null)
    throw new Refusal(
      401,
      'notSignedIn',
      'Sign in to see what is rendering.',
      'Only people who were invited to this farm can come in.',
    );
  wantOwnPage(request);
  if (request.headers.upgrade !== undefined) endSocket(request, session.endsAt - clock.now());
  return session.content;
}

/** A web socket would outlast the session that opened it. (Streams of news end by themselves after minutes.) */
function endSocket({ raw: { socket } }: FastifyRequest, afterMs: number): void {
  const timer = setTimeout(() => socket.destroy(), afterMs);
  socket.once('close', () => clearTimeout(timer));
}

function isAllowed({ email, organisation }: Known, allowed: readonly string[]): boolean {
  if (allowed.length === 0 || allowed.includes(email)) return true;
  // IAP writes `provider:address` for who has not signed in with Google: such an address may be anybody's.
  const domain = email.includes(':') ? '' : email.slice(email.lastIndexOf('@'));
  // Anybody who once had an address of the domain may still have an account with it: only those that the domain itself runs
  // are its people. Behind IAP and IAM, Google has judged that.
  const isOfDomain = organisation === undefined || `@${organisation}` === domain;
  return isOfDomain && allowed.includes(domain);
}
