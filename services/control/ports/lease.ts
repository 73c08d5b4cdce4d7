import type { EpochMs } from '../core/time.ts';

/** The exclusive right to reconcile, as held. */
export interface LeaseHeld {
  /** Grows with each new holder and renewal; what a later holder has is always different. */
  readonly fence: string;
  /** By the caller's own clock, on the safe side. After it nothing may be done under this lease. */
  readonly until: EpochMs;
}

export interface Lease {
  /**
   * Takes the lease when it is free, expired (by the storage server's clock) or already this holder's.
   * `null` = someone else holds it.
   */
  acquire(holder: string, durationMs: number): Promise<LeaseHeld | null>;
  /** Extends it. `PortError('conflict')` when it was lost meanwhile. */
  renew(held: LeaseHeld, durationMs: number): Promise<LeaseHeld>;
  /** Gives it back, so that the next holder need not wait. Lost already is success. */
  release(held: LeaseHeld): Promise<void>;
}
