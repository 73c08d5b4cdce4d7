import { setTimeout as delay } from 'node:timers/promises';

/** Cloud Storage takes about one write a second of one and the same object; others may get a 429. */
const GAP_MS = 1000;

/** Does `write` when this object may be written again: one after the other, with a gap between. */
export type WritePace = <T>(name: string, write: () => Promise<T>) => Promise<T>;

export function createWritePace(gapMs = GAP_MS): WritePace {
  /** Of each object the latest write, which resolves when the next one may begin. */
  const latest = new Map<string, Promise<void>>();

  return async (name, write) => {
    const before = latest.get(name);
    const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
    latest.set(name, isFree);
    await before;
    try {
      return await write();
    } finally {
      void delay(gapMs, undefined, { ref: false }).then(() => {
        if (latest.get(name) === isFree) latest.delete(name);
        free();
      });
    }
  };
}
