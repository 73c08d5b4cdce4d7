import { setTimeout as delay } from 'node:timers/promises';
import type { RunTick } from './reconcile/tick.ts';

/** The loop's rest between two passes, and those who ask for a look. */
interface Rest {
  /** Ends early when somebody asks meanwhile, and at once when he did during the pass before: it may not have seen his matter. */
  readonly wait: (ms: number) => Promise<void>;
  /** Has the running tick look once more, without a rest before. */
  readonly ask: () => void;
  /** Whether somebody has asked since the last rest or answer. The pass that follows sees what he asked for. */
  readonly answer: () => boolean;
}

function createRest(): Rest {
  let isAsked = false;
  let wakeUp: () => void = () => {};
  return {
    wait: async (ms) => {
      const woken = new Promise<void>((done) => {
        wakeUp = done;
      });
      if (isAsked) wakeUp();
      const ending = new AbortController();
      const rested = delay(ms, undefined, { signal: ending.signal }).catch(() => {});
      await Promise.race([rested, woken]);
      ending.abort();
      isAsked = false;
    },
    ask: () => {
      isAsked = true;
      wakeUp();
    },
    answer: () => {
      const wasAsked = isAsked;
      isAsked = false;
      return wasAsked;
    },
  };
}

/** One tick at a time in this process: two would hold the same lease. */
export interface OneTick extends Pick<Rest, 'wait' | 'ask'> {
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
  const { wait, ask, answer } = createRest();

  async function run(runTick: RunTick, trigger: string): ReturnType<RunTick> {
    const since = clock.now();
    for (;;) {
      answer();
      const result = await runTick(trigger);
      // The next regular tick looks then.
      if (!answer() || clock.now() - since >= LONG_MS) return result;
    }
  }

  return {
    wait,
    ask,
    oneAtATime: (runTick) => async (trigger) => {
      if (running !== null) {
        ask();
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
