import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from './service-client.ts';

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

/** Calls again what may go well a little later: a service that is being started, a connection that was lost. */
export async function untilItPasses<T>(call: () => Promise<T>, patience = createPatience()): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ServiceError) || !error.isPassing || !(await patience.wait())) throw error;
    }
  }
}
