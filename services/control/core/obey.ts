import { whyRejected } from './admission.ts';
import type { Command } from './command.ts';
import type { Draft, Sight } from './draft.ts';
import {
  lookAgain,
  moveRun,
  note,
  openRuns,
  remember,
  shotMemory,
  titleOf,
  updateRun,
  updateShot,
} from './draft.ts';
import { formatFrames, framesOf } from './frames.ts';
import { createRun } from './intake.ts';
import { parkRun } from './park.ts';
import type { RunRecord } from './run.ts';
import { isFinal, isHeldBack, wantsFarm } from './run.ts';

/** Does what people asked for. A command comes again after a crash: each branch is harmless when repeated. */
export function obeyCommands(sight: Sight, draft: Draft): void {
  for (const { id, command } of sight.observed.commands) obey(sight, draft, id, command);
  if (draft.memory.awakeUntil !== null && draft.memory.awakeUntil <= sight.now) {
    remember(draft, { awakeUntil: null });
  }
}

function obey(sight: Sight, draft: Draft, id: string, command: Command): void {
  switch (command.kind) {
    case 'uploaded':
      return;
    case 'cancel':
      cancel(sight, draft, command.runId, command.by);
      return;
    case 'again':
      renderAgain(sight, draft, id, command);
      return;
    case 'release':
      release(sight, draft, id, command);
      return;
    case 'allowScripts':
      letGoOn(sight, draft, command, 'scripts allowed', { scriptsAllowed: true });
      return;
    case 'wake':
      remember(draft, { awakeUntil: sight.now + command.minutes * 60_000, mustGo: false, ...AT_ONCE });
      note(sight, draft, 'farm: woken', `${command.by ?? 'a person'} asked for ${command.minutes} minutes`);
      return;
    case 'teardown':
      tearDown(sight, draft, command.by);
      return;
    case 'pause':
      remember(draft, { isPaused: true });
      note(sight, draft, 'new work: paused', command.by ?? 'a person asked');
      return;
    case 'resume':
      remember(draft, { isPaused: false, mustGo: false, ...AT_ONCE });
      note(sight, draft, 'new work: resumed', command.by ?? 'a person asked');
      return;
  }
}

/** A person's word goes before a farm's back-off. */
const AT_ONCE = { setback: null, drySince: null, dryPools: {} };

function cancel(sight: Sight, draft: Draft, runId: string, by: string | null): void {
  const run = draft.runs.get(runId);
  if (run === undefined || isFinal(run.state)) return;
  moveRun(sight, draft, run, 'cancelled', {
    code: 'cancelled',
    message: `Cancelled by ${by ?? 'a person'}; the frames that were ready stay.`,
    action: 'Render again to go on.',
  });
}

function renderAgain(
  sight: Sight,
  draft: Draft,
  id: string,
  command: Extract<Command, { kind: 'again' }>,
): void {
  const last = draft.runs.get(command.runId);
  if (last === undefined || !isFinal(last.state)) return;
  const memory = shotMemory(draft, last.scenePath);
  if (memory.commands.includes(id)) return;
  if (openRuns(draft).some((run) => run.scenePath === last.scenePath)) {
    note(sight, draft, `${titleOf(last)}: not rendered again`, 'a run of this shot is under way');
    return;
  }
  updateShot(draft, last.scenePath, { commands: [...memory.commands, id].slice(-20) });
  const request = withFrames(last, command.settings);
  const still = last.state === 'rejected' ? whyRejected(sight, { ...last, request, blender: null }) : null;
  if (still !== null) {
    note(sight, draft, `${titleOf(last)}: not rendered again`, `as before: ${still.message}`);
    return;
  }
  const next = createRun(sight, draft, last.scenePath, {
    request,
    requestedBy: command.by ?? 'a person',
    isReleased: true,
    scriptsAllowed: last.scriptsAllowed,
  });
  if (next === null)
    note(sight, draft, `${titleOf(last)}: not rendered again`, `${last.scenePath} is not there`);
}

/** Without a word about frames, a run that did not deliver all is finished, and one that did is rendered whole again. */
function withFrames(
  last: RunRecord,
  settings: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const isWholeAgain =
    settings.frames === 'all' || (settings.frames === undefined && last.state === 'completed');
  if (settings.frames !== undefined && settings.frames !== 'failed' && settings.frames !== 'all')
    return settings;
  const { frames: _, ...rest } = settings;
  const kept = { ...last.request, ...rest };
  if (isWholeAgain || last.frames === null) return kept;
  const done = new Set(framesOf(last.proved));
  const open = framesOf(last.frames).filter((frame) => !done.has(frame));
  return open.length === 0 ? kept : { ...kept, frames: formatFrames(open) };
}

/** A word of a person about a run. */
type AboutRun = Extract<Command, { readonly runId: string; readonly by: string | null }>;

/** Obeyed once: a word that was given for the burst must not count as one about scouts that nobody has seen. */
function release(sight: Sight, draft: Draft, id: string, command: AboutRun): void {
  const run = draft.runs.get(command.runId);
  if (run === undefined || !isHeldBack(run)) return;
  const { commands } = shotMemory(draft, run.scenePath);
  if (commands.includes(id)) return;
  updateShot(draft, run.scenePath, { commands: [...commands, id].slice(-20) });
  const patch: Partial<RunRecord> = run.scouts === 'shown' ? { scouts: 'released' } : { isReleased: true };
  letGoOn(sight, draft, command, 'released', patch);
}

function letGoOn(
  sight: Sight,
  draft: Draft,
  { runId, by }: AboutRun,
  what: string,
  patch: Partial<RunRecord>,
): void {
  const run = draft.runs.get(runId);
  if (run === undefined || isFinal(run.state)) return;
  updateRun(draft, run, patch);
  note(sight, draft, `${titleOf(run)}: ${what}`, `${by ?? 'a person'} said go`);
  lookAgain(draft, sight.now);
}

/** Down now: what was rendering waits until a person says resume. */
function tearDown(sight: Sight, draft: Draft, by: string | null): void {
  remember(draft, { mustGo: true, isPaused: true, awakeUntil: null });
  note(sight, draft, 'farm: tear down now', by ?? 'a person asked');
  for (const run of openRuns(draft)) {
    if (wantsFarm(run.state)) parkRun(sight, draft, run, PAUSED);
  }
}

const PAUSED = {
  code: 'paused',
  message: 'The farm was taken down by a person; frames that were ready stay.',
  action: 'Resume to go on.',
};
