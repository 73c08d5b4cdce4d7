import { createHmac } from 'node:crypto';
import type { EpochMs } from '../../core/time.ts';
import { PortError, type PortErrorCode } from '../../ports/errors.ts';
import type { Messenger } from '../../ports/messenger.ts';
import { bodyOf } from './body.ts';

interface Options {
  readonly url: string;
  /** `whsec_` and the key as base64; `null` = nothing is signed. */
  readonly secret: string | null;
  readonly clock: { now(): EpochMs };
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 4000;
const SECRET_PREFIX = 'whsec_';

/** POSTs to `NOTIFY_WEBHOOK_URL`, signed as Standard Webhooks 1.0 has it. The address is a secret, too: no error names it. */
export function createWebhook({ url, secret, clock, timeoutMs = TIMEOUT_MS }: Options): Messenger {
  const { hostname } = new URL(url);
  return {
    send: async (message) => {
      const doing = `sending ${message.type} to NOTIFY_WEBHOOK_URL`;
      const body = bodyOf(message, hostname);
      const timestamp = String(Math.floor(clock.now() / 1000));
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'user-agent': 'tablao',
        'webhook-id': message.id,
        'webhook-timestamp': timestamp,
        ...(secret !== null && {
          'webhook-signature': signature(secret, `${message.id}.${timestamp}.${body}`),
        }),
      };
      const signal = AbortSignal.timeout(timeoutMs);
      // Elsewhere nobody was asked whether he may read it.
      const init: RequestInit = { method: 'POST', headers, body, signal, redirect: 'manual' };
      const response = await fetch(url, init).catch((error: unknown) => {
        throw new PortError('transient', doing, { cause: new Error(reasonOf(error)) });
      });
      // What it says is of no use to us, and may be endless.
      await response.body?.cancel().catch(() => {});
      if (response.ok) return;
      throw new PortError(codeFor(response.status), doing, {
        cause: new Error(`the receiver answered ${response.status}`),
      });
    },
  };
}

function signature(secret: string, content: string): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

/** 400, 413 and 422 are about this message; 3xx, 401, 403, 404, 410 about the address; the rest passes. */
function codeFor(status: number): PortErrorCode {
  if (status === 400 || status === 413 || status === 422) return 'invalid';
  if (status === 408 || status === 425 || status === 429) return 'transient';
  return status < 500 ? 'denied' : 'transient';
}

/** `fetch` hides what happened in the cause, whose message may name the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
}
