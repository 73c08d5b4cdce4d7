/** What is left for a team of workers. Seconds from now. */
export interface WorkLeft {
  /** Tasks that nobody has, and what each needs. */
  readonly queued: number;
  readonly secondsPerTask: number;
  /** When each worker that is there or on its way will ask for its next task. */
  readonly freeAt: readonly number[];
}

/** Sizes that are weighed one by one; beyond, the steps grow. */
const EVERY_SIZE = 48;
const STEP = 1.08;

/** Seconds until the last task has ended, if so many more workers come at `bootSeconds`. Each takes the next task when it is free. */
export function secondsUntilDone(work: WorkLeft, more: number, bootSeconds: number): number {
  const { queued, secondsPerTask, freeAt } = work;
  const busyUntil = freeAt.reduce((last, at) => Math.max(last, at), 0);
  if (queued === 0) return busyUntil;
  const team = freeAt.length + more;
  if (team === 0) return Number.POSITIVE_INFINITY;
  const doneBy = (at: number) => {
    const tasks = (from: number) => Math.max(0, Math.floor((at - from) / secondsPerTask + 1e-9));
    return freeAt.reduce((sum, from) => sum + tasks(from), more * tasks(bootSeconds));
  };
  // With all of the queue on the one that is free first it is surely done; in between the moment is searched for.
  const first = more > 0 ? Math.min(bootSeconds, ...freeAt) : Math.min(...freeAt);
  let early = first;
  let late = first + queued * secondsPerTask;
  while (late - early > Math.max(0.5, secondsPerTask * 0.001)) {
    const middle = (early + late) / 2;
    if (doneBy(middle) >= queued) late = middle;
    else early = middle;
  }
  return Math.max(late, busyUntil);
}

/** What a second costs until all is done, and what a worker costs beyond its tasks (boot, release). Dollars. */
export interface Prices {
  readonly perSecond: number;
  readonly perWorker: number;
}

/**
 * How many more workers are best: where the dollars for their boots and the worth of the time until all is done are least
 * together. The tasks themselves cost the same whoever does them. At most `most`; enough to be done by `bySeconds`, if that can
 * be; of equals the fewest.
 */
export function bestMore(
  work: WorkLeft,
  most: number,
  bootSeconds: number,
  prices: Prices,
  bySeconds: number = Number.POSITIVE_INFINITY,
): number {
  let best = { more: 0, cost: Number.POSITIVE_INFINITY, lateBy: Number.POSITIVE_INFINITY };
  for (const more of sizes(Math.min(most, work.queued))) {
    const seconds = secondsUntilDone(work, more, bootSeconds);
    if (seconds === Number.POSITIVE_INFINITY) continue;
    const cost = prices.perSecond * seconds + prices.perWorker * more;
    const lateBy = Math.max(0, seconds - bySeconds);
    if (lateBy < best.lateBy || (lateBy === best.lateBy && cost < best.cost - 1e-9))
      best = { more, cost, lateBy };
  }
  return best.more;
}

function sizes(most: number): readonly number[] {
  const all: number[] = [];
  for (let size = 0; size < most; size = size < EVERY_SIZE ? size + 1 : Math.ceil(size * STEP))
    all.push(size);
  return [...all, Math.max(0, most)];
}
