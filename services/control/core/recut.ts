import { VIDEO_TASK } from './chunks.ts';
import type { Draft, Sight } from './draft.ts';
import { secondsAroundTask } from './frame-times.ts';
import type { RunObserved } from './model.ts';
import { needsOf } from './pool-size.ts';
import { poolOf } from './pools.ts';
import { isLiveJob } from './progress.ts';
import type { RunRecord } from './run.ts';
import { chunkSizesOf } from './submission.ts';
import { framesOfTask } from './troubles.ts';

/** From the end of the last running task until an idle worker has one of the next job: looks, the submission, its poll. Seconds. */
const BETWEEN_JOBS_SECONDS = 30;
/**
 * Whether it is worth to end a run's first job early and go on with larger tasks: they were cut when nobody knew how long the shot
 * loads. Flamenco's tasks cannot be changed, and a run never has two jobs, so those that run are waited for: whoever is done
 * before the last one stands idle. Later jobs are cut by what is known. One with a deadline has no time for it.
 */
export function isWorthRecutting(sight: Sight, draft: Draft, run: RunRecord): boolean {
  const seen = sight.observed.details.get(run.id);
  if (run.round !== 1 || run.finishBy !== null || run.settings?.chunkSize.value !== null) return false;
  if (run.times.frames === 0 || run.times.loads === 0 || !isAtWork(seen)) return false;
  const needs = needsOf(sight, draft, run, [run]);
  if (needs === null || needs.busy.size === 0) return false;
  const waiting = framesWaiting(seen);
  const tasks = chunkSizesOf(sight, run, waiting, null).length;
  const left = [...needs.busy.values()];
  const last = Math.max(...left);
  const others = Math.max(0, livingOf(sight, run) - left.length);
  const idle = (left.length + others) * (last + BETWEEN_JOBS_SECONDS) - sumOf(left);
  return (needs.queued - tasks) * secondsAroundTask(run) > idle;
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

function livingOf({ observed: { workers }, policy }: Sight, run: RunRecord): number {
  const { name } = poolOf(policy, run);
  return workers === 'unknown'
    ? 0
    : workers.filter(({ pool, state }) => pool === name && state !== 'ended').length;
}

/** Its tasks are known, and Flamenco hands them out. */
function isAtWork(seen: RunObserved | undefined): seen is RunObserved {
  if (seen === undefined || seen.job === null || seen.job === 'unknown') return false;
  return isLiveJob(seen.job) && (seen.job.status === 'active' || seen.job.status === 'queued');
}

function framesWaiting({ tasks }: RunObserved): number {
  if (tasks === 'unknown') return 0;
  const waiting = tasks.filter(({ name, status }) => name !== VIDEO_TASK && status === 'queued');
  return waiting.reduce((sum, task) => sum + framesOfTask(task).length, 0);
}
