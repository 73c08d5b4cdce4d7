import { restBarren } from './barren.ts';
import { endByCheck } from './check-end.ts';
import { CHECK_TASK, VIDEO_TASK } from './chunks.ts';
import type { Draft, Sight } from './draft.ts';
import { act, moveRun, note, openRuns, titleOf, updateRun } from './draft.ts';
import { formatFrames, framesOf } from './frames.ts';
import { freeHung } from './hung.ts';
import type { JobObserved, RunObserved, TaskObserved } from './model.ts';
import { followMemory, isOutgrown, killedWorkers, outgrow, outgrowing } from './out-of-memory.ts';
import type { RunRecord } from './run.ts';
import { wantsFarm } from './run.ts';
import { sameTask } from './tasks.ts';
import {
  badVerdicts,
  blame,
  describeTroubles,
  framesOfTask,
  isCounted,
  isGivenUp,
  MAX_ATTEMPTS,
  takeLoading,
  takeProofs,
  withCounted,
} from './troubles.ts';

/** A job of ours that Flamenco may still hand tasks out of. */
const LIVE = new Set(['queued', 'active', 'paused', 'requeueing', 'pause-requested', 'under-construction']);
/** How often a job that failed as a whole, or its check, is set going again. */
const MAX_RESTARTS = 3;

export function isLiveJob(job: JobObserved): boolean {
  return LIVE.has(job.status) && !job.isDeleting;
}

/** Follows every job that lives: what is proved, what failed and is tried again, what hangs. */
export function followJobs(sight: Sight, draft: Draft): void {
  const killed = killedWorkers(sight);
  for (const open of openRuns(draft)) {
    const seen = sight.observed.details.get(open.id);
    if (!wantsFarm(open.state)) restBarren(sight, draft, open);
    if (!wantsFarm(open.state) || seen === undefined) continue;
    const run = takeLoading(takeProofs(open, seen), seen);
    if (run !== open) draft.runs.set(run.id, run);
    if (seen.job === 'unknown' || seen.tasks === 'unknown') continue;
    if (seen.job === null || !isLiveJob(seen.job)) restBarren(sight, draft, run);
    else followJob(sight, draft, run, { ...seen, job: seen.job, tasks: seen.tasks }, killed);
  }
}

/**
 * A job that lives on although its run has ended (cancelled, superseded, given up) or was sent back to wait ends too. It is
 * looked for in each pass, so that one is found as well when the service died between the two.
 */
export function endJobs(sight: Sight, draft: Draft): void {
  for (const run of draft.runs.values()) {
    const job = sight.observed.details.get(run.id)?.job;
    if (job === undefined || job === null || job === 'unknown' || !isLiveJob(job) || wantsFarm(run.state))
      continue;
    act(draft, { kind: 'cancelJob', jobId: job.id, reason: `its run is ${run.state}` });
  }
  endEarlierJobs(sight, draft);
}

/** A person set a job of an earlier round going again beside the present one: its running frames end, and then it does. */
function endEarlierJobs({ observed: { jobs, details } }: Sight, draft: Draft): void {
  for (const job of jobs === 'unknown' ? [] : jobs) {
    const run = draft.runs.get(job.runId ?? '');
    if (run === undefined || !wantsFarm(run.state) || !isLiveJob(job)) continue;
    const own = details.get(run.id)?.job;
    const hasOther = own !== undefined && own !== null && own !== 'unknown' && own.id !== job.id;
    if (!hasOther || job.round === null || job.round >= run.round || job.status === 'pause-requested')
      continue;
    const reason = 'its run has gone on with another job';
    act(draft, { kind: job.status === 'paused' ? 'cancelJob' : 'pauseJob', jobId: job.id, reason });
  }
}

function followJob(
  sight: Sight,
  draft: Draft,
  before: RunRecord,
  seen: RunObserved & { readonly job: JobObserved; readonly tasks: readonly TaskObserved[] },
  killed: ReadonlyMap<string, string>,
): void {
  const { job, tasks } = seen;
  let run = followMemory(sight, draft, begin(sight, draft, before, job, tasks), tasks, killed);
  if (run.stopping === null) run = tellPause(sight, draft, run, job);
  if (run.stopping !== null) {
    freeHung(sight, draft, run, seen, tasks);
    return;
  }
  const check = tasks.find((task) => task.name === CHECK_TASK);
  if (check !== undefined && run.check === 'pending') {
    const judged = judgeCheck(sight, draft, run, seen, check);
    if (judged === null) return;
    run = judged;
  }
  run = retryFailed(sight, draft, run, seen, tasks);
  run = freeHung(sight, draft, run, seen, tasks);
  stopWhenAllFail(sight, draft, run);
}

/** Not by us: it goes on when it is set going again there. */
function tellPause(sight: Sight, draft: Draft, run: RunRecord, job: JobObserved): RunRecord {
  const isPaused = job.status === 'paused' || job.status === 'pause-requested';
  if (isPaused && run.jobId === job.id) return moveRun(sight, draft, run, run.state, PAUSED_ELSEWHERE);
  return run.reason?.code === PAUSED_ELSEWHERE.code ? moveRun(sight, draft, run, run.state, null) : run;
}

