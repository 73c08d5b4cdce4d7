import { NOTHING, type RuleMaker } from '../rule.ts';

const WORKERS = 20;
const KEPT_SECONDS = 3600;

/** Somebody starts 20 workers by hand when there is work, and ends them when it is done, but not within the hour that he planned. */
export const fixedPool: RuleMaker = () => {
  let since: number | null = null;
  return {
    everySeconds: 30,
    step: ({ now, queued, active, workers }) => {
      const isWork = queued + active > 0;
      if (workers.length === 0) since = null;
      if (isWork) {
        since ??= now;
        return { ...NOTHING, order: Math.max(0, WORKERS - workers.length) };
      }
      if (since === null || now - since < KEPT_SECONDS) return NOTHING;
      return { ...NOTHING, end: workers.map(({ name }) => name) };
    },
  };
};
