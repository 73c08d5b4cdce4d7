import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { isPortError, type PortErrorCode } from '../ports/errors.ts';

/** An answer that explains itself to a person: what is wrong, and what to do about it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly action: string;

  constructor(status: number, code: string, message: string, action: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.action = action;
  }
}

export interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly action: string;
}

/** After so many seconds a call that failed for a passing reason may be tried again. */
const RETRY_AFTER_SECONDS = 2;

const PORT_ANSWERS: Readonly<Record<PortErrorCode, Answer>> = {
  notFound: answer(
    404,
    'notFound',
    'There is no such thing here.',
    'Look at the list on the page: it may have gone.',
  ),
  conflict: answer(409, 'conflict', 'It has changed meanwhile, or exists already.', 'Reload and try again.'),
  denied: answer(
    403,
    'denied',
    'The service may not do this.',
    'Give it the rights; the log names what was refused.',
  ),
  invalid: answer(400, 'invalid', 'This cannot be done as asked.', 'The log says what was wrong with it.'),
  noCapacity: answer(507, 'noCapacity', 'There is no room for it.', 'Free some space, then try again.'),
  quota: answer(
    507,
    'quota',
    'There is no room for it.',
    'Free some space or raise the quota, then try again.',
  ),
  transient: answer(503, 'transient', 'This cannot be done right now.', 'Try again in a few seconds.'),
};

/** One error handler for all routes: 4xx explain, 5xx do not leak. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    send(
      reply,
      answer(
        404,
        'noSuchRoute',
        `There is nothing at ${request.method} ${request.url.split('?', 1)[0]}.`,
        'The page is at /.',
      ),
    ),
  );
}

export function sendError(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return send(reply, answerTo(error, request));
}

/** What the error is answered with; the log has been told the rest. */
export function answerTo(error: Error, request: FastifyRequest): Answer {
  const found = toAnswer(error);
  if (found.status >= 500) request.log.error({ err: error }, 'request failed');
  else request.log.info({ code: found.code, why: error.message }, 'request refused');
  return found;
}

/** The status that this error is answered with. */
export function statusOf(error: Error): number {
  return toAnswer(error).status;
}

function toAnswer(error: Error): Answer {
  if (error instanceof Refusal) return answer(error.status, error.code, error.message, error.action);
  if (isPortError(error)) return PORT_ANSWERS[error.code];
  if (hasZodFastifySchemaValidationErrors(error))
    return answer(400, 'badRequest', validationText(error.validation), 'Correct the request.');
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return answer(status, 'badRequest', error.message, 'Correct the request.');
  return answer(500, 'internal', 'Something went wrong here.', 'Try again; the log has the details.');
}

function validationText(
  issues: readonly { readonly instancePath: string; readonly message?: string }[],
): string {
  return issues
    .map((issue) => `${issue.instancePath.replace(/^\//, '') || 'the body'}: ${issue.message ?? 'is wrong'}`)
    .join('; ');
}

function send(reply: FastifyReply, { status, code, message, action }: Answer): FastifyReply {
  if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  return reply.code(status).send({ error: { code, message, action } });
}

function answer(status: number, code: string, message: string, action: string): Answer {
  return { status, code, message, action };
}
