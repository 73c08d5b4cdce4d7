import { concat, type Piece } from './bytes.ts';
import { BlendError, type ByteSource } from './facts.ts';
import type { Header } from './header.ts';
import { JumpGuesser } from './jump-guesser.ts';
import type { Limits } from './limits.ts';
import { scout } from './scout.ts';
import { createScoutPlan } from './scout-plan.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** The start holds header, globals and scenes in nearly every file, the end the DNA and the seek table. */
const HEAD_BYTES = 512 * KIB;
const TAIL_BYTES = 192 * KIB;
/** One answer is had sooner than two, and nearly as soon as a smaller one. */
const WHOLE_BYTES = MIB;
/** Enough for the heads and small bodies between two large ones. */
const JUMP_STEP = 8 * KIB;
/** Where heads go on behind the head there are likely many more: scenes behind many workspaces, or small objects. */
const FIRST_STEP = 256 * KIB;
const LAST_STEP = 4 * MIB;
/** A gap that a bucket delivers faster than it answers another request. */
const NEAR_GAP = 256 * KIB;
/** From windows of this size on the next one is asked for before it is needed. */
const READ_AHEAD_FROM = MIB;
/** Requests made ahead of time. */
const MAX_AHEAD = 16;

interface Ahead {
  readonly offset: number;
  readonly end: number;
  readonly piece: Promise<Piece>;
}

const NOTHING: Piece = { offset: 0, bytes: new Uint8Array(0) };

/**
 * Reads a source in few requests: keeps its head, its tail, one moving window and what was asked for ahead of time.
 * Windows grow while heads stay dense and shrink after a jump. Whatever the source throws becomes
 * `BlendError('unreadable')`.
 */
export class RangeReader {
  readonly size: number;
  /** What was asked of the source so far, things asked ahead of time included. */
  bytesRead = 0;
  readonly #source: ByteSource;
  readonly #limits: Limits;
  readonly #guesser = new JumpGuesser();
  readonly #scoutPlan = createScoutPlan();
  #header: Header | null = null;
  #isOpen = true;
  #head = NOTHING;
  #tail = NOTHING;
  #window = NOTHING;
  #step = JUMP_STEP;
  #ahead: readonly Ahead[] = [];
  /** What scouts asked for. A wrong guess says nothing against it. */
  #scouted: readonly Ahead[] = [];
  /** Where the last load began. */
  #at = 0;

  private constructor(source: ByteSource, limits: Limits) {
    this.#source = source;
    this.#limits = limits;
    this.size = source.size;
  }

  static async open(source: ByteSource, limits: Limits): Promise<RangeReader> {
    if (!Number.isSafeInteger(source.size) || source.size < 0)
      throw new BlendError('unreadable', 'the size of the file is not known');
    const reader = new RangeReader(source, limits);
    await reader.#readEnds();
    return reader;
  }

  /** The last bytes of the file; all of it when it is small. */
  get tail(): Piece {
    return this.#tail;
  }

  /** From now on jumps are guessed and asked for ahead of time, and heads are scouted where that saves time. */
  guessJumps(header: Header): void {
    this.#header = header;
  }

  /** Nothing is asked for ahead of time any more. */
  close(): void {
    this.#isOpen = false;
  }

