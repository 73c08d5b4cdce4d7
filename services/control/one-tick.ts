import { setTimeout as delay } from 'node:timers/promises';
import type { RunTick } from './reconcile/tick.ts';

/** One tick at a time in this process: two would hold the same lease. */
export interface OneTick {
  /** For the loop's rest between two passes: ends early when somebody asks for a look meanwhile. */
  readonly wait: (ms: number) => Promise<void>;
  /** A tick that comes while one runs has it look once more, and is answered at once. */
  readonly oneAtATime: (runTick: RunTick) => RunTick;
}

export function createOneTick(): OneTick {
  let isRunning = false;
  let isAskedAgain = false;
  let wakeUp: () => void = () => {};

  async function run(runTick: RunTick, trigger: string): ReturnType<RunTick> {
    for (;;) {
      isAskedAgain = false;
      const result = await runTick(trigger);
      if (!isAskedAgain) return result;
    }
  }

  return {
    wait: async (ms) => {
      const woken = new Promise<void>((done) => {
        wakeUp = done;
      });
      const ending = new AbortController();
      const rested = delay(ms, undefined, { signal: ending.signal }).catch(() => {});
      await Promise.race([rested, woken]);
      ending.abort();
      // The pass that follows sees what was asked for.
      isAskedAgain = false;
    },
    oneAtATime: (runTick) => async (trigger) => {
      if (isRunning) {
        isAskedAgain = true;
        wakeUp();
        return { lookAgainAt: null, passes: 0, isElsewhere: true };
      }
      isRunning = true;
      try {
        return await run(runTick, trigger);
      } finally {
        isRunning = false;
      }
    },
  };
}
