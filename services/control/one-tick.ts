import { setTimeout as delay } from 'node:timers/promises';
import type { RunTick } from './reconcile/tick.ts';

/** One tick at a time in this process: two would hold the same lease. */
export interface OneTick {
  /** For the loop's rest between two passes: ends early when somebody asks for a look meanwhile. */
  readonly wait: (ms: number) => Promise<void>;
  /**
   * A tick that comes while one runs has it look once more, and is answered at once. One that comes when that should have
   * ended long ago stays until it has: a request that is given up takes its processor away, and what was begun in it would
   * stand still half-way.
   */
  readonly oneAtATime: (runTick: RunTick) => RunTick;
}

interface Options {
  readonly clock?: { now(): number };
}

/** A tick takes 50 s and its last pass. After so long no further one is begun in its request, which has 180 s. */
const LONG_MS = 90_000;

export function createOneTick({ clock = { now: () => performance.now() } }: Options = {}): OneTick {
  let running: { readonly since: number; readonly ended: Promise<unknown> } | null = null;
  let isAskedAgain = false;
  let wakeUp: () => void = () => {};

  async function run(runTick: RunTick, trigger: string): ReturnType<RunTick> {
    const since = clock.now();
    for (;;) {
      isAskedAgain = false;
      const result = await runTick(trigger);
      // The next regular tick looks then.
      if (!isAskedAgain || clock.now() - since >= LONG_MS) return result;
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
      if (running !== null) {
        isAskedAgain = true;
        wakeUp();
        if (clock.now() - running.since >= LONG_MS) await running.ended;
        return { lookAgainAt: null, passes: 0, isElsewhere: true };
      }
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      running = { since: clock.now(), ended };
      try {
        return await run(runTick, trigger);
      } finally {
        running = null;
        resolve();
      }
    },
  };
}
