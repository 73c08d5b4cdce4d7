/** What is left for a team of workers. Seconds from now. */
export interface WorkLeft {
  /** Tasks that nobody has, and what each needs. */
  readonly queued: number;
  readonly secondsPerTask: number;
  /** When each worker that is there or on its way will ask for its next task. */
  readonly freeAt: readonly number[];
}

/** Boots differ by so much (standard deviation), and frames of a shot by this share. */
const BOOT_SPREAD_SECONDS = 40;
const FRAME_SPREAD = 0.2;

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
  const here = startsOf(secondsPerTask, 0);
  const coming = startsOf(secondsPerTask, BOOT_SPREAD_SECONDS);
  const begunBy = (at: number) =>
    freeAt.reduce((sum, from) => sum + here(at - from), more * coming(at - bootSeconds));
  // With all of the queue on the one that is free first it has surely begun; in between the moment is searched for.
  let early = Math.min(...freeAt, ...(more > 0 ? [bootSeconds - 2 * BOOT_SPREAD_SECONDS] : []));
  let late = early + queued * secondsPerTask + 4 * BOOT_SPREAD_SECONDS;
  while (begunBy(late) < queued) late += queued * secondsPerTask;
  while (late - early > Math.max(0.5, secondsPerTask * 0.001)) {
    const middle = (early + late) / 2;
    if (begunBy(middle) >= queued) late = middle;
    else early = middle;
  }
  return Math.max(late + secondsPerTask, busyUntil);
}

/**
 * How many tasks a worker has begun so long after it is there, on average: one at once, and the next ones in step with the
 * others where all take equally long. Later on the waves run apart: each start is blurred evenly by how far they have, and after some
 * of them half a task is under way at any moment.
 */
function startsOf(secondsPerTask: number, startSpreadSeconds: number): (seconds: number) => number {
  const startSpread = startSpreadSeconds / secondsPerTask;
  const blurs = Array.from({ length: WAVES_IN_STEP }, (_, wave) =>
    Math.max(LEAST_BLUR, Math.sqrt(3 * (startSpread ** 2 + FRAME_SPREAD ** 2 * wave))),
  );
  return (seconds) => {
    const tasks = seconds / secondsPerTask;
    const begun = (sum: number, blur: number, wave: number) =>
      sum + Math.min(1, Math.max(0, (tasks - wave + blur) / (2 * blur)));
    return blurs.reduce(begun, Math.max(0, tasks + 0.5 - WAVES_IN_STEP));
  };
}

const WAVES_IN_STEP = 6;
const LEAST_BLUR = 0.001;

/**
 * When the last task of each queue has ended, where one queue goes before the next: whoever is free first takes the next task. Seconds of each
 * task. An empty queue ends at 0.
 */
export function endsInTurn(
  queues: readonly (readonly number[])[],
  freeAt: readonly number[],
): readonly number[] {
  const free = freeAt.toSorted((a, b) => a - b);
  return queues.map((queue) => queue.reduce((end, seconds) => Math.max(end, takeNext(free, seconds)), 0));
}

/** The first of a heap is busy for so long; when it will be free again. */
function takeNext(heap: number[], seconds: number): number {
  const end = (heap[0] ?? Number.POSITIVE_INFINITY) + seconds;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const child = (heap[left + 1] ?? end) < (heap[left] ?? end) ? left + 1 : left;
    const least = heap[child] ?? end;
    if (least >= end) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = end;
  return end;
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
