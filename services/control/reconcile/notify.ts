import type { Standing } from '../core/messages.ts';
import type { Policy } from '../core/model.ts';
import {
  dueMessage,
  type Message,
  messagesStatus,
  newOutbox,
  type Outbox,
  withFailure,
  withNews,
  withSent,
} from '../core/outbox.ts';
import type { MessagesStatus } from '../core/status-document.ts';
import type { EpochMs } from '../core/time.ts';
import { isPortError } from '../ports/errors.ts';
import type { Messenger } from '../ports/messenger.ts';
import type { RecordSeen, Records } from '../ports/records.ts';

const NAME = 'messages.json';
/** A round begins no further message after this; its last one takes up to 5 s more. */
const ROUND_MS = 3000;
/** The lease must last at least so long when a round begins, or two would send at once. */
export const LONGEST_ROUND_MS = ROUND_MS + 5000;

interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

interface Options {
  readonly records: Records;
  readonly messenger: Messenger;
  readonly hash: Policy['hash'];
  readonly clock: { now(): EpochMs };
  readonly log: Log;
}

export interface Notifier {
  /**
   * Puts down what is to be told, before any of it is sent, and says how the messages get through; `null` = not known. It
   * waits for no receiver: while a round is under way nothing is put down, and the next pass finds the same news.
   */
  note(standing: Standing): Promise<MessagesStatus | null>;
  /** Begins to send what is due, beside whatever else goes on. */
  begin(): void;
  /** Once what is under way is sent (or not), and what it kept from being put down. */
  settle(mayBegin: () => boolean): Promise<void>;
  /** Somebody else may have written since. */
  forget(): void;
}

interface Seen {
  readonly outbox: Outbox;
  readonly generation: string;
  /** How often was forgotten what had been seen, when this was. */
  readonly epoch: number;
}

/**
 * Sends messages about how things stand from an outbox in the records. A message is on record with its id before it is sent
 * and taken out afterwards; one whose answer is lost is sent again under the same id. Nothing here can break a pass.
 */
export function createNotifier({ records, messenger, hash, clock, log }: Options): Notifier {
  let seen: Seen | null = null;
  let round: Promise<void> | null = null;
  /** How things stood while a round was under way. */
  let missed: Standing | null = null;
  /** Sent by us, and perhaps still on record. */
  const taken = new Map<string, Message>();
  let shown: MessagesStatus | null = null;
  let epoch = 0;

  async function read(now: EpochMs): Promise<Seen> {
    const outbox = newOutbox(now);
    const record = await readOrDrop();
    if (record === null) return { outbox, generation: await records.create(NAME, outbox), epoch };
    // What an earlier version did not write has its first value.
    return { outbox: { ...outbox, ...(record.value as Outbox) }, generation: record.generation, epoch };
  }

  /** One that nobody can read would keep people from being told for ever. */
  async function readOrDrop(): Promise<RecordSeen | null> {
    try {
      return await records.read(NAME);
    } catch (err) {
      if (!isPortError(err, 'invalid')) throw err;
      log.warn({ err }, 'messages begun anew');
      await records.delete(NAME);
      return null;
    }
  }

  async function write(before: Seen, outbox: Outbox): Promise<void> {
    const ids = [...taken.keys()];
    // Whether a write that fails was done is not known.
    seen = null;
    const generation =
      outbox === before.outbox ? before.generation : await records.replace(NAME, outbox, before.generation);
    shown = messagesStatus(outbox);
    for (const id of ids) taken.delete(id);
    if (epoch === before.epoch) seen = { outbox, generation, epoch };
  }

  async function note(standing: Standing): Promise<MessagesStatus | null> {
    missed = round === null ? null : standing;
    if (round === null) {
      const before = seen ?? (await read(standing.now));
      const outbox = [...taken.values()].reduce(withSent, before.outbox);
      await write(before, withNews(outbox, standing, hash));
    }
    return shown;
  }

  async function sendDue(before: Seen): Promise<void> {
    const endsAt = clock.now() + ROUND_MS;
    let { outbox } = before;
    for (;;) {
      const message = dueMessage(outbox, clock.now());
      if (message === null || clock.now() >= endsAt) break;
      outbox = await send(outbox, message);
    }
    await write(before, outbox);
  }

  async function send(outbox: Outbox, message: Message): Promise<Outbox> {
    const { id, type } = message;
    try {
      await messenger.send(message);
    } catch (err) {
      if (!isPortError(err)) throw err;
      const isForGood = err.code === 'invalid';
      if (isForGood || outbox.failure === null) log.warn({ id, type, err, isForGood }, 'message not taken');
      return withFailure(outbox, message, { why: err.message, isForGood, now: clock.now() });
    }
    taken.set(id, message);
    if (outbox.failure !== null) log.info({ id, type }, 'messages are taken again');
    return withSent(outbox, message);
  }

  async function quietly<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (err) {
      log.warn({ err }, 'messages not told');
      return null;
    }
  }

  function begin(): void {
    if (round !== null || seen === null || dueMessage(seen.outbox, clock.now()) === null) return;
    const before = seen;
    round = quietly(() => sendDue(before)).then(() => {
      round = null;
    });
  }

  return {
    note: (standing) => quietly(() => note(standing)),
    begin,
    settle: async (mayBegin) => {
      await round;
      if (missed === null) return;
      await quietly(() => note(missed as Standing));
      if (mayBegin()) begin();
      await round;
    },
    forget: () => {
      seen = null;
      epoch += 1;
    },
  };
}
