/** Where a worker's paid seconds went, apart from boot and idleness, which are what is left of the bill. */
export interface Spent {
  rendering: number;
  loading: number;
  /** Frames that were begun and not finished, and what was loaded for them. */
  lost: number;
}

/** What the simulated workers did: seconds by shot, and frames that came to nothing. */
export class Tally {
  readonly #byShot = new Map<string, Spent>();
  /** Frames in hand when somebody of ours ended the worker. */
  killedByUs = 0;
  /** Frames in hand when the machine was taken away. */
  lostToPreemption = 0;

  of(shot: string): Spent {
    const spent = this.#byShot.get(shot) ?? { rendering: 0, loading: 0, lost: 0 };
    this.#byShot.set(shot, spent);
    return spent;
  }

  sum(kind: keyof Spent): number {
    return [...this.#byShot.values()].reduce((sum, spent) => sum + spent[kind], 0);
  }
}
