import { NOTHING, type RuleMaker } from '../rule.ts';

const HPA_SECONDS = 15;
const POLLS_EVERY = 2;
const TOLERANCE = 0.1;
const DOWN_WINDOW_SECONDS = 300;
const COOLDOWN_SECONDS = 300;
/** The HPA's default for scaling up: doubled, or four pods more, each 15 s. */
const STEP_FACTOR = 2;
const STEP_PODS = 4;

/**
 * KEDA ScaledObject with the Horizontal Pod Autoscaler on the length of the queue, one task a pod:
 * `desired = ceil(current · metric / (target · current))`, nothing within the tolerance, down to the highest wish of the last
 * 300 s; from and to nothing by KEDA itself. A Deployment keeps as many pods as were last desired: it replaces those that are
 * lost, and of those that go nobody has the choice, but pods that do not run yet go first.
 */
export const kedaHpa: RuleMaker = () => {
  const wishes: { readonly at: number; readonly count: number }[] = [];
  let looks = 0;
  let queue = 0;
  let busyAt = 0;
  let replicas = 0;

  function desired(now: number, maxWorkers: number): number {
    if (replicas === 0) return queue > 0 ? 1 : 0;
    if (queue === 0 && now - busyAt >= COOLDOWN_SECONDS) return 0;
    const isClose = Math.abs(queue / replicas - 1) <= TOLERANCE;
    const wish = isClose ? replicas : Math.max(1, Math.min(maxWorkers, queue));
    wishes.push({ at: now, count: wish });
    while ((wishes[0]?.at ?? now) < now - DOWN_WINDOW_SECONDS) wishes.shift();
    if (wish > replicas) return Math.min(wish, Math.max(replicas * STEP_FACTOR, replicas + STEP_PODS));
    return Math.min(replicas, Math.max(...wishes.map(({ count }) => count)));
  }

  return {
    everySeconds: HPA_SECONDS,
    step: ({ now, queued, active, workers, maxWorkers, random }) => {
      if (looks % POLLS_EVERY === 0) queue = queued + active;
      looks += 1;
      if (queue > 0) busyAt = now;
      replicas = desired(now, maxWorkers);
      const ranked = workers.map(({ name, isPending }) => ({ name, rank: random() + (isPending ? 0 : 1) }));
      const victims = ranked.sort((a, b) => a.rank - b.rank).slice(0, Math.max(0, workers.length - replicas));
      return {
        ...NOTHING,
        order: Math.max(0, replicas - workers.length),
        end: victims.map(({ name }) => name),
      };
    },
  };
};
