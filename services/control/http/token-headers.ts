import type { FastifyRequest } from 'fastify';
import type { TokenHeaders } from '../ports/identity.ts';

/** The headers that may say who calls. One that comes twice is `''`: which of them was checked nobody knows. */
export function tokenHeaders({ raw: { rawHeaders } }: FastifyRequest): TokenHeaders {
  return {
    authorization: only(rawHeaders, 'authorization'),
    'x-serverless-authorization': only(rawHeaders, 'x-serverless-authorization'),
    'x-goog-iap-jwt-assertion': only(rawHeaders, 'x-goog-iap-jwt-assertion'),
  };
}

/** As they came, names and values in turn: Node itself drops what comes twice, or joins it. */
function only(rawHeaders: readonly string[], name: string): string | undefined {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  if (values.length === 0) return undefined;
  return values.length === 1 && !values[0]?.includes(',') ? values[0] : '';
}