const PAUSED_ELSEWHERE = {
  code: 'pausedElsewhere',
  message: 'Its job was paused in Flamenco.',
  action: 'Set it going again there, or cancel it here.',
};

function begin(
  sight: Sight,
  draft: Draft,
  before: RunRecord,
  job: JobObserved,
  tasks: readonly TaskObserved[],
): RunRecord {
  const run =
    before.jobId === job.id || job.status === 'paused' ? before : updateRun(draft, before, { jobId: job.id });
  const hasBegun = tasks.some((task) => task.status === 'active' || task.status === 'completed');
  if (run.state !== 'queued' || !hasBegun) return run;
  return moveRun(sight, draft, run, 'rendering', null);
}

/** `null` = the check ended the run. Its task exits with an error only when a finding is an error. */
function judgeCheck(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  seen: RunObserved,
  check: TaskObserved,
): RunRecord | null {
  if (seen.findings === 'unknown') return run;
  const findings = seen.findings ?? [];
  if (check.status === 'completed') {
    const warnings = new Set([...run.warnings, ...findings.map((finding) => finding.message)]);
    return updateRun(draft, run, { check: 'passed', warnings: [...warnings].slice(0, 20) });
  }
  if (check.status !== 'failed') return run;
  if (endByCheck(sight, draft, run, seen)) return null;
  return restartOrFail(sight, draft, run, check, seen);
}

function restartOrFail(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  task: TaskObserved,
  seen: RunObserved,
): RunRecord | null {
  const log = seen.logs[task.id] ?? '';
  if (isCounted(run, task) || run.restarts < MAX_RESTARTS) {
    act(draft, { kind: 'requeueTask', ...sameTask(task), reason: `${task.name} failed; trying again` });
    if (isCounted(run, task)) return run;
    return updateRun(draft, run, { restarts: run.restarts + 1, counted: withCounted(run, task) });
  }
  moveRun(sight, draft, run, 'failed', {
    code: 'workerBroken',
    message:
      `Blender could not open the shot on a worker. ${log.trim().split('\n').slice(-3).join(' | ')}`.slice(
        0,
        800,
      ),
    action: 'Look at the log in Flamenco; then render again.',
  });
  return null;
}

/** A task that ended without delivering its frames is handed out again until its frames are given up. */
function retryFailed(
  sight: Sight,
  draft: Draft,
  before: RunRecord,
  seen: RunObserved,
  tasks: readonly TaskObserved[],
): RunRecord {
  let run = before;
  let hasRequeued = false;
  for (const task of tasks) {
    if (task.status !== 'completed' && task.status !== 'failed') continue;
    const frames = framesOfTask(task);
    if (frames.length === 0) continue;
    const failed = badVerdicts(seen, frames).filter(({ frame }) => !isGivenUp(run, frame));
    run = outgrow(draft, run, outgrowing(sight, run, failed, seen.logs[task.id] ?? ''));
    const bad = failed.filter(({ frame }) => !isOutgrown(run, frame));
    if (bad.length === 0) {
      if (task.status === 'failed')
        act(draft, { kind: 'closeTask', ...sameTask(task), reason: 'its frames are settled' });
      continue;
    }
    if (!isCounted(run, task)) {
      run = blame(run, bad, seen.logs[task.id] ?? '');
      run = updateRun(draft, run, { counted: withCounted(run, task) });
    }
    if (bad.every(({ frame }) => isGivenUp(run, frame))) continue;
    hasRequeued = true;
    act(draft, {
      kind: 'requeueTask',
      ...sameTask(task),
      reason: `${formatFrames(bad.map(({ frame }) => frame))} did not come out`,
    });
    note(sight, draft, `${titleOf(run)}: ${task.name} again`, bad[0]?.record?.error ?? bad[0]?.message ?? '');
  }
  if (hasRequeued) requeueVideo(draft, tasks);
  return run;
}

/** The video shows what was there when it was made: made again once the retried frames are there. */
function requeueVideo(draft: Draft, tasks: readonly TaskObserved[]): void {
  const video = tasks.find((task) => task.name === VIDEO_TASK);
  if (video === undefined || (video.status !== 'completed' && video.status !== 'active')) return;
  act(draft, {
    kind: 'requeueTask',
    taskId: video.id,
    updatedAt: null,
    reason: 'frames of it are rendered again',
  });
}

/** When nothing came out and the first frames failed everywhere, more of the same would only cost money. */
function stopWhenAllFail(sight: Sight, draft: Draft, run: RunRecord): void {
  const total = framesOf(run.frames ?? '').length;
  const givenUp = run.troubles.filter((trouble) => trouble.attempts >= MAX_ATTEMPTS);
  if (run.proved !== '' || givenUp.length === 0 || run.troubles.length < Math.min(3, total)) return;
  moveRun(sight, draft, run, 'failed', {
    code: 'framesFail',
    message: `The first frames failed everywhere, so the rest was not tried. ${describeTroubles(run.troubles)}`,
    action: 'Correct the shot and upload it again, or render again.',
  });
}
