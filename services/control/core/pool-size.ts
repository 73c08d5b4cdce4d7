import { firstWave, type WorkAhead } from './first-wave.ts';
import { bestMore, type Prices } from './forecast.ts';
import { type Hurry, NO_HURRY } from './hurry.ts';
import type { PoolPolicy } from './model.ts';

interface Worth {
  readonly fixedPricePerHour: number;
  readonly valueOfTimePerHour: number;
}

/** What a second costs and is worth, and what a worker costs beyond its tasks: boot and release. */
export function pricesOf(
  { pricePerHour, bootSeconds, tailSeconds }: PoolPolicy,
  { fixedPricePerHour, valueOfTimePerHour }: Worth,
): Prices {
  const perWorker = (pricePerHour * (bootSeconds + tailSeconds)) / 3600;
  return { perSecond: (fixedPricePerHour + valueOfTimePerHour) / 3600, perWorker };
}

/** For those that come later each must bring a little more than it costs: the estimate wavers, and a boot is paid for good. */
const CAUTION = 1.3;
/** Fewer more than this share of those that are there are not worth an order: the next look may see it otherwise. */
const LEAST_STEP = 0.1;

/**
 * How many more workers a pool is to have: as many as bring more time than they cost, by a forecast with those that are
 * there, and as many as a deadline asks for. Clamped to tasks and to the pool's maximum in this one place. While no frame has taught how long
 * they take, no more than cost as much in an hour as an hour of everything else is worth, or than would be worth their boots if
 * the frames were as quick as they still can be: what the others' boots cost would be more than what is lost by waiting for the first frame.
 */
export function moreWorkers(
  work: WorkAhead,
  pool: PoolPolicy,
  worth: Worth,
  hurry: Hurry = NO_HURRY,
): number {
  const bySeconds = hurry.seconds;
  const perHour = worth.fixedPricePerHour + worth.valueOfTimePerHour;
  const { bootSeconds, pricePerHour } = pool;
  // Who has no task, or boots, takes the next ones: more than are then left would be let go at the next look.
  const room = Math.max(0, Math.min(pool.max - work.freeAt.length, work.queued - work.unoccupied.length));
  const { perSecond, perWorker } = pricesOf(pool, worth);
  const prices = { perSecond, perWorker: work.freeAt.length === 0 ? perWorker : CAUTION * perWorker };
  const best = (most: number) => {
    const more = bestMore(work, most, bootSeconds, prices, bySeconds);
    const isWorth = more >= LEAST_STEP * work.freeAt.length || bySeconds < Number.POSITIVE_INFINITY;
    return isWorth ? more : 0;
  };
  if (work.isKnown || pricePerHour === 0) return best(room);
  const unknownMost = Math.max(1, Math.ceil(perHour / pricePerHour)) - work.freeAt.length;
  const surely = bestMore({ ...work, secondsPerTask: work.leastPerTask }, room, bootSeconds, prices);
  const more = best(Math.min(room, Math.max(0, unknownMost, surely)));
  if (bySeconds === Number.POSITIVE_INFINITY) return more;
  return Math.max(more, Math.min(room, firstWave(work, pool, room, hurry)));
}
