export type PortErrorCode =
  | 'notFound'
  | 'conflict'
  | 'noCapacity'
  | 'quota'
  | 'denied'
  | 'invalid'
  | 'transient';

/**
 * The one error that a port throws. Adapters translate their vendor's errors into it, once.
 *
 * - `notFound`: the thing is not there. On a delete this is success.
 * - `conflict`: it exists already, or has changed since it was read. On a create this is success.
 * - `noCapacity`, `quota`: the world has no more to give; a reason in the plan, not a crash.
 * - `denied`, `invalid`: a person must change something; loud.
 * - `transient`: could not be known or done now; the next pass tries again.
 */
export class PortError extends Error {
  readonly code: PortErrorCode;

  /** `doing` says what was being done: "submitting run 3f2a". */
  constructor(code: PortErrorCode, doing: string, options?: ErrorOptions) {
    super(`${doing}: ${code}${causeText(options?.cause)}`, options);
    this.name = 'PortError';
    this.code = code;
  }
}

export function isPortError(error: unknown, ...codes: readonly PortErrorCode[]): error is PortError {
  return error instanceof PortError && (codes.length === 0 || codes.includes(error.code));
}

function causeText(cause: unknown): string {
  if (cause === undefined) return '';
  return ` (${cause instanceof Error ? cause.message : String(cause)})`;
}
