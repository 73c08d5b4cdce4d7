import { PortError, type PortErrorCode } from '../../ports/errors.ts';

/** The `code` of a Node file-system error; `null` for anything else. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** Whether the thing, or a folder on the way to it, is not there. */
export function isAbsent(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Runs file work; what it throws comes out as a `PortError` that says what was being done. */
export async function fileWork<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof PortError) throw cause;
    throw new PortError(portCodeOf(cause), doing, { cause });
  }
}

function portCodeOf(error: unknown): PortErrorCode {
  const code = errnoOf(error);
  if (isAbsent(error) || code === 'EISDIR') return 'notFound';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'denied';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'quota';
  if (code === 'ENAMETOOLONG' || code === 'ENOTSUP' || code === 'EOPNOTSUPP') return 'invalid';
  return 'transient';
}
