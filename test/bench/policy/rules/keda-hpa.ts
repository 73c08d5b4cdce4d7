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
 * 300 s; from and to nothing by KEDA itself. The pods of a Deployment that go are nobody's choice.
 */
export const kedaHpa: RuleMaker = () => {
  const wishes: { readonly at: number; readonly count: number }[] = [];
  let looks = 0;
  let queue = 0;
  let busyAt = 0;
  return {
    everySeconds: HPA_SECONDS,
    step: ({ now, queued, active, workers, maxWorkers, random }) => {
      if (looks % POLLS_EVERY === 0) queue = queued + active;
      looks += 1;
      const current = workers.length;
      if (queue > 0) busyAt = now;
      if (current === 0) return { ...NOTHING, order: queue > 0 ? 1 : 0 };
      if (queue === 0 && now - busyAt >= COOLDOWN_SECONDS)
        return { ...NOTHING, end: workers.map(({ name }) => name) };
      const isClose = Math.abs(queue / current - 1) <= TOLERANCE;
      const wish = isClose ? current : Math.max(1, Math.min(maxWorkers, queue));
      wishes.push({ at: now, count: wish });
      while ((wishes[0]?.at ?? now) < now - DOWN_WINDOW_SECONDS) wishes.shift();
      if (wish > current) {
        const most = Math.max(current * STEP_FACTOR, current + STEP_PODS);
        return { ...NOTHING, order: Math.min(wish, most) - current };
      }
      const stable = Math.max(...wishes.map(({ count }) => count));
      const victims = [...workers].sort(() => random() - 0.5).slice(0, Math.max(0, current - stable));
      return { ...NOTHING, end: victims.map(({ name }) => name) };
    },
  };
};
