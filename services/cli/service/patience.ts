import { setTimeout as delay } from 'node:timers/promises';

/** Waits between attempts that fail one after the other; an attempt that got further begins anew. */
export interface Patience {
  /** False when it has lasted too long: about three minutes. */
  wait(): Promise<boolean>;
  reset(): void;
}

const FIRST_MS = 200;
const LONGEST_MS = 15_000;
const ATTEMPTS = 18;

export function createPatience(sleep: (ms: number) => Promise<unknown> = delay): Patience {
  let failed = 0;
  return {
    wait: async () => {
      failed += 1;
      if (failed >= ATTEMPTS) return false;
      await sleep(Math.min(LONGEST_MS, FIRST_MS * 2 ** (failed - 1)));
      return true;
    },
    reset: () => {
      failed = 0;
    },
  };
}
