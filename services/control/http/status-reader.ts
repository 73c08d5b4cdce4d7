import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { StatusDocument } from '../core/status-document.ts';
import type { EpochMs } from '../core/time.ts';
import { PortError } from '../ports/errors.ts';
import type { AppDeps } from './deps.ts';

/** The status as it is handed out. */
export interface StatusSeen {
  readonly document: StatusDocument;
  readonly json: string;
  readonly etag: string;
}

/** However many people watch: the record is read at most this often. */
const READ_EVERY_MS = 1000;
/** A pass may take a while; what is a little late is not stale. */
const STALE_SLACK_MS = 15_000;
const FIRST_LOOK_MS = 60_000;

const known = z.looseObject({ schema: z.literal(1), asOf: z.string(), nextLookAt: z.string() });

/** Reads `status.json` for everyone who asks. While it cannot be read, the last one is given: it says "as of". */
export function createStatusReader(deps: Pick<AppDeps, 'records' | 'clock'>): () => Promise<StatusSeen> {
  const atStart = seen(emptyStatus(deps.clock.now()));
  let last: StatusSeen | null = null;
  let readAt: EpochMs | null = null;
  let reading: Promise<StatusSeen> | null = null;

  async function read(): Promise<StatusSeen> {
    try {
      const record = await deps.records.read('status.json');
      last = record === null ? atStart : seen(parseStatus(record.value));
    } catch (cause) {
      if (last === null) throw new PortError('transient', 'reading the status', { cause });
    } finally {
      readAt = deps.clock.now();
      reading = null;
    }
    return last;
  }

  return async () => {
    const isFresh = readAt !== null && Math.abs(deps.clock.now() - readAt) < READ_EVERY_MS;
    if (last !== null && isFresh) return last;
    reading ??= read();
    return reading;
  };
}

/** Older than twice its `nextLookAt`: nobody has looked since, and what it says may not be so any more. */
export function isStale(status: StatusDocument, now: EpochMs): boolean {
  const asOf = Date.parse(status.asOf);
  return now > asOf + 2 * (Date.parse(status.nextLookAt) - asOf) + STALE_SLACK_MS;
}

/** Whether it is worth looking often. */
export function isMoving(status: StatusDocument): boolean {
  if (['creating', 'installing', 'letting-go', 'deleting'].includes(status.farm.stage)) return true;
  if (status.pools.some((pool) => pool.booting + pool.busy + pool.draining > 0)) return true;
  return status.runs.some((run) => ['received', 'queued', 'rendering'].includes(run.state));
}

/** Ours were written by this same program, so only what everything else leans on is looked at. */
function parseStatus(value: unknown): StatusDocument {
  const parsed = known.safeParse(value);
  if (!parsed.success) throw new PortError('transient', 'understanding status.json', { cause: parsed.error });
  return value as StatusDocument;
}

function seen(document: StatusDocument): StatusSeen {
  const json = JSON.stringify(document);
  return { document, json, etag: `"${createHash('sha256').update(json).digest('base64url').slice(0, 22)}"` };
}

function emptyStatus(now: EpochMs): StatusDocument {
  const asOf = new Date(now).toISOString();
  return {
    schema: 1,
    asOf,
    nextLookAt: new Date(now + FIRST_LOOK_MS).toISOString(),
    sentence: 'Tablao has just started and has not looked yet.',
    farm: { stage: 'unknown', reason: null, since: asOf, zone: null, endsAt: null, isPaused: false },
    pools: [],
    runs: [],
    decisions: [],
    money: { today: 0, month: 0, cap: null },
    leftovers: null,
  };
}
