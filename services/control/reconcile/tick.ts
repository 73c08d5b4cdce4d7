import type { EpochMs } from '../core/time.ts';

/** What a tick (one or more passes) came to. */
export interface TickResult {
  /** When to look again at the latest; `null` = nothing is in motion, the regular tick is soon enough. */
  readonly lookAgainAt: EpochMs | null;
  readonly passes: number;
  /** Someone else holds the lease: nothing was done here. */
  readonly isElsewhere: boolean;
}

/** Runs passes while things are in motion and ends before the next tick is due. Throws when a pass failed. */
export type RunTick = (trigger: string) => Promise<TickResult>;
