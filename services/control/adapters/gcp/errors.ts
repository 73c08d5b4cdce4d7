import { PortError, type PortErrorCode } from '../../ports/errors.ts';

/** A pass holds the lease while it waits, so no call may take longer. */
const LONGEST_CALL_MS = 10_000;

/** gRPC's codes by their numbers. */
const GRPC_STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

const HTTP_STATUSES: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [405, 'INVALID_ARGUMENT'],
  [409, 'ALREADY_EXISTS'],
  [411, 'INVALID_ARGUMENT'],
  [412, 'CONDITION_NOT_MET'],
  [413, 'INVALID_ARGUMENT'],
  [422, 'INVALID_ARGUMENT'],
  [429, 'RATE_LIMITED'],
]);

interface Refusal {
  /** Google's status word, or one of ours for what has none. */
  readonly status: string;
  readonly message: string;
  /** Of an answer over HTTP; 0 = none. */
  readonly http: number;
}

/**
 * Calls the cloud: at most `timeoutMs`, and everything that is thrown is a `PortError`. What was begun when the time ran
 * out may still happen: `transient` means done or not, look again. `work` gets a signal for what it can break off.
 */
export async function cloudWork<T>(
  doing: string,
  work: (signal: AbortSignal) => Promise<T>,
  timeoutMs = LONGEST_CALL_MS,
): Promise<T> {
  // The clients' own time-outs do not hold (Cloud Storage's is not looked at on Node at all).
  const ending = new AbortController();
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new PortError('transient', doing, { cause: new Error(`no answer within ${timeoutMs} ms`) }));
    ending.abort();
  }, timeoutMs);
  try {
    return await Promise.race([work(ending.signal), timeUp]);
  } catch (error) {
    throw portErrorFor(error, doing);
  } finally {
    clearTimeout(timer);
  }
}

/** The one place where what Google's and Kubernetes' clients throw gets our words. */
export function portErrorFor(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  const refusal = refusalOf(error);
  return new PortError(codeFor(refusal), doing, { cause: new Error(refusal.message, { cause: error }) });
}

/**
 * Whether Google's words are about something that has run out: machines of this kind in this zone (`noCapacity`), or
 * what the project may have (`quota`). `null` = about something else.
 */
export function scarcityOf(message: string): 'noCapacity' | 'quota' | null {
  if (/GCE_STOCKOUT|RESOURCE_POOL_EXHAUSTED|does not have enough resources|out\.of\.resources/i.test(message))
    return 'noCapacity';
  // Not every zone of a region has every kind of machine and GPU.
  if (
    /(?:machine|accelerator) ?type.*(?:does not exist|is not (?:available|supported)|not found) in /i.test(
      message,
    )
  )
    return 'noCapacity';
  if (/QUOTA_EXCEEDED|quota[^.]*exceeded|exceeded[^.]*quota|insufficient[^.]*quota/i.test(message))
    return 'quota';
  if (/IP_SPACE_EXHAUSTED/i.test(message)) return 'quota';
  return null;
}

function codeFor({ status, message, http }: Refusal): PortErrorCode {
  switch (status) {
    case 'NOT_FOUND':
      return 'notFound';
    case 'ALREADY_EXISTS':
    case 'CONDITION_NOT_MET':
      return 'conflict';
    case 'RESOURCE_EXHAUSTED':
      // Also the word for too many requests a minute, which passes.
      return scarcityOf(withoutRates(message)) ?? 'transient';
    case 'PERMISSION_DENIED':
      if (/rateLimitExceeded|rate limit/i.test(message)) return 'transient';
      return scarcityOf(message) ?? 'denied';
    case 'UNAUTHENTICATED':
      return 'denied';
    case 'FAILED_PRECONDITION':
      // A cluster on which another operation runs answers so; over HTTP, 412 is a condition of ours.
      return http === 412 ? 'conflict' : 'transient';
    case 'INVALID_ARGUMENT':
      return scarcityOf(message) ?? 'invalid';
    case 'OUT_OF_RANGE':
    case 'UNIMPLEMENTED':
      return 'invalid';
    default:
      return 'transient';
  }
}

/** "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute'": no resource has run out. */
function withoutRates(message: string): string {
  return /per (minute|second|day|100 seconds)|rate limit/i.test(message) ? '' : message;
}

function refusalOf(error: unknown): Refusal {
  const { code, status, message, body, response } = asRecord(error);
  const number = Number(typeof status === 'number' ? status : code);
  const said = String(message ?? error);
  if (number > 0 && number < GRPC_STATUSES.length)
    return { status: GRPC_STATUSES[number] ?? 'UNKNOWN', message: said, http: 0 };
  if (!(number >= 100)) return { status: 'UNAVAILABLE', message: said, http: 0 };
  const answer = firstAnswer([body, message, asRecord(response).data]);
  const google = asRecord(answer.error);
  return {
    status: String(google.status ?? HTTP_STATUSES.get(number) ?? 'UNAVAILABLE'),
    message: String(google.message ?? answer.message ?? said),
    http: number,
  };
}

/** The body of an answer that tells more than its number, wherever the client keeps it. */
function firstAnswer(places: readonly unknown[]): Readonly<Record<string, unknown>> {
  for (const place of places) {
    const answer = asRecord(typeof place === 'string' ? parsed(place) : place);
    if (answer.error !== undefined || answer.reason !== undefined) return answer;
  }
  return {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
