import { BlendError } from './facts.ts';

/** What ends a reading from outside: the caller's signal, or a source that is too slow. */
export interface Limits {
  /** Throws when it is over. For loops that wait for nothing. */
  check(): void;
  /** Waits for `work`, but not beyond the end. */
  guard<T>(work: Promise<T>): Promise<T>;
  /** Lets go of timers and listeners. */
  close(): void;
}

/** Throws `aborted` when the signal fires, `tooSlow` when the time is up. */
export function openLimits(signal: AbortSignal | undefined, timeLimitMs: number | undefined): Limits {
  let over: BlendError | null = null;
  const waiting = new Set<(reason: BlendError) => void>();
  const end = (reason: BlendError): void => {
    over ??= reason;
    for (const reject of waiting) reject(over);
    waiting.clear();
  };
  const deadline = timeLimitMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeLimitMs;
  const tooSlow = () => new BlendError('tooSlow', `it could not be read within ${timeLimitMs} ms`);
  const onAbort = () => end(new BlendError('aborted', 'reading was called off', { cause: signal?.reason }));
  const timer = timeLimitMs === undefined ? undefined : setTimeout(() => end(tooSlow()), timeLimitMs);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });

  const check = (): void => {
    // The timer cannot fire while a loop runs.
    if (!over && performance.now() > deadline) end(tooSlow());
    if (over) throw over;
  };
  return {
    check,
    guard: async (work) => {
      let reject: (reason: BlendError) => void = () => {};
      const stopped = new Promise<never>((_, no) => {
        reject = no;
      });
      waiting.add(reject);
      // Should it be over already, nobody waits for either: an error that nobody hears ends the process.
      for (const one of [work, stopped]) one.catch(() => {});
      try {
        check();
        return await Promise.race([work, stopped]);
      } finally {
        waiting.delete(reject);
      }
    },
    close: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}
