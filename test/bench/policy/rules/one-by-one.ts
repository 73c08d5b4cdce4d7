import { NOTHING, type RuleMaker } from '../rule.ts';

const UP_SECONDS = 300;
const DOWN_SECONDS = 1200;

/** One more when tasks have waited for 300 s, one less when none has for 1200 s (step scaling on a queue's alarm). */
export const oneByOne: RuleMaker = () => {
  let changedAt = Number.NEGATIVE_INFINITY;
  let waitingSince: number | null = null;
  let emptySince: number | null = null;
  return {
    everySeconds: 60,
    step: ({ now, queued, active, workers }) => {
      waitingSince = queued > 0 ? (waitingSince ?? now) : null;
      emptySince = queued > 0 ? null : (emptySince ?? now);
      if (workers.length === 0 && queued + active > 0) {
        changedAt = now;
        return { ...NOTHING, order: 1 };
      }
      if (waitingSince !== null && now - Math.max(waitingSince, changedAt) >= UP_SECONDS) {
        changedAt = now;
        return { ...NOTHING, order: 1 };
      }
      if (emptySince === null || workers.length === 0) return NOTHING;
      if (now - Math.max(emptySince, changedAt) < DOWN_SECONDS) return NOTHING;
      changedAt = now;
      const victim = workers.find(({ isBusy }) => !isBusy) ?? workers[0];
      return { ...NOTHING, drain: victim === undefined ? [] : [victim.name] };
    },
  };
};
