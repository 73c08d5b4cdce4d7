import {
  gathered,
  isOfLateEnd,
  LEFTOVERS_KEY,
  type MessageType,
  type News,
  newsOfFarm,
  newsOfFarmsEnd,
  newsOfRun,
  type Standing,
} from './messages.ts';
import type { Policy } from './model.ts';
import { isFinal } from './run.ts';
import type { MessagesStatus } from './status-document.ts';
import type { EpochMs } from './time.ts';

/** A message that is to be sent. A receiver that gets one `id` twice has been told once. */
export interface Message {
  readonly id: string;
  readonly type: MessageType;
  readonly at: EpochMs;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * `state/messages.json`: what has been told, and what is still to be sent. News are found by how things stand, not by what
 * a pass has changed: one that died in between has swallowed none.
 */
export interface Outbox {
  readonly schema: 1;
  /** When it was begun: what had ended before is no news. */
  readonly since: EpochMs;
  /** By the id of a run: the keys of what was told of it, as long as it may come into view (again) and be news. */
  readonly toldOfRuns: Readonly<Record<string, readonly string[]>>;
  /** By the id of an open run: the dollars that it would cost at most by the first forecast. */
  readonly quotes: Readonly<Record<string, number>>;
  /** Keys of what was told of the farm and is still so. */
  readonly toldOfFarm: readonly string[];
  /** There is a farm whose end is to be told. */
  readonly wasFarmUp: boolean;
  /** To be sent, in this order. */
  readonly waiting: readonly Message[];
  /** `null` = the last one was taken. */
  readonly failure: {
    readonly message: string;
    /** In a row. */
    readonly times: number;
    readonly retryAt: EpochMs;
  } | null;
  /** Given up, and when the last one was; `null` = none lately. */
  readonly lost: { readonly count: number; readonly at: EpochMs; readonly why: string } | null;
}

const SECOND_MS = 1000;
const DAY_MS = 24 * 3600 * SECOND_MS;
/** Waits after a message was not taken so often in a row; then the last of these. */
const BACK_OFF_SECONDS = [5, 15, 30, 60, 120, 300, 600, 900];
const LONGEST_WAIT_MS = 900 * SECOND_MS;
/** After so many it may be this message that is not taken, and not the receiver that is gone: others have their turn. */
const TRIED_FIRST = 4;
/** Beyond that a receiver that comes back is not flooded. */
const MOST_WAITING = 1000;
const KEPT_MS = 3 * DAY_MS;
/** So long people can read that some were lost. */
const LOST_SHOWN_MS = DAY_MS;

export function newOutbox(now: EpochMs): Outbox {
  return {
    schema: 1,
    since: now,
    toldOfRuns: {},
    quotes: {},
    toldOfFarm: [],
    wasFarmUp: false,
    waiting: [],
    failure: null,
    lost: null,
  };
}

/** Takes in what is to be told by now; the same object when there is nothing new. */
export function withNews(before: Outbox, standing: Standing, hash: Policy['hash']): Outbox {
  const { now } = standing;
  // A clock that was put back would make old news of all that ends until then.
  const outbox = { ...before, since: Math.min(before.since, now) };
  const quotes = quotesOf(outbox, standing);
  const known = new Map(Object.entries(outbox.toldOfRuns));
  const ofRuns = standing.runs.map((run) => ({
    id: run.id,
    news: newsOfRun(run, standing, { since: outbox.since, quote: quotes[run.id] ?? null }),
  }));
  const newOfRuns = ofRuns.flatMap(({ id, news }) => news.filter(({ key }) => !known.get(id)?.includes(key)));
  const freshOfRuns = gathered(newOfRuns).map((one) => ({ ...one, key: `${one.run?.id} ${one.key}` }));
  const ofFarm = newsOfFarm(standing);
  const freshOfFarm = ofFarm.filter(({ key }) => !outbox.toldOfFarm.includes(key));
  const isFarmUp = outbox.wasFarmUp || UP.has(standing.memory.stage);
  const end = isFarmUp ? newsOfFarmsEnd(standing) : null;
  const fresh = [...freshOfRuns, ...freshOfFarm, ...(end === null ? [] : [end])];
  const toMessage = ({ key, type, content }: News): Message => ({
    id: `msg_${hash(`${outbox.since} ${now} ${key}`).slice(0, 24)}`,
    ...{ type, at: now, ...content() },
  });
  const next: Outbox = {
    ...outbox,
    toldOfRuns: toldOf(outbox, ofRuns, now),
    quotes,
    toldOfFarm: [...ofFarm.map(({ key }) => key), ...stillLeft(outbox, standing)],
    wasFarmUp: isFarmUp && end === null,
    waiting: [...outbox.waiting, ...fresh.map(toMessage)],
  };
  return same(before, withoutOld(next, now));
}

/** A rejected run is in view only when it may be taken up again: it is not told then that it was rejected hours ago. */
function toldOf(
  { toldOfRuns }: Outbox,
  seen: readonly { readonly id: string; readonly news: readonly News[] }[],
  now: EpochMs,
): Outbox['toldOfRuns'] {
  const inView = new Set(seen.map(({ id }) => id));
  const told = new Map(
    Object.entries(toldOfRuns).filter(
      ([id, keys]) => inView.has(id) || keys.some((key) => isOfLateEnd(key, now)),
    ),
  );
  for (const { id, news } of seen) {
    const keys = [...new Set([...(told.get(id) ?? []), ...news.map(({ key }) => key)])];
    if (keys.length > 0) told.set(id, keys);
  }
  return Object.fromEntries(told);
}

/** A forecast that changes later does not change what was said first. */
function quotesOf(outbox: Outbox, { runs, forecastOf }: Standing): Outbox['quotes'] {
  return Object.fromEntries(
    runs
      .filter(({ state }) => !isFinal(state))
      .flatMap((run) => {
        const quote = outbox.quotes[run.id] ?? forecastOf(run).p90;
        return quote === null ? [] : [[run.id, quote] as const];
      }),
  );
}

function stillLeft({ toldOfFarm }: Outbox, { memory }: Standing): readonly string[] {
  return memory.leftovers === null ? toldOfFarm.filter((key) => key.startsWith(LEFTOVERS_KEY)) : [];
}

const UP = new Set(['installing', 'ready', 'letting-go', 'deleting', 'broken']);

/** The next to send; `null` = none, or not yet. */
export function dueMessage({ waiting, failure }: Outbox, now: EpochMs): Message | null {
  const waitMs = failure === null ? 0 : failure.retryAt - now;
  // Longer is none of ours: the clock was put back.
  if (waitMs > 0 && waitMs <= LONGEST_WAIT_MS) return null;
  return waiting[0] ?? null;
}

export function withSent(outbox: Outbox, { id }: Message): Outbox {
  return { ...outbox, waiting: outbox.waiting.filter((one) => one.id !== id), failure: null };
}

/** It was not taken. One that never will be is given up, or it would stand before all others for ever. */
export function withFailure(
  outbox: Outbox,
  message: Message,
  { why, isForGood, now }: { readonly why: string; readonly isForGood: boolean; readonly now: EpochMs },
): Outbox {
  if (isForGood) return withLost(withSent(outbox, message), 1, why, now);
  const times = (outbox.failure?.times ?? 0) + 1;
  const seconds = BACK_OFF_SECONDS[Math.min(times, BACK_OFF_SECONDS.length) - 1] ?? 0;
  const others = outbox.waiting.filter(({ id }) => id !== message.id);
  const waiting = times < TRIED_FIRST ? outbox.waiting : [...others, message];
  return { ...outbox, waiting, failure: { message: why, times, retryAt: now + seconds * SECOND_MS } };
}

/** What people are told of the messages themselves. */
export function messagesStatus({ waiting, failure, lost }: Outbox): MessagesStatus {
  return {
    waiting: waiting.length,
    failure: failure === null ? null : failure.message,
    lost: lost === null ? 0 : lost.count,
    lostReason: lost === null ? null : lost.why,
  };
}

function withoutOld(outbox: Outbox, now: EpochMs): Outbox {
  const young = outbox.waiting.filter(({ at }) => now - at < KEPT_MS);
  const newest = new Set(young.toSorted((a, b) => a.at - b.at).slice(-MOST_WAITING));
  const waiting = young.filter((message) => newest.has(message));
  const count = outbox.waiting.length - waiting.length;
  const why = outbox.failure?.message ?? 'they were too many at once';
  const isTold = outbox.lost !== null && now - outbox.lost.at >= LOST_SHOWN_MS;
  const next = { ...outbox, waiting, lost: isTold ? null : outbox.lost };
  return count === 0 ? next : withLost(next, count, why, now);
}

function withLost(outbox: Outbox, count: number, why: string, now: EpochMs): Outbox {
  return { ...outbox, lost: { count: (outbox.lost?.count ?? 0) + count, at: now, why } };
}

/** What is written the same is the same. */
function same(before: Outbox, after: Outbox): Outbox {
  return JSON.stringify(before) === JSON.stringify(after) ? before : after;
}
