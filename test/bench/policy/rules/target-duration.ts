import { NOTHING, type RuleMaker } from '../rule.ts';

const TARGET_SECONDS = 600;
const AGREEING = 3;

/** As many workers as do what is left in 600 s, by times that somebody wrote down; taken when three looks agree on the direction. */
export const targetDuration: RuleMaker = () => {
  const wishes: number[] = [];
  return {
    everySeconds: 60,
    step: ({ secondsLeft, workers, maxWorkers }) => {
      const current = workers.length;
      wishes.push(Math.min(maxWorkers, Math.ceil(secondsLeft / TARGET_SECONDS)));
      const last = wishes.slice(-AGREEING);
      if (last.length < AGREEING) return NOTHING;
      if (last.every((wish) => wish > current)) return { ...NOTHING, order: Math.min(...last) - current };
      if (!last.every((wish) => wish < current)) return NOTHING;
      const idleFirst = [...workers].sort((a, b) => Number(a.isBusy) - Number(b.isBusy));
      return { ...NOTHING, drain: idleFirst.slice(0, current - Math.max(...last)).map(({ name }) => name) };
    },
  };
};
