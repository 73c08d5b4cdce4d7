import { abilitiesKey } from './abilities.ts';
import type { Action } from './actions.ts';
import { withoutForecasts } from './forecast-warnings.ts';
import { withLearned } from './like.ts';
import type { FarmMemory, Observed, Policy, ShotMemory } from './model.ts';
import { NEW_SHOT } from './model.ts';
import type { Reason, RunRecord, RunState } from './run.ts';
import { isFinal, rendersFolder } from './run.ts';
import type { EpochMs } from './time.ts';

/** What a decision may look at. */
export interface Sight {
  readonly observed: Observed;
  readonly policy: Policy;
  readonly now: EpochMs;
}

/** What the decisions of one pass have come to so far; it lives only inside `plan`. */
export interface Draft {
  readonly runs: Map<string, RunRecord>;
  readonly dropped: Set<string>;
  readonly shots: Map<string, ShotMemory>;
  memory: FarmMemory;
  readonly actions: Action[];
  readonly looks: EpochMs[];
}

/** Most decisions kept for people to read. */
const DECISIONS_KEPT = 100;
const ENDED_RUNS_KEPT = 50;
const REJECTED_RUNS_KEPT = 500;
/** Ends after which a `report.json` stands beside the frames. */
const REPORTED: ReadonlySet<RunState> = new Set(['completed', 'incomplete', 'failed']);

export function createDraft(observed: Observed): Draft {
  return {
    runs: new Map(observed.runs),
    dropped: new Set(),
    shots: new Map(observed.shots),
    memory: withAllOpenRuns(observed),
    actions: [],
    looks: [],
  };
}

/** A run whose record and the memory disagree about whether it is open: the service died in between. */
function withAllOpenRuns({ memory, runs }: Observed): FarmMemory {
  const known = new Set(memory.openRuns);
  const found = [...runs.values()].filter((run) => !isFinal(run.state) && !known.has(run.id));
  const ended = memory.openRuns.filter((id) => isFinal(runs.get(id)?.state ?? 'received'));
  if (found.length === 0 && ended.length === 0) return memory;
  const openRuns = [...memory.openRuns.filter((id) => !ended.includes(id)), ...found.map((run) => run.id)];
  const owed = ended.filter((id) => hasReport(runs.get(id)));
  const unreported = [...new Set([...memory.unreported, ...owed])];
  const endedRuns = [...new Set([...ended, ...memory.endedRuns])];
  const rejected = ended.filter((id) => runs.get(id)?.state === 'rejected');
  const rejectedRuns = [...new Set([...rejected, ...memory.rejectedRuns])];
  return { ...memory, openRuns, unreported, endedRuns, rejectedRuns };
}

export function openRuns(draft: Draft): readonly RunRecord[] {
  return [...draft.runs.values()].filter((run) => !isFinal(run.state));
}

export function updateRun(draft: Draft, run: RunRecord, patch: Partial<RunRecord>): RunRecord {
  const next = { ...run, ...patch };
  draft.runs.set(run.id, next);
  return next;
}

/** Moves a run to a state for a reason; a final one leaves the list of open runs. */
export function moveRun(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  state: RunState,
  reason: Reason | null,
  patch: Partial<RunRecord> = {},
): RunRecord {
  const isSame = run.state === state && run.reason?.code === reason?.code;
  const warnings = patch.warnings ?? run.warnings;
  const next = updateRun(draft, run, {
    ...patch,
    state,
    reason,
    stateSince: isSame ? run.stateSince : sight.now,
    endedAt: isFinal(state) ? sight.now : null,
    abilities: state === 'rejected' ? abilitiesKey(sight.policy) : run.abilities,
    warnings: isFinal(state) ? withoutForecasts(warnings) : warnings,
  });
  if (!isSame) note(sight, draft, `${titleOf(next)}: ${state}`, reason?.message ?? state);
  if (isFinal(state)) closeRun(draft, next);
  return next;
}

/** Takes a run that turned out to be none out of the records. */
export function dropRun(draft: Draft, run: RunRecord): void {
  draft.runs.delete(run.id);
  draft.dropped.add(run.id);
  draft.memory = {
    ...draft.memory,
    openRuns: draft.memory.openRuns.filter((id) => id !== run.id),
  };
}

export function openRun(draft: Draft, run: RunRecord): void {
  draft.runs.set(run.id, run);
  const openRuns = draft.memory.openRuns.filter((id) => id !== run.id);
  const endedRuns = draft.memory.endedRuns.filter((id) => id !== run.id);
  const rejectedRuns = draft.memory.rejectedRuns.filter((id) => id !== run.id);
  draft.memory = { ...draft.memory, openRuns: [...openRuns, run.id], endedRuns, rejectedRuns };
}

function closeRun(draft: Draft, run: RunRecord): void {
  const { memory } = draft;
  const { learned } = shotMemory(draft, run.scenePath);
  const next = withLearned(learned, run);
  if (next !== learned) updateShot(draft, run.scenePath, { learned: next });
  draft.memory = {
    ...memory,
    openRuns: memory.openRuns.filter((id) => id !== run.id),
    endedRuns: [run.id, ...memory.endedRuns.filter((id) => id !== run.id)].slice(0, ENDED_RUNS_KEPT),
    rejectedRuns:
      run.state === 'rejected'
        ? [run.id, ...memory.rejectedRuns.filter((id) => id !== run.id)].slice(0, REJECTED_RUNS_KEPT)
        : memory.rejectedRuns,
    unreported: owedReports(draft, run),
  };
}

function hasReport(run: RunRecord | undefined): boolean {
  return run !== undefined && REPORTED.has(run.state) && run.round > 0;
}

/** Its report is written (again). */
export function oweReport(draft: Draft, run: RunRecord): void {
  draft.memory = { ...draft.memory, unreported: owedReports(draft, run) };
}

/** One report a version's folder: that of the run that ended last. */
function owedReports({ memory, runs }: Draft, ended: RunRecord): readonly string[] {
  if (!hasReport(ended)) return memory.unreported;
  const isElsewhere = (run: RunRecord | undefined) =>
    run !== undefined && rendersFolder(run) !== rendersFolder(ended);
  return [...memory.unreported.filter((id) => isElsewhere(runs.get(id))), ended.id];
}

export function shotMemory(draft: Draft, scenePath: string): ShotMemory {
  return draft.shots.get(scenePath) ?? NEW_SHOT;
}

export function updateShot(draft: Draft, scenePath: string, patch: Partial<ShotMemory>): void {
  draft.shots.set(scenePath, { ...shotMemory(draft, scenePath), ...patch });
}

export function remember(draft: Draft, patch: Partial<FarmMemory>): void {
  draft.memory = { ...draft.memory, ...patch };
}

export function act(draft: Draft, action: Action): void {
  draft.actions.push(action);
}

/** Puts a decision into the list that people read, newest first. */
export function note(sight: Sight, draft: Draft, what: string, reason: string): void {
  const decisions = [{ at: sight.now, what, reason }, ...draft.memory.decisions].slice(0, DECISIONS_KEPT);
  draft.memory = { ...draft.memory, decisions };
}

export function lookAgain(draft: Draft, at: EpochMs): void {
  draft.looks.push(at);
}

export function titleOf(run: RunRecord): string {
  return run.version === null ? run.shot : `${run.shot} v${String(run.version).padStart(3, '0')}`;
}
