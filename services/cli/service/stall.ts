/** Ends a transfer on which nothing has moved for a while: its connection is dead. */
export interface Stall {
  readonly signal: AbortSignal;
  /** Something moved. */
  touch(): void;
  /** The transfer is over. */
  end(): void;
}

const STALLED_MS = 60_000;

export function createStall(): Stall {
  const controller = new AbortController();
  let hasEnded = false;
  const begin = () => setTimeout(() => controller.abort(), STALLED_MS);
  let watch = begin();
  return {
    signal: controller.signal,
    touch: () => {
      // A stream may still be read a little after its request has failed.
      if (hasEnded) return;
      clearTimeout(watch);
      watch = begin();
    },
    end: () => {
      hasEnded = true;
      clearTimeout(watch);
    },
  };
}
