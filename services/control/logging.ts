import type { IncomingHttpHeaders } from 'node:http';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import type { CommonConfig } from './config.ts';

/** Cloud Logging's words for pino's levels. */
const SEVERITY: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

const TRACE_FIELD = 'logging.googleapis.com/trace';
/** How deep a chain of causes is followed: a loop of them must not hang the log. */
const MAX_CAUSES = 5;

const SECRET = ['authorization', 'cookie', 'token', 'password', 'secret', 'signedUrl', 'uploadUrl'];

/** pino's options: one JSON line each in the fields that Cloud Logging understands. */
function loggerOptions(config: Pick<CommonConfig, 'logLevel'>): LoggerOptions {
  return {
    level: config.logLevel,
    messageKey: 'message',
    // Process id and host name say nothing on Cloud Run, which adds its own labels.
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ severity: SEVERITY[label] ?? 'DEFAULT' }) },
    serializers: { err: errorFields, req: requestFields, res: answerFields },
    redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  };
}

/** A logger that writes to `destination`; `null` = standard output, one call a line, nothing lost on a crash. */
export function createLog(
  config: Pick<CommonConfig, 'logLevel'>,
  destination: DestinationStream | null,
): Logger {
  return pino(loggerOptions(config), destination ?? pino.destination({ dest: 1, sync: true }));
}

/** Appends to a file, which it creates with its folders. Local mode's log while the terminal shows progress. */
export function logFile(path: string): DestinationStream {
  return pino.destination({ dest: path, mkdir: true, sync: true });
}

/** Ties the lines of one request together: from `traceparent`, else `X-Cloud-Trace-Context`; `{}` without either. */
export function traceFields(
  headers: IncomingHttpHeaders,
  project: string | null,
): Readonly<Record<string, string>> {
  const trace = traceId(headers);
  if (trace === null) return {};
  return { [TRACE_FIELD]: project === null ? trace : `projects/${project}/traces/${trace}` };
}

function traceId(headers: IncomingHttpHeaders): string | null {
  const parent = /^[\da-f]{2}-([\da-f]{32})-/.exec(String(headers.traceparent ?? ''))?.[1];
  if (parent !== undefined) return parent;
  return /^([\da-f]{32})(\/|$)/.exec(String(headers['x-cloud-trace-context'] ?? ''))?.[1] ?? null;
}

/** An error with its causes; `stack` is where Cloud Error Reporting finds it. */
function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  return describeError(error, MAX_CAUSES);
}

function describeError(error: unknown, depth: number): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(code === undefined ? {} : { code }),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: describeError(error.cause, depth - 1) }),
  };
}

interface LoggedRequest {
  readonly method?: string;
  readonly url?: string;
}

/** No headers and no query: both may carry credentials. The token of an upload is one, too. */
function requestFields(request: LoggedRequest): Readonly<Record<string, unknown>> {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  return { method: request.method, path: path.replace(/^\/uploads\/.+/, '/uploads/[redacted]') };
}

function answerFields(answer: { readonly statusCode?: number }): Readonly<Record<string, unknown>> {
  return { status: answer.statusCode };
}
