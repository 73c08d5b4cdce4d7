import type { Unknown } from '../core/model.ts';
import { isPortError } from '../ports/errors.ts';

/** What could not be read is its own answer; only errors that no port may throw go on. */
export async function orUnknown<T>(promise: Promise<T>): Promise<T | Unknown> {
  try {
    return await promise;
  } catch (error) {
    if (isPortError(error)) return 'unknown';
    throw error;
  }
}
