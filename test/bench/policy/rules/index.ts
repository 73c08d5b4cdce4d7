import type { RuleMaker } from '../rule.ts';
import { fixedPool } from './fixed-pool.ts';
import { kedaHpa } from './keda-hpa.ts';
import { kedaJobAccurate, kedaJobDefault, kedaJobEager } from './keda-jobs.ts';
import { oneByOne } from './one-by-one.ts';
import { targetDuration } from './target-duration.ts';
import { workerPerTask } from './worker-per-task.ts';

/** The rules that people use today, by the name under which the bench shows them. */
export const RULES: Readonly<Record<string, RuleMaker>> = {
  'fixed-20': fixedPool,
  'keda-hpa': kedaHpa,
  'keda-job-default': kedaJobDefault,
  'keda-job-accurate': kedaJobAccurate,
  'keda-job-eager': kedaJobEager,
  'worker-per-task': workerPerTask,
  'one-by-one': oneByOne,
  'target-600s': targetDuration,
};
