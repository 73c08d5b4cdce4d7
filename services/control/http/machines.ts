import type { FastifyInstance } from 'fastify';
import type { Identity } from '../ports/identity.ts';
import { Refusal } from './errors.ts';
import { tokenHeaders } from './token-headers.ts';

/** Which machines may call, and how they are known. */
export interface Machines {
  readonly identity: Identity;
  /** The service account of Cloud Scheduler's calls to `/tick`. */
  readonly tickAccount: string;
  /** The service account of the calls to `/events/storage`. */
  readonly eventsAccount: string;
}

/** The routes of `app` are for this account only. The answer does not tell a stranger what was wrong; the log does. */
export function wantMachine(app: FastifyInstance, identity: Identity, account: string): void {
  app.addHook('onRequest', async (request) => {
    const caller = await identity.identify(tokenHeaders(request));
    if (caller.kind === 'refused') {
      request.log.warn({ why: caller.why }, 'caller refused');
      throw new Refusal(
        401,
        'unknownCaller',
        'This route is for machines that say who they are.',
        'Call it with an OIDC token of Google for this service (Cloud Scheduler and Pub/Sub send one).',
      );
    }
    if (caller.email.toLowerCase() === account.toLowerCase()) return;
    request.log.warn({ email: caller.email }, 'caller refused');
    throw new Refusal(
      403,
      'wrongCaller',
      'This account may not call this route.',
      'The variables EVENTS_SERVICE_ACCOUNT and TICK_SERVICE_ACCOUNT say who may.',
    );
  });
}
