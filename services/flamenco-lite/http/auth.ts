import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type Farm, liveWorker } from '../core/farm.ts';
import type { WorkerRow } from '../core/model.ts';
import { GateError } from './errors.ts';

const workers = new WeakMap<FastifyRequest, WorkerRow>();

/** What is kept of a worker's secret: it is a random 256-bit text, so a plain hash is enough. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Lets only requests through that carry a worker's id and secret. Flamenco answers 403, never 401. */
export function authenticateWorker(farm: Farm, request: FastifyRequest): void {
  const credentials = basicCredentials(request.headers.authorization);
  if (credentials === null) throw refused('no auth header found');
  const worker = liveWorker(farm, credentials.user);
  if (worker === null || !isSecretOf(worker, credentials.password)) throw refused('no such worker known');
  workers.set(request, worker);
}

/** The worker that sent the request; only in routes behind `authenticateWorker`. */
export function workerOf(request: FastifyRequest): WorkerRow {
  const worker = workers.get(request);
  if (worker === undefined) throw new Error('this route does not authenticate workers');
  return worker;
}

function isSecretOf(worker: WorkerRow, secret: string): boolean {
  return timingSafeEqual(Buffer.from(worker.secretHash), Buffer.from(hashSecret(secret)));
}

function basicCredentials(
  header: string | undefined,
): { readonly user: string; readonly password: string } | null {
  const match = /^basic\s+(.+)$/i.exec(header ?? '');
  const decoded = Buffer.from(match?.[1] ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? null : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function refused(why: string): GateError {
  return new GateError(403, `security requirements failed: authorization failed: ${why}`);
}
