import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EpochMs } from '../core/time.ts';
import { wantJson } from './callers.ts';
import { type Door, openDoor } from './door.ts';
import { Refusal } from './errors.ts';
import { wantInvited } from './people.ts';
import { endSession, forgetBegun, keepBegun, readBegun, readSession, startSession } from './session.ts';

interface Options {
  readonly door: Door;
  readonly allowed: readonly string[];
  readonly clock: { now(): EpochMs };
}

const DONE = '/sign-in/done';

const query = z.object({
  state: z.string().max(500).default(''),
  code: z.string().max(2000).optional(),
});

/**
 * `GET /sign-in` leads to Google, which leads back to `GET /sign-in/done`; `POST /sign-out` ends the session. Both ways end
 * at the page and nowhere else: no address is taken from a request.
 */
export async function signInRoutes(
  app: FastifyInstance,
  { door: { signIn, seals }, allowed, clock }: Options,
): Promise<void> {
  await openDoor(app);
  wantJson(app);
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get('/sign-in', { exposeHeadRoute: false }, async (request, reply) => {
    const { begun, address } = await signIn.begin(returnAddress(request));
    await keepBegun(reply, seals, begun, clock.now());
    return reply.redirect(address, 303);
  });

  routes.get(DONE, { exposeHeadRoute: false, schema: { querystring: query } }, async (request, reply) => {
    const { state, code } = request.query;
    const begun = await readBegun(request, seals);
    // Somebody else's way back would sign this browser in as somebody else.
    if (begun === null || begun.state !== state) {
      if ((await readSession(request, seals)) !== null) return reply.redirect('/', 303);
      throw notBegunHere();
    }
    forgetBegun(reply);
    if (code === undefined) throw notDone();
    const caller = await signIn.finish(begun, returnAddress(request), code);
    if (caller.kind === 'refused') {
      request.log.warn({ why: caller.why }, 'sign-in refused');
      throw notTaken();
    }
    const who = { email: caller.email.toLowerCase(), organisation: caller.organisation ?? null };
    wantInvited(request, who, allowed);
    await startSession(reply, seals, who, clock.now());
    request.log.info({ email: who.email }, 'signed in');
    return reply.redirect('/', 303);
  });

  routes.post('/sign-out', { schema: { body: z.strictObject({}) } }, async (_request, reply) => {
    endSession(reply);
    return reply.code(204).send();
  });
}

/** The host is one of ours: `guardCallers` has seen to it. Google compares the address with those that it was told. */
function returnAddress(request: FastifyRequest): string {
  return `https://${request.headers.host}${DONE}`;
}

function notBegunHere(): Refusal {
  return new Refusal(
    401,
    'signInLost',
    'This sign-in was not begun in this browser, or too long ago.',
    'Sign in once more. The browser must accept cookies.',
  );
}

function notDone(): Refusal {
  return new Refusal(401, 'signInBroken', 'Google did not say who you are.', 'Sign in once more.');
}

function notTaken(): Refusal {
  return new Refusal(
    401,
    'signInRefused',
    "Google's word for you could not be taken.",
    'Sign in once more; if it stays so, whoever runs this farm finds the reason in its log.',
  );
}
