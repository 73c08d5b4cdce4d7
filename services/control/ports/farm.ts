import type { PoolLimit } from '../core/model.ts';
import type { EpochMs } from '../core/time.ts';

/**
 * What exists of the farm. `manager` is `'ready'` only when Flamenco Manager answers. A cluster that is said to be degraded
 * is `up` as long as its manager answers, with `trouble`: `broken` is deleted at once, with whatever renders on it.
 */
export type FarmSeen = (
  | { readonly state: 'absent' }
  | { readonly state: 'creating' | 'deleting'; readonly since: EpochMs; readonly zone: string }
  | {
      readonly state: 'up';
      readonly since: EpochMs;
      readonly zone: string;
      readonly manager: 'absent' | 'starting' | 'ready';
      /** Where a person or the service reaches the manager, once it is ready. */
      readonly managerUrl: string | null;
      /** Differs for each manager process with its own memory: a change means that jobs and workers were forgotten. */
      readonly managerId: string | null;
      /** What is wrong with it although it works, or keeps its manager from answering; `null` or left out = nothing is known to. */
      readonly trouble?: string | null;
    }
  | { readonly state: 'broken'; readonly since: EpochMs; readonly message: string }
) & {
  /** So many creations that came to nothing are not deleted yet and cost as much as a farm without workers; left out = none. */
  readonly givenUp?: number;
};

/** The farm itself: the cluster (or this machine's processes) and Flamenco Manager on it. */
export interface Farm {
  /** `PortError('transient')` when it cannot be known. Never guesses `absent`. */
  look(): Promise<FarmSeen>;
  /** Begins creating and returns at once. Exists or is being created already: success. */
  create(): Promise<void>;
  /** Begins installing Flamenco Manager and returns at once. Idempotent; restarts a manager that has died. */
  install(): Promise<void>;
  /** Begins deleting everything and returns at once. Workers still alive are told to end (they sign off). Absent: success. */
  delete(): Promise<void>;
  /**
   * Pushes the dead-man's switch `DEADMAN_MINUTES` ahead: without that for so long everything ends by itself, whether there
   * is a service or not. Called in each pass; a push may be left out while the last one is fresh. Absent: success.
   */
  pushDeadman(): Promise<void>;
  /**
   * How many workers the account's quotas allow for each pool (of a variant where they differ), those that exist included.
   * A pool that no quota limits is left out. Left out where there are no quotas.
   */
  quotas?(): Promise<readonly PoolLimit[]>;
  /** What still exists of any farm of ours and can cost money, by name. Empty = known to be none. */
  leftovers(): Promise<readonly string[]>;
}
