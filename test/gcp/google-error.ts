import { type Answer, json } from './server.ts';

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

/** An error as Google's newer APIs tell it. */
export function googleError(status: number, message = 'ordered by a test', word = STATUSES[status]): Answer {
  return json(status, { error: { code: status, message, status: word ?? 'UNKNOWN' } });
}
