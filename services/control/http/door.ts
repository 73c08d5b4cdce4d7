import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import type { SignIn } from '../ports/sign-in.ts';
import { sendDoorPage } from './door-page.ts';
import { type Answer, answerTo, sendError } from './errors.ts';
import type { Seals } from './seals.ts';

/** A way in for people with nothing but a browser. */
export interface Door {
  readonly signIn: SignIn;
  readonly seals: Seals;
}

/** Cookies are read and written; and what is refused is told in a page to whoever has opened an address. */
export async function openDoor(app: FastifyInstance): Promise<void> {
  // Where nobody signs in it is not loaded.
  const { default: cookies } = await import('@fastify/cookie');
  await app.register(cookies);
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (!isNavigation(request)) return sendError(error, request, reply);
    const answer = answerTo(error, request);
    return sendDoorPage(reply, answer.status, { ...answer, ...wayOn(answer) });
  });
}

function isNavigation({ method, headers: { accept = '' } }: FastifyRequest): boolean {
  return method === 'GET' && accept.includes('text/html');
}

function wayOn({ status, code }: Answer) {
  if (status === 401) return { title: 'Tablao', link: { text: 'Sign in with Google', to: '/sign-in' } };
  if (code === 'notInvited')
    return { title: 'Not with this account', link: { text: 'Use another account', to: '/sign-in' } };
  return { title: 'Not now', link: { text: 'Back to the page', to: '/' } };
}
