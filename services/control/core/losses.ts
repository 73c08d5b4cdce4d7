import type { RunRecord } from './run.ts';

/** Of few frames all may have been lost, which does not say that all will be. */
const MOST_LOST = 0.5;
/** A frame that is lost with its machine is lost half-way, on average. */
export const LOST_HALFWAY = 0.5;
/** Of those that are under way a part is done already, and cannot be lost any more. */
const STILL_TO_LOSE = 0.75;
const MOST_AGAIN = 8;

/** Of the money for its frames, what was for those that were lost with their machines. */
export function lostShare({ costs: { lost, rendering } }: Pick<RunRecord, 'costs'>): number {
  return lost <= 0 ? 0 : Math.min(MOST_LOST, lost / (lost + rendering));
}

/**
 * How often, one after the other, some of so many last frames will be rendered once more because their machines were taken away: the
 * expectation of the largest number of attempts that are lost, by the share of the money that was.
 */
export function timesAgain(lost: number, many: number): number {
  const eachTime = STILL_TO_LOSE * Math.min(1, lost / (LOST_HALFWAY * (1 + lost)));
  let sum = 0;
  for (let times = 1; times <= MOST_AGAIN; times += 1) sum += 1 - (1 - eachTime ** times) ** many;
  return sum;
}
