import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

/** An answer of a handler: `{"code":404,"message":"no such job"}`. */
export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** An answer given before a handler runs (validation, authentication, routing): `{"message":"…"}`, no code. */
export class GateError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Flamenco has two shapes of errors (flamenco.md §1.1); which one tells who refused. */
export function sendError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof ApiError) {
    reply.code(error.code).send({ code: error.code, message: error.message });
    return;
  }
  if ('validation' in error && error.validation !== undefined) {
    reply.code(400).send({ message: bodyMessage(error, request) });
    return;
  }
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  if (status < 500) reply.code(status).send({ message: error.message });
  else reply.code(500).send({ code: 500, message: error.message });
}

function bodyMessage(error: Error, request: FastifyRequest): string {
  const isMissing = request.body === undefined || request.body === null;
  return `request body has an error: ${isMissing ? 'value is required but missing' : error.message}`;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Refuses anything but a UUID, in the words of the endpoint. */
export function requireUuid(id: string, message: string): void {
  if (!uuidPattern.test(id)) throw new ApiError(400, message);
}
