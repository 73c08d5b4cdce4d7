import type { EpochMs } from './time.ts';

/** A machine keeps no worker waiting so long: when it is there and empty, the next worker runs within this. */
const REUSE_MS = 20_000;
/** What a machine is billed for at least (Compute Engine bills by the second after the first minute). */
const LEAST_MS = 60_000;
/** Compute Engine bills a spot machine to the end of the notice that it gives. */
const NOTICE_MS = 30_000;
/**
 * A worker that waits for longer than so many usual boots has had no machine all the while; but the cluster's autoscaler waits
 * this long for any machine before it gives it up (its max-node-provision-time), and it may be far slower than was guessed.
 */
const LONGEST_BOOTS = 3;
const GIVEN_UP_AFTER_MS = 15 * 60_000;
/** A machine that is still booting when others are there is a slow one: it takes this share of a usual boot more. */
const SLOW_SHARE = 0.25;

/** The task that a worker was last seen with, and since when it is at its present step. */
export interface TaskInHand {
  readonly id: string;
  readonly run: string;
  readonly isCheck: boolean;
  readonly steps: number;
  readonly since: EpochMs;
}

/** A machine that is paid for, as far as its worker's life tells. */
export interface Meter {
  readonly pool: string;
  /** `null` = the pool's first. */
  readonly variant: string | null;
  /** Paid for since; of one that was taken over while it was empty: since then. `null` = there is no machine for its worker. */
  readonly from: EpochMs | null;
  /** Since when its worker runs; `null` = it boots. */
  readonly startedAt: EpochMs | null;
  /** When its worker ended, or (of one that nobody waits for any more) when it has booted; `null` = not yet. */
  readonly endedAt: EpochMs | null;
  /** When it is released; `null` as long as `endedAt` is. */
  readonly until: EpochMs | null;
  /** Whom it worked for last; `null` = nobody yet. */
  readonly run: string | null;
  readonly task: TaskInHand | null;
  /** Its worker was ordered and has not been seen yet: the order may not have been carried out. */
  readonly isUnseen?: boolean;
}

/** By the name of the worker that each was ordered for. */
export type Meters = Readonly<Record<string, Meter>>;

/** What a worker's port tells of it (ports/workers.ts). */
export interface WorkerLife {
  readonly name: string;
  readonly pool: string;
  readonly variant: string | null;
  readonly orderedAt: EpochMs;
  readonly startedAt: EpochMs | null;
  readonly endedAt: EpochMs | null;
  readonly isPreempted: boolean;
  /** It is known that there is no machine for it. */
  readonly isWithoutMachine: boolean;
}

/** Of the pool's machines. Milliseconds. */
export interface MachineTimes {
  readonly bootMs: number;
  /** An empty machine is released after this. */
  readonly tailMs: number;
}

/** Milliseconds that a machine was paid for, by what it did. */
export interface Use {
  readonly boot: number;
  /** A worker ran on it. */
  readonly worker: number;
  /** It was empty. */
  readonly empty: number;
}

export const NO_USE: Use = { boot: 0, worker: 0, empty: 0 };

/** Until `at`. What is learned later of an earlier time changes it: the difference of two may be negative. */
export function useUntil(meter: Meter, at: EpochMs, { bootMs }: MachineTimes): Use {
  const { from, startedAt, endedAt, until } = meter;
  if (from === null) return NO_USE;
  const bootEnd = startedAt ?? endedAt ?? at;
  const boot = within(Math.min(at, bootEnd) - from, Math.max(LONGEST_BOOTS * bootMs, GIVEN_UP_AFTER_MS));
  const worker = startedAt === null ? 0 : within(Math.min(at, endedAt ?? at) - startedAt);
  const empty = endedAt === null ? 0 : within(Math.min(at, until ?? at) - endedAt);
  return { boot, worker, empty };
}

function within(ms: number, most: number = Number.POSITIVE_INFINITY): number {
  return Math.max(0, Math.min(ms, most));
}

/** A machine of a worker that was not seen before. `since`: what it cost until then was counted. */
export function newMeter(
  { pool, variant, orderedAt, startedAt }: WorkerLife,
  since: EpochMs = Number.NEGATIVE_INFINITY,
): Meter {
  const begun = startedAt === null ? null : Math.max(startedAt, since);
  const rest = { endedAt: null, until: null, run: null, task: null };
  return { pool, variant, from: Math.max(orderedAt, since), startedAt: begun, ...rest };
}

