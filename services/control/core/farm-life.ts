import { isBudgetSpent } from './budget.ts';
import { act, type Draft, lookAgain, note, openRuns, remember, type Sight } from './draft.ts';
import type { FarmObserved } from './model.ts';
import { refusedAction } from './refusals.ts';
import { isFinal, wantsFarm } from './run.ts';
import { pendingSetback, setBack, whenAgain } from './setback.ts';
import type { FarmStage } from './status-document.ts';
import { isFarmOld } from './wind-down.ts';

/** Jobs that Flamenco still works on; one of somebody else's keeps the farm up as well as ours do. */
const AT_WORK = new Set(['queued', 'active', 'requeueing', 'pause-requested', 'cancel-requested']);

/** A farm that is too old, or that nothing is left to pay for, is given this share of MAX_FARM_HOURS for its last frames. */
const LAST_SHARE = 0.25;

/** Workers that have not signed off so long after the idle time hang: they have had nothing to render all the while. */
const SIGN_OFF_MS = 10 * 60_000;

/** Raises the farm when a run wants it, keeps it installed, and takes it down after its idle time. */
export function keepFarm(sight: Sight, draft: Draft): void {
  const { farm } = sight.observed;
  if (farm === 'unknown') {
    const unknownSince = draft.memory.unknownSince ?? sight.now;
    // It delays the end, and does not begin the idle time anew: one failed call in many would keep a farm up for ever.
    remember(draft, { unknownSince });
    // One of the named exceptions: what cannot be seen for hours may burn money for ever.
    if (sight.now - unknownSince < sight.policy.maxUnknownMs) return;
    act(draft, {
      kind: 'deleteFarm',
      isForced: true,
      reason: 'nothing of it could be read for MAX_UNKNOWN_HOURS',
    });
    return;
  }
  const isBlind = farm.state === 'up' && isReasonUnknown(sight, draft);
  remember(draft, {
    unknownSince: null,
    blindSince: isBlind ? (draft.memory.blindSince ?? sight.now) : null,
  });
  if (farm.state === 'absent' || farm.state === 'broken') keepAbsent(sight, draft, farm);
  else if (farm.state === 'up') keepUp(sight, draft, farm);
  else stage(sight, draft, farm.state, null);
}

function isWanted(sight: Sight, draft: Draft): boolean {
  if (isBudgetSpent(sight, draft)) return false;
  const { awakeUntil } = draft.memory;
  return openRuns(draft).some((run) => wantsFarm(run.state)) || (awakeUntil ?? 0) > sight.now;
}

function keepAbsent(sight: Sight, draft: Draft, farm: FarmObserved): void {
  const message = farm.state === 'broken' ? farm.message : null;
  if (farm.state === 'broken') {
    if (draft.memory.stage !== 'broken') setBack(sight, draft, 'broken', `The farm broke: ${message}`);
    stage(sight, draft, 'broken', message);
    act(draft, { kind: 'deleteFarm', isForced: true, reason: `the farm is broken: ${message}` });
    return;
  }
  remember(draft, { idleSince: null, mustGo: false, drainingSince: null });
  const isWantedNow = isWanted(sight, draft);
  const refusal = refusedAction(sight.observed, 'createFarm');
  if (isWantedNow && refusal !== null && isRefusedForNow(sight))
    setBack(sight, draft, 'broken', `The farm could not be created: ${refusal}`);
  const pending = pendingSetback(sight, draft);
  if (!isWantedNow || pending !== null) {
    if (sight.observed.leftovers !== 'unknown') remember(draft, { leftovers: sight.observed.leftovers });
    stage(sight, draft, 'absent', isWantedNow && pending !== null ? whenAgain(pending) : null);
    return;
  }
  remember(draft, { leftovers: null });
  stage(sight, draft, 'creating', refusal ?? 'a run wants a farm');
  act(draft, { kind: 'createFarm', reason: 'a run wants a farm' });
}

/** Refused this often in a row the next call would be, too: it is made later. */
const REFUSALS = 3;

function isRefusedForNow({ observed }: Sight): boolean {
  return observed.refusals.some(
    ({ action, code, times }) => action.kind === 'createFarm' && code !== 'transient' && times >= REFUSALS,
  );
}

function keepUp(sight: Sight, draft: Draft, farm: Extract<FarmObserved, { state: 'up' }>): void {
  const isSpent = isBudgetSpent(sight, draft);
  remember(draft, { drainingSince: isSpent ? (draft.memory.drainingSince ?? sight.now) : null });
  const end = whyEnd(sight, draft, farm);
  if (end !== null) {
    takeDown(sight, draft, end);
    return;
  }
  if (isWanted(sight, draft) || hasOtherWork(sight)) {
    // Not known is not busy: it delays the end and does not begin the idle time anew, as with a farm that is not known.
    if (isWanted(sight, draft) || sight.observed.jobs !== 'unknown') remember(draft, { idleSince: null });
    if (farm.manager !== 'ready')
      act(draft, { kind: 'installManager', reason: 'Flamenco Manager does not answer' });
    const trouble = refusedAction(sight.observed, 'orderWorkers') ?? farm.trouble ?? null;
    if (farm.manager === 'ready') stage(sight, draft, 'ready', trouble);
    else {
      const why = refusedAction(sight.observed, 'installManager') ?? farm.trouble ?? null;
      stage(sight, draft, 'installing', why);
    }
    return;
  }
  letGo(sight, draft);
}

