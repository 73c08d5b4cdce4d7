import { NOTHING, type RuleMaker } from '../rule.ts';

const MOST_NEW_A_MINUTE = 10;
const IDLE_SECONDS = 300;

/** The rule of the farm services: a worker for each task that is not done, at most ten new a minute; idle ones go after 300 s. */
export const workerPerTask: RuleMaker = () => ({
  everySeconds: 60,
  step: ({ now, queued, active, workers, maxWorkers }) => {
    const missing = Math.min(maxWorkers, queued + active) - workers.length;
    const idle = workers.filter(({ idleSince }) => idleSince !== null && now - idleSince >= IDLE_SECONDS);
    return {
      ...NOTHING,
      order: Math.max(0, Math.min(MOST_NEW_A_MINUTE, missing)),
      drain: queued > 0 ? [] : idle.map(({ name }) => name),
    };
  },
});
