import type { EpochMs } from '../../core/time.ts';
import type { Ticker } from '../../ports/ticker.ts';

type Trigger = 'start' | 'kick' | 'timer';

interface Options {
  /** One tick. It runs alone: the next begins after it has ended. */
  readonly onTick: (trigger: Trigger) => Promise<{ readonly lookAgainAt: EpochMs | null }>;
  /** A tick that threw; the loop goes on. */
  readonly onError: (error: unknown) => void;
  readonly clock: { now(): EpochMs };
}

/** As Cloud Scheduler does for the service in the cloud. */
const REGULAR_MS = 60_000;

interface LocalTicker extends Ticker {
  start(): void;
  /** No tick begins any more; resolves when the running one has ended. */
  stop(): Promise<void>;
}

/** Ticks one at a time: when it was asked to look again, each minute, and at once when kicked. */
export function createLocalTicker({ onTick, onError, clock }: Options): LocalTicker {
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let isKicked = false;
  let isStopped = false;

  function begin(trigger: Trigger): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    isKicked = false;
    running = tick(trigger).then((waitMs) => {
      running = null;
      if (isStopped) return;
      // A kick during a tick may be about what this tick did not see any more.
      if (isKicked) begin('kick');
      else timer = setTimeout(begin, waitMs, 'timer');
    });
  }

  async function tick(trigger: Trigger): Promise<number> {
    try {
      const { lookAgainAt } = await onTick(trigger);
      if (lookAgainAt === null) return REGULAR_MS;
      return Math.min(REGULAR_MS, Math.max(0, lookAgainAt - clock.now()));
    } catch (error) {
      onError(error);
      return REGULAR_MS;
    }
  }

  return {
    start() {
      if (running === null && timer === null && !isStopped) begin('start');
    },
    async kick() {
      if (isStopped) return;
      isKicked = true;
      if (running === null) begin('kick');
    },
    async stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}