/** Why a farm goes although there may be work for it. */
interface End {
  readonly reason: string;
  /** Else its workers finish what they have in hand and sign off first. */
  readonly isNow: boolean;
  /** Not if a worker runs by then. */
  readonly sparesRunning?: boolean;
}

function whyEnd(sight: Sight, draft: Draft, farm: Extract<FarmObserved, { state: 'up' }>): End | null {
  if (draft.memory.mustGo) return { reason: 'a person asked', isNow: true };
  const { blindSince } = draft.memory;
  if (blindSince !== null && sight.now - blindSince >= sight.policy.maxUnknownMs)
    return { reason: 'what keeps it up could not be read for MAX_UNKNOWN_HOURS', isNow: true };
  if (sight.now - farm.since > sight.policy.maxFarmMs * (1 + LAST_SHARE))
    return { reason: 'it lived longer than MAX_FARM_HOURS allows and something still ran', isNow: true };
  const pending = pendingSetback(sight, draft);
  if (pending?.kind === 'noMachines') return { reason: whenAgain(pending), isNow: true, sparesRunning: true };
  if (isBudgetSpent(sight, draft)) return endForBudget(sight, draft);
  return isFarmOld(sight) ? { reason: 'it lived as long as MAX_FARM_HOURS allows', isNow: false } : null;
}

/** A drain is no word to go on for ever: a frame that does not end must not spend what is not there. */
function endForBudget({ policy, now }: Sight, { memory }: Draft): End {
  const isOverdue = now - (memory.drainingSince ?? now) > policy.maxFarmMs * LAST_SHARE;
  const reason = "this month's budget is spent";
  if (isOverdue) return { reason: `${reason} and something still ran`, isNow: true };
  return { reason, isNow: policy.budgetStop === 'now' };
}

function takeDown(sight: Sight, draft: Draft, { reason, isNow, sparesRunning = false }: End): void {
  if (!isNow && hasLivingWorkers(sight)) {
    stage(sight, draft, 'letting-go', `${reason}: running frames are finished`);
    return;
  }
  stage(sight, draft, 'deleting', reason);
  act(draft, { kind: 'deleteFarm', isForced: true, sparesRunning, reason });
}

/** Neither jobs nor, when nothing of ours wants it, workers tell whether it is still needed. */
function isReasonUnknown(sight: Sight, draft: Draft): boolean {
  const { jobs, workers } = sight.observed;
  return jobs === 'unknown' || (workers === 'unknown' && !isWanted(sight, draft));
}

/** Unknown is not idle. */
function hasOtherWork(sight: Sight): boolean {
  const { jobs, farm } = sight.observed;
  if (farm !== 'unknown' && farm.state === 'up' && farm.manager === 'absent') return false;
  if (jobs === 'unknown') return true;
  return jobs.some((job) => AT_WORK.has(job.status) && !job.isDeleting && !isOurEnded(sight, job.runId));
}

function isOurEnded(sight: Sight, runId: string | null): boolean {
  const run = runId === null ? undefined : sight.observed.runs.get(runId);
  return run !== undefined && isFinal(run.state);
}

function letGo(sight: Sight, draft: Draft): void {
  const idleSince = draft.memory.idleSince ?? sight.now;
  remember(draft, { idleSince });
  const endsAt = idleSince + sight.policy.idleTeardownMs;
  if (sight.policy.keepControlPlane) {
    stage(sight, draft, 'letting-go', 'nothing is left for it');
    return;
  }
  if (sight.now < endsAt) {
    stage(sight, draft, 'letting-go', 'nothing is left for it');
    lookAgain(draft, endsAt);
    return;
  }
  const isHanging = sight.observed.workers !== 'unknown' && sight.now >= endsAt + SIGN_OFF_MS;
  if (hasLivingWorkers(sight) && !isHanging) {
    stage(sight, draft, 'letting-go', 'its workers are signing off');
    return;
  }
  stage(sight, draft, 'deleting', 'idle');
  act(draft, { kind: 'deleteFarm', isForced: false, reason: 'nothing was left for it during the idle time' });
}

/** Workers are drained before the farm goes, so that none is cut off; an unreadable list counts as workers. */
function hasLivingWorkers(sight: Sight): boolean {
  const { workers } = sight.observed;
  return workers === 'unknown' || workers.some((worker) => worker.state !== 'ended');
}

function stage(sight: Sight, draft: Draft, next: FarmStage, reason: string | null): void {
  if (draft.memory.stage === next) {
    if (draft.memory.stageReason !== reason) remember(draft, { stageReason: reason });
    return;
  }
  remember(draft, { stage: next, stageSince: sight.now, stageReason: reason });
  note(sight, draft, `farm: ${next}`, reason ?? next);
}
