import { setImmediate as settled } from 'node:timers/promises';
import type { EpochMs } from '../../services/control/core/time.ts';

interface Event {
  readonly at: EpochMs;
  readonly serial: number;
  readonly happen: () => void;
  /** Code that awaits is resumed by it: everything that it then does belongs to this moment. */
  readonly resumes: boolean;
  isCancelled: boolean;
}

/** Takes an event back; one that has happened is left as it is. */
export type Cancel = () => void;

/** Simulated time: events in their order, those of one moment in the order in which they were planned. No real time passes. */
export class SimClock {
  #now: EpochMs;
  #serial = 0;
  readonly #heap: Event[] = [];
  /** Told of each change that a port would show; each is told once. */
  #watchers: (() => void)[] = [];

  constructor(start: EpochMs = Date.UTC(2026, 10, 24, 9, 0, 0)) {
    this.#now = start;
  }

  now = (): EpochMs => this.#now;

  at(at: EpochMs, happen: () => void): Cancel {
    return this.#plan(Math.max(at, this.#now), happen, false);
  }

  /** `Infinity` = never. */
  after(seconds: number, happen: () => void): Cancel {
    if (seconds === Number.POSITIVE_INFINITY) return () => {};
    return this.at(this.#now + Math.round(seconds * 1000), happen);
  }

  /** For code that awaits: what awaits `resume` goes on then, and everything that it does belongs to that moment. */
  resumeAt(at: EpochMs, resume: () => void): Cancel {
    return this.#plan(Math.max(at, this.#now), resume, true);
  }

  /** For code that awaits: the rest of it runs so much later. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.resumeAt(this.#now + ms, resolve);
    });
  }

  /** As `sleep`, again and again while nothing changes, but no longer than `mostMs`. */
  sleepWhileStill(stepMs: number, mostMs: number): Promise<void> {
    const ms = Math.max(1, stepMs);
    const begin = this.#now;
    return new Promise((resolve) => {
      const cancel = this.#plan(begin + Math.max(ms, Math.floor(mostMs / ms) * ms), resolve, true);
      this.#watchers.push(() => {
        cancel();
        const steps = Math.max(1, Math.ceil((this.#now - begin) / ms));
        this.#plan(begin + steps * ms, resolve, true);
      });
    });
  }

  /** Something changed that a port would show. */
  changed(): void {
    if (this.#watchers.length === 0) return;
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  /** Lets time go on until `isOver` or until the given moment; `false` = that moment came first. */
  async run(until: EpochMs, isOver: () => boolean = () => false): Promise<boolean> {
    await settled();
    for (;;) {
      if (isOver()) return true;
      const next = this.#heap[0];
      if (next === undefined || next.at > until) {
        this.#now = Math.max(this.#now, until);
        return false;
      }
      this.#pop();
      if (next.isCancelled) continue;
      this.#now = next.at;
      next.happen();
      if (next.resumes) await settled();
    }
  }

  #plan(at: EpochMs, happen: () => void, resumes: boolean): Cancel {
    this.#serial += 1;
    const event: Event = { at, serial: this.#serial, happen, resumes, isCancelled: false };
    this.#push(event);
    return () => {
      event.isCancelled = true;
    };
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Event;
      if (isBefore(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let least = left;
      if (right !== undefined && isBefore(right, left)) {
        least = right;
        child += 1;
      }
      if (isBefore(last, least)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.serial < b.serial);
}
