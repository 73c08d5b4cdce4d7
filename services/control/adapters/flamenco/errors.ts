import { PortError, type PortErrorCode } from '../../ports/errors.ts';

/** Translates a refusal of Flamenco Manager; `words` are the manager's own. */
export function refusal(status: number, doing: string, words: string): PortError {
  return new PortError(codeFor(status), doing, {
    cause: new Error(`the manager answered ${status}: ${words}`),
  });
}

/** No answer, or one that cannot be read: what happened is not known, so the next pass looks again. */
export function unreachable(doing: string, cause: unknown): PortError {
  return new PortError('transient', doing, { cause });
}

/**
 * Flamenco's codes (flamenco.md §1): 400 and 412 are about what was sent, 403 is bad credentials or a proxy in between,
 * 503 and 429 a busy manager, 500 trouble of its database.
 */
function codeFor(status: number): PortErrorCode {
  switch (status) {
    case 404:
      return 'notFound';
    case 401:
    case 403:
      return 'denied';
    case 409:
    case 423:
      return 'conflict';
    case 408:
    case 429:
      return 'transient';
    default:
      return status >= 400 && status < 500 ? 'invalid' : 'transient';
  }
}
