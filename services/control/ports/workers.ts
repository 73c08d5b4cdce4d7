import type { EpochMs } from '../core/time.ts';

/** The machine (pod, process) that a Flamenco worker runs on; its name is also the Flamenco worker's name. */
export interface WorkerSeen {
  readonly name: string;
  readonly pool: string;
  /** `waiting` for a node, `running`, `ended` (the process is gone and does not come back). */
  readonly state: 'waiting' | 'running' | 'ended';
  readonly orderedAt: EpochMs;
  /** When its process was started; `null` = not yet (it waits for a machine), left out = soon after it was ordered. */
  readonly startedAt?: EpochMs | null;
  readonly endedAt: EpochMs | null;
  /** How it ended: `done` exit 0 or a signed-off SIGTERM, the others as they say. `null` while it lives. */
  readonly outcome: 'done' | 'failed' | 'outOfMemory' | 'preempted' | null;
  /** Which variant of its pool it was ordered on; `null` or left out = the first. */
  readonly variant?: string | null;
  /**
   * What is said about why it waits or died; `null` = nothing, left out = not known here. That there is no machine of its
   * kind to be had begins with `FailedScaleUp:` (one was asked for) or `NotTriggerScaleUp:` (none is asked for at present).
   */
  readonly why?: string | null;
}

export interface Workers {
  /** Every worker that exists, booting and ended ones included. Never under-counts: throws instead. */
  list(): Promise<readonly WorkerSeen[]>;
  /**
   * Orders one worker for each name and returns at once. A name that exists already is left alone, whatever its variant.
   * `variant` is one of the pool's; `null` or left out = the first.
   */
  order(pool: string, names: readonly string[], variant?: string | null): Promise<void>;
  /** Forgets an ended worker, or asks a living one to end now (SIGTERM: it signs off). Absent: success. */
  remove(name: string): Promise<void>;
}
