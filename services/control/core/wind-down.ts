import { budgetReason, isBudgetSpent } from './budget.ts';
import { capOf, isCapReached, isCapSpent } from './cap.ts';
import { act, type Draft, moveRun, note, openRuns, type Sight, titleOf, updateRun } from './draft.ts';
import { endCapped, nextRound } from './finish.ts';
import { secondsAroundTask } from './frame-times.ts';
import type { JobObserved, RunObserved } from './model.ts';
import { biggerPool, moveToBigger } from './out-of-memory.ts';
import { parkRun } from './park.ts';
import { isLiveJob } from './progress.ts';
import { isWorthRecutting } from './recut.ts';
import { goesOnElsewhere, type Reason, type RunRecord, type StopCode, wantsFarm } from './run.ts';
import { activeTasks } from './tasks.ts';

const PAUSING = new Set(['paused', 'pause-requested']);

/**
 * Stops runs without cutting off a frame: no new task is handed out, the running ones end, and only then the run ends
 * (its own cap), goes back to wait (the month's budget), or leaves a farm that is too old. One whose reason to stop has gone goes on.
 */
export function windDown(sight: Sight, draft: Draft): void {
  for (const run of openRuns(draft)) {
    if (!wantsFarm(run.state) || isBetweenJobs(sight, run)) continue;
    const code = whyStop(sight, draft, run);
    if (code === null) goOn(sight, draft, run);
    else stop(sight, draft, run, code);
  }
}

/** Decided once a frame has ended; until then one that takes long may show that it was not worth it. */
function isRecutting({ observed }: Sight, { id, stopping, times }: RunRecord): boolean {
  return (
    stopping?.code === 'recut' && (times.frames > 0 || activeTasks(observed.details.get(id)).length === 0)
  );
}

/** We cancelled its job for another one, and that comes first: with another reason to stop it would seem that a person had. */
function isBetweenJobs({ observed }: Sight, run: RunRecord): boolean {
  const job = observed.details.get(run.id)?.job ?? 'unknown';
  return goesOnElsewhere(run) && job !== 'unknown' && !isLiveJob(job);
}

/** Whether the farm has lived so long that it begins nothing new. */
export function isFarmOld({ observed, policy, now }: Sight): boolean {
  const { farm } = observed;
  return farm !== 'unknown' && farm.state === 'up' && now - farm.since > policy.maxFarmMs;
}

function whyStop(sight: Sight, draft: Draft, run: RunRecord): StopCode | null {
  if (isCapReached(sight, draft, run)) return 'maxDollars';
  if (isBudgetSpent(sight, draft)) return 'budget';
  if (isFarmOld(sight)) return 'farmAge';
  // Nothing has come out: the other frames would hardly fare better.
  const hasOutgrown = run.outgrown !== '' && run.proved === '' && biggerPool(sight, run) !== null;
  if (hasOutgrown) return 'outOfMemory';
  return isRecutting(sight, run) || isWorthRecutting(sight, draft, run) ? 'recut' : null;
}

function stop(sight: Sight, draft: Draft, before: RunRecord, code: StopCode): void {
  if (code === 'budget' && sight.policy.budgetStop === 'now') {
    stopNow(sight, draft, before);
    return;
  }
  const run = mark(sight, draft, before, code);
  const seen = sight.observed.details.get(run.id);
  if (hasNoJob(run, seen)) {
    if (code === 'budget') parkRun(sight, draft, run, budgetReason(sight, draft));
    // With a job it is looked at as a whole first.
    if (code === 'maxDollars' && run.round === 0) endCapped(sight, draft, run);
    const bigger = code === 'outOfMemory' ? biggerPool(sight, run) : null;
    if (bigger !== null) moveToBigger(sight, draft, run, bigger);
    if (code === 'recut') nextRound(sight, draft, run, 'goes on', 'their job was lost');
    return;
  }
  if (seen === undefined || seen.job === null || seen.job === 'unknown' || seen.tasks === 'unknown') return;
  if (!isLiveJob(seen.job)) return;
  if (code === 'maxDollars' && isCutOff(sight, run)) {
    cutOff(sight, draft, run, seen.job);
    return;
  }
  if (!PAUSING.has(seen.job.status)) {
    act(draft, { kind: 'pauseJob', jobId: seen.job.id, reason: reasonOf(sight, draft, run, code).message });
    return;
  }
  const isQuiet = seen.job.status === 'paused' && activeTasks(seen).length === 0;
  if (isQuiet) endQuietJob(sight, draft, run, code, seen.job);
}

