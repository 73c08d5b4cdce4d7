import type { FastifyRequest } from 'fastify';
import type { TokenHeaders } from '../ports/identity.ts';

/** The headers that may say who calls. One that comes twice says nothing. */
export function tokenHeaders({ headers }: FastifyRequest): TokenHeaders {
  return {
    authorization: headers.authorization,
    'x-serverless-authorization': single(headers['x-serverless-authorization']),
    'x-goog-iap-jwt-assertion': single(headers['x-goog-iap-jwt-assertion']),
  };
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && !value.includes(',') ? value : undefined;
}
