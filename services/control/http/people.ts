import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Identity } from '../ports/identity.ts';
import { Refusal } from './errors.ts';
import { tokenHeaders } from './token-headers.ts';

/** Which people may use the page, and how they are known. Another way to sign in is another `identity`. */
export interface People {
  readonly identity: Identity;
  /** Addresses and `@domains`, in small letters; `[]` = everybody who is known. */
  readonly allowed: readonly string[];
}

const persons = new WeakMap<FastifyRequest, string>();

/** The address of the person who asks; `null` = nobody was asked who they are (local mode). */
export function personOf(request: FastifyRequest): string | null {
  return persons.get(request) ?? null;
}

/** The routes of `app` are for these people only. The answer does not tell a stranger what was wrong; the log does. */
export function wantPerson(app: FastifyInstance, { identity, allowed }: People): void {
  app.addHook('onRequest', async (request) => {
    const caller = await identity.identify(tokenHeaders(request));
    if (caller.kind === 'refused') {
      request.log.warn({ why: caller.why }, 'person refused');
      throw new Refusal(
        401,
        'unknownPerson',
        'This page is for people who have signed in.',
        "Open it at its own address, through Identity-Aware Proxy, or with Tablao's proxy on your machine.",
      );
    }
    const email = caller.email.toLowerCase();
    if (!isAllowed(email, allowed)) {
      request.log.warn({ email }, 'person refused');
      throw new Refusal(
        403,
        'notInvited',
        `${email} may not use this page.`,
        'Ask whoever runs this farm: the variable PEOPLE says who may.',
      );
    }
    persons.set(request, email);
  });
}

function isAllowed(email: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  return allowed.includes(email) || allowed.includes(email.slice(email.lastIndexOf('@')));
}