  /** A piece at hand that holds all of these bytes. */
  piece(offset: number, length: number): Piece | null {
    for (const piece of [this.#window, this.#head, this.#tail])
      if (offset >= piece.offset && offset + length <= endOf(piece)) return piece;
    return null;
  }

  /** As many of the bytes as the file has. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(this.size, offset + length);
    if (end <= offset) return new Uint8Array(0);
    const atHand = this.piece(offset, end - offset);
    if (atHand) return cut(atHand, offset, end);
    const start = this.piece(offset, 1);
    const from = start ? endOf(start) : offset;
    const rest = await this.#load(from, end);
    this.#window = start ? { offset, bytes: concat([cut(start, offset), cut(rest, from)]) } : rest;
    // Only what was asked for ahead of time may end too early.
    return endOf(this.#window) < end ? this.read(offset, length) : cut(this.#window, offset, end);
  }

  /** False while as much as is good was asked for ahead of time. */
  get canAskAhead(): boolean {
    return this.#ahead.length < MAX_AHEAD;
  }

  /** Asks for these bytes now, as they will be needed soon. Never waits and never fails. */
  prefetch(offset: number, length: number): void {
    const end = Math.min(offset + length, this.size);
    if (offset < 0 || offset >= end || !this.canAskAhead || this.piece(offset, end - offset)) return;
    if (this.#ahead.some((one) => offset >= one.offset && end <= one.end)) return;
    const piece = this.#fetch(offset, end - offset);
    // Whoever needs the bytes sees the error; if nobody does it does not matter.
    piece.catch(() => {});
    this.#ahead = [...this.#ahead, { offset, end, piece }];
  }

  async #readEnds(): Promise<void> {
    if (this.size <= WHOLE_BYTES) {
      this.#head = await this.#fetch(0, this.size);
      this.#tail = this.#head;
      return;
    }
    const [head, tail] = await Promise.all([
      this.#fetch(0, HEAD_BYTES),
      this.#fetch(this.size - TAIL_BYTES, TAIL_BYTES),
    ]);
    this.#head = head;
    this.#tail = tail;
    this.#window = head;
  }

  /** A piece that begins at `from` or before, and reaches to `end` unless it was asked for ahead of time. */
  async #load(from: number, end: number): Promise<Piece> {
    if (from >= this.#tail.offset && from < endOf(this.#tail)) return this.#tail;
    const isHere = (one: Ahead) => from >= one.offset && from < one.end;
    const asked = this.#ahead.find(isHere) ?? this.#scouted.find(isHere);
    const gap = from - endOf(this.#window);
    const isJump = gap < 0 || gap > NEAR_GAP;
    this.#at = from;
    // A wrong guess: the others build on it.
    if (!asked && this.#header) this.#ahead = [];
    const until = asked?.end ?? this.#windowEnd(from, end, isJump);
    const loading = asked?.piece ?? this.#fetch(from, until - from);
    // What lies before is behind us: walks go forward.
    const isAhead = (one: Ahead) => one.end > from && one !== asked;
    this.#ahead = this.#ahead.filter(isAhead);
    this.#scouted = this.#scouted.filter(isAhead);
    this.#askAhead(from, until, isJump, asked !== undefined);
    if (!asked && isJump && this.#header) await this.#thinkOfScouts(this.#header, from, loading);
    return loading;
  }

  /** Waits for an answer that nobody foresaw, and sends scouts when there were too many such. */
  async #thinkOfScouts(header: Header, from: number, loading: Promise<Piece>): Promise<void> {
    const start = performance.now();
    await loading;
    const { places, mostSearched } = this.#scoutPlan.waited(
      from,
      performance.now() - start,
      this.#tail.offset,
    );
    for (const [index, place] of places.entries()) {
      const scouting = scout({
        header,
        from: place,
        to: places[index + 1] ?? this.#tail.offset,
        mostSearched,
        ask: (offset, length) => this.#scoutPiece(offset, length),
        search: (offset, length) => this.#fetch(offset, length),
        keep: (piece) => this.#keepScouted(piece),
        isVain: (offset) => !this.#isOpen || this.#at >= offset,
      });
      // Whoever needs the bytes asks again, and sees the error.
      scouting.catch(() => {});
    }
  }

  #keepScouted(piece: Piece): void {
    this.#scouted = [
      ...this.#scouted,
      { offset: piece.offset, end: endOf(piece), piece: Promise.resolve(piece) },
    ];
  }

  #scoutPiece(offset: number, length: number): Promise<Piece> {
    const piece = this.#fetch(offset, length);
    this.#scouted = [...this.#scouted, { offset, end: offset + length, piece }];
    return piece;
  }

  #windowEnd(from: number, end: number, isJump: boolean): number {
    const least = this.#window === this.#head ? FIRST_STEP : JUMP_STEP;
    this.#step = isJump ? JUMP_STEP : Math.max(least, Math.min(this.#step * 2, LAST_STEP));
    const wanted = Math.min(this.size, Math.max(end, from + this.#step));
    return end <= this.#tail.offset ? Math.min(wanted, this.#tail.offset) : wanted;
  }

  #askAhead(from: number, until: number, isJump: boolean, wasAsked: boolean): void {
    if (!isJump && this.#step >= READ_AHEAD_FROM) {
      if (wasAsked) this.#step = Math.min(this.#step * 2, LAST_STEP);
      const next = Math.max(until, ...this.#ahead.map((one) => one.end));
      if (this.#ahead.length < 2) this.prefetch(next, Math.min(this.#step, this.#tail.offset - next));
      return;
    }
    if (!isJump || !this.#header) return;
    for (const { target, offset, end } of this.#guesser.next(from, wasAsked)) {
      const isAsked = this.#ahead.some((one) => target >= one.offset && target < one.end);
      if (!isAsked) this.prefetch(offset, Math.min(end, this.#tail.offset) - offset);
    }
  }

  async #fetch(offset: number, length: number): Promise<Piece> {
    if (length === 0) return { offset, bytes: new Uint8Array(0) };
    this.bytesRead += length;
    const bytes = await this.#limits.guard(this.#source.read(offset, length)).catch((cause: unknown) => {
      if (cause instanceof BlendError) throw cause;
      throw new BlendError('unreadable', `bytes ${offset} to ${offset + length} could not be read`, {
        cause,
      });
    });
    if (bytes.length !== length)
      throw new BlendError('unreadable', `asked for ${length} bytes at ${offset}, got ${bytes.length}`);
    return { offset, bytes };
  }
}

function endOf(piece: Piece): number {
  return piece.offset + piece.bytes.length;
}

function cut(piece: Piece, from: number, to = endOf(piece)): Uint8Array {
  return piece.bytes.subarray(from - piece.offset, to - piece.offset);
}
