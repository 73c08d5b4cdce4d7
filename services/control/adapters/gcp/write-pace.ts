import { setTimeout as delay } from 'node:timers/promises';

/** Cloud Storage takes about one write a second of one and the same object; others may get a 429. */
const GAP_MS = 1000;

/** Does `write` when this object may be written again: one after the other, with a gap between. */
export type WritePace = <T>(name: string, write: () => Promise<T>) => Promise<T>;

export function createWritePace(gapMs = GAP_MS): WritePace {
  /** Of each object the latest write, which resolves with when the next one may begin. */
  const latest = new Map<string, Promise<number>>();

  return async (name, write) => {
    const before = latest.get(name);
    const { promise: ended, resolve: end } = Promise.withResolvers<number>();
    latest.set(name, ended);
    if (before !== undefined) await rest(await before);
    try {
      return await write();
    } finally {
      end(performance.now() + gapMs);
      // Forgetting keeps no process alive; what waits for its turn does: it would end half-way, without a word.
      setTimeout(() => latest.get(name) === ended && latest.delete(name), gapMs).unref();
    }
  };
}

async function rest(until: number): Promise<void> {
  await delay(Math.max(0, until - performance.now()));
}
