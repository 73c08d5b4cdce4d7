import type { StatusDocument } from '../control/core/status-document.ts';
import { FROM_A_SCRIPT } from './api.ts';

export interface Seen {
  /** `null` = nothing was seen yet. */
  readonly status: StatusDocument | null;
  /** `out` = the service lets this person in no more. */
  readonly connection: 'looking' | 'live' | 'resting' | 'lost' | 'out';
  /** When the service last answered, by this machine's clock. */
  readonly seenAt: number | null;
  /** How far the service's clock is from this machine's, in ms. */
  readonly clockOffset: number;
}

export const NOTHING_SEEN: Seen = {
  status: null,
  connection: 'looking',
  seenAt: null,
  clockOffset: 0,
};

const RESTING_MS = 10_000;
/** The stream brings what changes; this only finds out whether it still stands. */
const BESIDE_STREAM_MS = 20_000;
/** After a button was pressed something is about to move, although the status does not say so yet. */
const EXPECTING_MS = 20_000;
const EXPECTED_MS = 1000;
const RETRY_MS = [1000, 2000, 4000, 8000];

class Out extends Error {}

export interface Watch {
  /** Looks now, and often for a while. */
  expect(): void;
  stop(): void;
}

/** Follows the status: by the stream while things move, by asking now and then at rest, not at all in a hidden tab. */
export function watchStatus(show: (seen: Seen) => void): Watch {
  let seen = NOTHING_SEEN;
  let etag: string | null = null;
  let stream: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let expectingUntil = 0;
  let failures = 0;
  let isLooking = false;

  function tell(change: Partial<Seen>): void {
    seen = { ...seen, ...change };
    show(seen);
  }

  async function look(): Promise<void> {
    clearTimeout(timer);
    if (isLooking || document.hidden) return;
    isLooking = true;
    try {
      const isMoving = await readStatus();
      failures = 0;
      if (isMoving) openStream();
    } catch (error) {
      failures += 1;
      closeStream();
      if (error instanceof Out) leave();
      else tell({ connection: 'lost' });
    }
    isLooking = false;
    timer = setTimeout(look, pause());
  }

  /** What was seen is for those who are in. Signing in from another tab lets this one in, too, so it goes on asking. */
  function leave(): void {
    etag = null;
    tell({ status: null, connection: 'out' });
  }

  function pause(): number {
    if (failures > 0) return RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? 0;
    if (Date.now() < expectingUntil) return EXPECTED_MS;
    return stream === null ? RESTING_MS : BESIDE_STREAM_MS;
  }

  async function readStatus(): Promise<boolean> {
    const headers = { ...FROM_A_SCRIPT, ...(etag !== null && { 'if-none-match': etag }) };
    const answer = await fetch('/status', {
      cache: 'no-store',
      headers,
      signal: AbortSignal.timeout(10_000),
    });
    if (answer.status === 401 || answer.status === 403) throw new Out();
    if (answer.status !== 304 && !answer.ok) throw new Error(`status ${answer.status}`);
    const status = answer.status === 304 ? seen.status : ((await answer.json()) as StatusDocument);
    etag = answer.headers.get('etag');
    const isMoving = answer.headers.get('x-tablao-moving') === 'true';
    tell({
      status: status === null ? null : keepSame(seen.status, status),
      connection: isMoving ? 'live' : 'resting',
      seenAt: Date.now(),
      clockOffset: Date.parse(answer.headers.get('date') ?? '') - Date.now() || 0,
    });
    return isMoving;
  }

  function openStream(): void {
    if (stream !== null) return;
    const opened = new EventSource('/status/stream');
    stream = opened;
    opened.onmessage = ({ data }) => {
      const status = JSON.parse(data) as StatusDocument;
      tell({ status: keepSame(seen.status, status), connection: 'live', seenAt: Date.now() });
    };
    // It ends at rest, after five minutes, and when the connection is lost: a look tells which.
    opened.onerror = () => {
      closeStream();
      void look();
    };
  }

  function closeStream(): void {
    stream?.close();
    stream = null;
  }

  function onVisible(): void {
    if (document.hidden) closeStream();
    void look();
  }

  document.addEventListener('visibilitychange', onVisible);
  addEventListener('online', onVisible);
  void look();
  return {
    expect: () => {
      expectingUntil = Date.now() + EXPECTING_MS;
      void look();
    },
    stop: () => {
      clearTimeout(timer);
      closeStream();
      document.removeEventListener('visibilitychange', onVisible);
      removeEventListener('online', onVisible);
    },
  };
}

/** Runs that have not changed stay the same objects, so that only what changed is drawn anew. */
function keepSame(before: StatusDocument | null, after: StatusDocument): StatusDocument {
  if (before === null) return after;
  const known = new Map(before.runs.map((run) => [run.id, run]));
  const runs = after.runs.map((run) => {
    const old = known.get(run.id);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(run) ? old : run;
  });
  const isSame = JSON.stringify(before.decisions) === JSON.stringify(after.decisions);
  return { ...after, runs, decisions: isSame ? before.decisions : after.decisions };
}

const SLACK_MS = 15_000;

/** Nobody has looked for twice as long as was said: what the status says may not be so any more. */
export function isStale({ asOf, nextLookAt }: StatusDocument, now: number): boolean {
  const at = Date.parse(asOf);
  return now > at + 2 * (Date.parse(nextLookAt) - at) + SLACK_MS;
}
