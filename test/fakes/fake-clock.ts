import type { EpochMs } from '../../services/control/core/time.ts';

/** A clock that a test steps. What listens is told after each step, in the order of listening. */
export class FakeClock {
  #now: EpochMs;
  readonly #listeners: (() => void)[] = [];

  constructor(start: EpochMs = Date.UTC(2026, 10, 24, 9, 0, 0)) {
    this.#now = start;
  }

  now = (): EpochMs => this.#now;

  advance(ms: number): void {
    this.#now += ms;
    for (const listener of this.#listeners) listener();
  }

  listen(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