/** A machine of a worker that is being ordered: whoever orders may not live to see it. */
export function orderedMeter(pool: string, variant: string | null, now: EpochMs): Meter {
  const [startedAt, endedAt] = [null, null];
  return { pool, variant, from: now, startedAt, endedAt, until: null, run: null, task: null, isUnseen: true };
}

/** The meter of a machine brought up to what is seen of its worker now. */
export function follow(meter: Meter, life: WorkerLife, times: MachineTimes, now: EpochMs): Meter {
  if (meter.until !== null && life.endedAt !== null) return meter;
  // One look did not see it, and it lives all the same.
  const living = meter.until === null ? meter : { ...meter, endedAt: null, until: null };
  const placed = { ...living, from: beginning(living, life, times, now) };
  const { startedAt } = life;
  const begun = placed.startedAt === null && startedAt !== null ? { ...placed, startedAt } : placed;
  return life.endedAt === null ? begun : ended(begun, Math.min(life.endedAt, now), life, times);
}

/** One that waited in vain and runs all the same has found a machine since it was last looked at. */
function beginning(
  { from }: Meter,
  { startedAt, endedAt, orderedAt, isWithoutMachine }: WorkerLife,
  { bootMs }: MachineTimes,
  now: EpochMs,
): EpochMs | null {
  if (startedAt !== null) return from ?? Math.max(orderedAt, startedAt - bootMs);
  if (isWithoutMachine) return null;
  return from ?? (endedAt === null ? now : null);
}

/** Its worker has ended; a machine that had none yet boots to its end all the same, and is released then. */
export function ended(
  meter: Meter,
  at: EpochMs,
  { isPreempted }: Pick<WorkerLife, 'isPreempted'>,
  { bootMs, tailMs }: MachineTimes,
): Meter {
  if (meter.from === null) return { ...meter, endedAt: at, until: at };
  const isBooting = meter.startedAt === null && !isPreempted;
  const endedAt = isBooting ? Math.max(at + SLOW_SHARE * bootMs, meter.from + bootMs) : at;
  const until = Math.max(endedAt + (isPreempted ? NOTICE_MS : tailMs), meter.from + LEAST_MS);
  return { ...meter, endedAt, until };
}

/** Nobody saw its worker end, nor perhaps begin: then it did after a usual boot. */
export function endedUnseen(meter: Meter, at: EpochMs, times: MachineTimes): Meter {
  const { from, startedAt } = meter;
  const usual = from === null ? at : from + times.bootMs;
  const begun = startedAt === null && usual < at ? { ...meter, startedAt: usual } : meter;
  return ended(begun, at, { isPreempted: false }, times);
}

/** A machine whose worker has ended, or is not waited for any more. */
export type FreeMeter = Meter & {
  readonly from: EpochMs;
  readonly endedAt: EpochMs;
  readonly until: EpochMs;
};

export function isFree(meter: Meter): meter is FreeMeter {
  return meter.from !== null && meter.endedAt !== null && meter.until !== null;
}

/** Nobody waits for it any more, and it boots: whoever is ordered next is given it. `null` = there is none such. */
export function bootingFor(
  free: Iterable<readonly [string, FreeMeter]>,
  { pool, variant, orderedAt }: WorkerLife,
): readonly [string, FreeMeter] | null {
  for (const found of free) {
    const [, meter] = found;
    const isOfPool = meter.pool === pool && meter.variant === variant;
    if (isOfPool && meter.startedAt === null && meter.endedAt > orderedAt) return found;
  }
  return null;
}

/**
 * Whose machine a worker runs on that began just now: a machine that is empty takes the next worker at once, and what was
 * ordered for that worker boots for nobody. `null` = its own.
 */
export function takenOver(
  free: Iterable<readonly [string, FreeMeter]>,
  { pool, variant, orderedAt }: WorkerLife,
  startedAt: EpochMs,
): readonly [string, FreeMeter] | null {
  for (const found of free) {
    const [, { endedAt, until, ...meter }] = found;
    const isOfPool = meter.pool === pool && meter.variant === variant;
    const isThere = endedAt <= startedAt && until > startedAt;
    if (isOfPool && isThere && startedAt - Math.max(endedAt, orderedAt) <= REUSE_MS) return found;
  }
  return null;
}
