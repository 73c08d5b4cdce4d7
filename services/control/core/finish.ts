import { settingsKeyOf } from './admission.ts';
import { endByCheck } from './check-end.ts';
import type { Draft, Sight } from './draft.ts';
import { moveRun, note, openRuns, titleOf, updateRun, updateShot } from './draft.ts';
import { formatFrames, framesOf } from './frames.ts';
import type { JobObserved, RunObserved } from './model.ts';
import { biggerPool, moveToBigger, outgrow, outgrowing } from './out-of-memory.ts';
import { isLiveJob } from './progress.ts';
import type { FrameVerdict } from './proof.ts';
import type { RunRecord } from './run.ts';
import { goesOnElsewhere, rendersFolder, wantsFarm } from './run.ts';
import { allowedFrames } from './scouts.ts';
import { openFrames } from './submission.ts';
import { badVerdicts, blame, describeTroubles, framesOfTask } from './troubles.ts';

const CANCELLED = new Set(['canceled', 'cancel-requested']);

/** Ends every run whose job has ended: proved, or once more for what is missing, or with what did not come out. */
export function finishRuns(sight: Sight, draft: Draft): void {
  for (const run of openRuns(draft)) {
    const seen = sight.observed.details.get(run.id);
    if (!wantsFarm(run.state) || seen === undefined || run.round === 0) continue;
    if (seen.job === 'unknown' || (seen.job !== null && isLiveJob(seen.job))) continue;
    const isAllProved = framesOf(run.proved).length === framesOf(run.frames ?? '').length;
    const isCapped = run.stopping?.code === 'maxDollars';
    const hasNothingLeft = isAllProved || isCapped || openFrames(run).length === 0;
    if (seen.job !== null || hasNothingLeft) finish(sight, draft, run, seen, seen.job);
  }
}

function finish(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  seen: RunObserved,
  job: JobObserved | null,
): void {
  if (!seen.isWhole) {
    waitForProof(sight, draft, run, 'Its frames are being looked at.');
    return;
  }
  const frames = framesOf(run.frames ?? '');
  const proved = new Set(framesOf(run.proved));
  const open = frames.filter((frame) => !proved.has(frame));
  if (open.length === 0) {
    complete(sight, draft, run);
    return;
  }
  if (run.stopping?.code === 'maxDollars') {
    endCapped(sight, draft, run);
    return;
  }
  const allowed = new Set(allowedFrames(run));
  const bad = notCutOff(
    seen,
    badVerdicts(
      seen,
      open.filter((frame) => allowed.has(frame)),
    ),
  );
  const log = Object.values(seen.logs).find((text) => text !== '') ?? '';
  const grown = job === null ? run : outgrow(draft, run, outgrowing(sight, run, bad, log));
  const isCancelled = job !== null && CANCELLED.has(job.status);
  // A person's word, unless we cancelled it for another one.
  if (isCancelled && (!goesOnElsewhere(run) || wasCutOff(run, seen))) {
    endCancelledElsewhere(sight, draft, run);
    return;
  }
  if (isCancelled && run.stopping?.code === 'recut') {
    nextRound(sight, draft, grown, 'goes on', 'they are rendered in larger tasks');
    return;
  }
  const bigger = grown.outgrown === '' ? null : biggerPool(sight, grown);
  if (bigger !== null) {
    moveToBigger(sight, draft, grown, bigger);
    return;
  }
  if (seen.findings === 'unknown' || endByCheck(sight, draft, run, seen)) return;
  const blamed = job === null ? run : blame(run, bad, log);
  draft.runs.set(run.id, blamed);
  const [first] = blamed.troubles;
  const why = first === undefined ? 'their job has ended' : `frame ${first.frame}: ${first.message}`;
  if (openFrames(blamed).length > 0) nextRound(sight, draft, blamed, 'once more', why);
  else if (blamed.scouts === 'wanted' && proved.size > 0) showScouts(sight, draft, blamed);
  else endShort(sight, draft, blamed, proved.size);
}

/**
 * When a tenth of its tasks have failed Flamenco cancels all others of a job, those in hand, too: their frames are not to blame
 * where there are others.
 */