function mark(sight: Sight, draft: Draft, run: RunRecord, code: StopCode): RunRecord {
  const reason = reasonOf(sight, draft, run, code);
  const stopping = run.stopping?.code === code ? run.stopping : { code, since: sight.now };
  return moveRun(sight, draft, run, run.state, reason, { stopping });
}

function endQuietJob(sight: Sight, draft: Draft, run: RunRecord, code: StopCode, job: JobObserved): void {
  // The run of a cancelled job is looked at as a whole once more before it ends.
  if (code === 'maxDollars') act(draft, { kind: 'cancelJob', jobId: job.id, reason: CAP_SPENT });
  if (code === 'outOfMemory')
    act(draft, { kind: 'cancelJob', jobId: job.id, reason: 'it goes on with a larger pool' });
  if (code === 'recut')
    act(draft, { kind: 'cancelJob', jobId: job.id, reason: 'it goes on with larger tasks' });
  if (code === 'budget') parkRun(sight, draft, run, budgetReason(sight, draft));
}

/** Known to have none (never submitted, lost with its farm, or ended), and all that it delivered was looked at. */
function hasNoJob(run: RunRecord, seen: RunObserved | undefined): boolean {
  if (run.round === 0) return true;
  if (seen === undefined || seen.job === 'unknown') return false;
  return (seen.job === null || !isLiveJob(seen.job)) && seen.isWhole;
}

/** `BUDGET_STOP=now`: one of the named exceptions that end running frames; how many is said. */
function stopNow(sight: Sight, draft: Draft, run: RunRecord): void {
  sayCutOff(sight, draft, run);
  parkRun(sight, draft, run, budgetReason(sight, draft));
}

function isCutOff({ policy }: Sight, run: RunRecord): boolean {
  return policy.budgetStop === 'now' && isCapSpent(run);
}

/** The frames in hand took longer than was thought when the last one was begun. */
function cutOff(sight: Sight, draft: Draft, run: RunRecord, job: JobObserved): void {
  if (job.status === 'cancel-requested') return;
  sayCutOff(sight, draft, run);
  act(draft, { kind: 'cancelJob', jobId: job.id, reason: CAP_SPENT });
}

function sayCutOff(sight: Sight, draft: Draft, run: RunRecord): void {
  const tasks = activeTasks(sight.observed.details.get(run.id)).length;
  if (tasks > 0) note(sight, draft, `${titleOf(run)}: ${tasks} running tasks ended`, 'BUDGET_STOP=now');
}

const CAP_SPENT = 'its run has cost as much as it may';

/** The cap was raised, a new month has begun, or a new farm is there. */
function goOn(sight: Sight, draft: Draft, run: RunRecord): void {
  if (run.stopping === null) return;
  const job = sight.observed.details.get(run.id)?.job;
  if (job === undefined || job === 'unknown') return;
  if (job !== null && PAUSING.has(job.status)) {
    act(draft, { kind: 'resumeJob', jobId: job.id, reason: 'nothing stops it any more' });
    return;
  }
  note(sight, draft, `${titleOf(run)}: goes on`, 'nothing stops it any more');
  updateRun(draft, run, { stopping: null, reason: null });
}

function reasonOf(sight: Sight, draft: Draft, run: RunRecord, code: StopCode): Reason {
  switch (code) {
    case 'maxDollars':
      return {
        code: 'budget',
        message: isCutOff(sight, run)
          ? `It has cost as much as its maxDollars ($${capOf(run)}) allows: its running frames are ended.`
          : `With the running frames it costs as much as its maxDollars ($${capOf(run)}) allows: they are finished, no more are begun.`,
        action: null,
      };
    case 'budget': {
      const { code: budget, message, action } = budgetReason(sight, draft);
      return { code: budget, message: `${message} Running frames are finished, no more are begun.`, action };
    }
    case 'outOfMemory':
      return {
        code: 'outOfMemory',
        message: `Frames ${run.outgrown} ran out of memory: no more are begun on these machines, larger ones follow.`,
        action: null,
      };
    case 'recut':
      return {
        code: 'recut',
        message: `Each of its tasks takes ${Math.round(secondsAroundTask(run))} s to begin: running ones are finished, the rest follows in larger ones.`,
        action: null,
      };
    case 'farmAge':
      return {
        code: 'farmAge',
        message:
          'The farm is as old as MAX_FARM_HOURS allows: running frames are finished, the rest goes on with a new farm.',
        action: null,
      };
  }
}
