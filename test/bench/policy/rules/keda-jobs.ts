import { NOTHING, type RuleMaker, type RuleSight } from '../rule.ts';

const POLL_SECONDS = 30;

interface Counts {
  /** Tasks that wait, and all that are not done. */
  readonly queued: number;
  readonly open: number;
  readonly pending: number;
  /** Jobs that have not ended: pending ones included, as KEDA counts them. */
  readonly running: number;
  readonly most: number;
}

/**
 * KEDA ScaledJob: a Kubernetes Job for each task, which renders that one and ends. `started` = how many more at each poll, by
 * `scalingStrategy` of KEDA's specification of it.
 */
function scaledJob(started: (counts: Counts) => number): RuleMaker {
  return () => ({
    everySeconds: POLL_SECONDS,
    isOneTaskEach: true,
    step: (seen) => ({ ...NOTHING, order: Math.max(0, started(countsOf(seen))) }),
  });
}

function countsOf({ queued, active, workers, maxWorkers }: RuleSight): Counts {
  const pending = workers.filter(({ isPending }) => isPending).length;
  return { queued, open: queued + active, pending, running: workers.length, most: maxWorkers };
}

/** `default`: min(most, queue) − running; the queue counts what is being worked on. */
export const kedaJobDefault = scaledJob(({ open, running, most }) => Math.min(most, open) - running);

/** `accurate`: the queue counts only what waits: min(most, queue) − pending, within the maximum. */
export const kedaJobAccurate = scaledJob(({ queued, pending, running, most }) => {
  const wanted = Math.min(most, queued);
  return wanted + running > most ? most - running : wanted - pending;
});

/**
 * `eager`: min(most − running − pending, queue) at each poll. Jobs that are pending are among those that run, so they count twice;
 * and what waits for them is ordered again until half of the maximum is there.
 */
export const kedaJobEager = scaledJob(({ queued, pending, running, most }) =>
  Math.min(most - running - pending, queued),
);