function notCutOff({ tasks }: RunObserved, bad: readonly FrameVerdict[]): readonly FrameVerdict[] {
  if (tasks === 'unknown') return bad;
  const cut = new Set(tasks.filter(({ status }) => status === 'canceled').flatMap(framesOfTask));
  const own = bad.filter(({ frame }) => !cut.has(frame));
  return own.length > 0 ? own : bad;
}

/** Tasks that were in hand when it was looked at last were cancelled with it: we wait for them, a person did not. */
function wasCutOff({ standstill }: RunRecord, { tasks }: RunObserved): boolean {
  if (tasks === 'unknown') return false;
  return tasks.some(({ id, status }) => status === 'canceled' && standstill[id] !== undefined);
}

/** Told only when nothing else is: why a run stops says more. */
function waitForProof(sight: Sight, draft: Draft, run: RunRecord, message: string): void {
  if (run.stopping !== null) return;
  moveRun(sight, draft, run, run.state, { code: 'proving', message, action: null });
}

/** The inputs are compared with their pins once more before a run is called complete; unread ones make it wait. */
function complete(sight: Sight, draft: Draft, run: RunRecord): void {
  const isCompared = run.inputs.every((pin) => {
    const seen = sight.observed.inputs.get(pin.path);
    return seen !== undefined && seen !== null && seen !== 'unknown' && seen.generation === pin.generation;
  });
  if (!isCompared)
    waitForProof(sight, draft, run, 'Its inputs are compared once more with what it began with.');
  if (!isCompared || run.settings === null || run.blender === null) return;
  moveRun(sight, draft, run, 'completed', {
    code: 'proved',
    message: `All ${framesOf(run.frames ?? '').length} frames are proved, in ${rendersFolder(run)}.`,
    action: null,
  });
  updateShot(draft, run.scenePath, {
    completed: {
      runId: run.id,
      inputsKey: run.inputsKey ?? '',
      settingsKey: settingsKeyOf(sight, run.settings, run.blender),
    },
  });
}

/** What is left is a new job. */
export function nextRound(sight: Sight, draft: Draft, run: RunRecord, what: string, why: string): void {
  const round = run.round + 1;
  updateRun(draft, run, { round, jobId: null, stopping: null, standstill: {}, counted: {} });
  note(sight, draft, `${titleOf(run)}: ${what}`, `${openFrames(run).length} frames are missing; ${why}`);
}

/** A person's word is waited for; the farm may go meanwhile. The rest is a job of the next round. */
function showScouts(sight: Sight, draft: Draft, run: RunRecord): void {
  const scouts = formatFrames(allowedFrames(run));
  const message =
    `The first, middle and last frame (${scouts}) are in ${rendersFolder(run)}. ${describeTroubles(run.troubles)}`.trim();
  moveRun(
    sight,
    draft,
    run,
    'held',
    { code: 'scouts', message, action: 'Look at them, then release it to render the rest, or cancel it.' },
    { scouts: 'shown', round: run.round + 1, jobId: null, standstill: {}, counted: {} },
  );
}

function endShort(sight: Sight, draft: Draft, run: RunRecord, proved: number): void {
  const total = framesOf(run.frames ?? '').length;
  const message = `${proved} of ${total} frames are there. ${describeTroubles(run.troubles)}`;
  const action = 'Correct what it says and render again: only the missing frames are rendered.';
  const state = proved > 0 ? 'incomplete' : 'failed';
  moveRun(sight, draft, run, state, { code: 'framesFail', message, action });
}

/** Its own cap is reached, and the frames that were running have ended. */
export function endCapped(sight: Sight, draft: Draft, run: RunRecord): void {
  const proved = framesOf(run.proved).length;
  const total = framesOf(run.frames ?? '').length;
  const spent = `It has cost $${run.dollars.toFixed(2)}, and its maxDollars is $${run.settings?.maxDollars.value}`;
  moveRun(sight, draft, run, proved > 0 ? 'incomplete' : 'failed', {
    code: 'budget',
    message: `${spent}: ${proved} of ${total} frames are there. ${describeTroubles(run.troubles)}`.trim(),
    action: 'Raise "maxDollars" and render again: only the missing frames are rendered.',
  });
}

function endCancelledElsewhere(sight: Sight, draft: Draft, run: RunRecord): void {
  moveRun(sight, draft, run, 'cancelled', {
    code: 'cancelled',
    message: 'Its job was cancelled in Flamenco; the frames that were ready stay.',
    action: 'Render again to go on.',
  });
}
