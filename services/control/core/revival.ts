import { abilitiesKey } from './abilities.ts';
import { whyRejected } from './admission.ts';
import { meetClosure } from './closure.ts';
import type { Draft, Sight } from './draft.ts';
import { moveRun, note, openRun, openRuns, remember, shotMemory, titleOf } from './draft.ts';
import { createRun, type NewRun } from './intake.ts';
import type { RunRecord } from './run.ts';
import { needsOf } from './run-needs.ts';

export function isRejectedForFiles(run: RunRecord): boolean {
  return run.state === 'rejected' && run.reason?.code === 'missingFiles';
}

/** After it was admitted only the check on a worker rejects a run. */
export function isRejectedByCheck(run: RunRecord): boolean {
  return run.state === 'rejected' && run.admittedAt !== null;
}

/** What the deployment lacked: another Blender or pool may have it. */
const ABILITIES = new Set(['noDenoiser', 'gpuMissing', 'gpuUnused', 'notEnoughMemory']);

export function isRejectedForAbilities({ state, reason }: RunRecord): boolean {
  return state === 'rejected' && ABILITIES.has(reason?.code ?? '');
}

/**
 * A rejection does not last when what it complained of changes. One for missing files is taken back when one of them is
 * there, or is not referred to any more because a library was uploaded anew. One by the check is followed by a new run
 * when another input was overwritten, or a file came that it names. One for what the deployment cannot do is tried anew when
 * it can do something else.
 */
export function reviveRuns(sight: Sight, draft: Draft): void {
  for (const run of [...draft.runs.values()]) {
    if (run.state !== 'rejected') continue;
    if (shotMemory(draft, run.scenePath).lastRunId !== run.id) {
      leaveRejected(draft, run);
      continue;
    }
    if (openRuns(draft).some((other) => other.scenePath === run.scenePath)) continue;
    if (isRejectedForFiles(run)) takeBack(sight, draft, run);
    else if (isRejectedForAbilities(run)) tryElsewhere(sight, draft, run);
    else if (isRejectedByCheck(run)) followUp(sight, draft, run);
  }
}

/** A newer run of its shot has taken its place. */
function leaveRejected(draft: Draft, run: RunRecord): void {
  const { rejectedRuns } = draft.memory;
  if (rejectedRuns.includes(run.id))
    remember(draft, { rejectedRuns: rejectedRuns.filter((id) => id !== run.id) });
}

function takeBack(sight: Sight, draft: Draft, run: RunRecord): void {
  const path = noLongerMissing(sight, run);
  if (path === null) return;
  openRun(draft, run);
  const message = `${path} is no longer missing.`;
  moveRun(sight, draft, run, 'waiting', { code: 'settling', message, action: null }, { missingSince: null });
}

/** One of the paths that it complained of; `null` = all are missing as before, as far as is known. */
function noLongerMissing({ observed }: Sight, run: RunRecord): string | null {
  if (!observed.catalog.has(run.scenePath) || [...observed.listings.values()].includes('unknown'))
    return null;
  const { closure, frames, manifest } = needsOf(run, observed);
  const met = meetClosure(closure, frames, manifest, observed);
  const still = new Set(met.state === 'missing' ? met.missing.map(({ path }) => path) : []);
  const gone = run.missing.find(({ path }) => !still.has(path) && observed.inputs.get(path) !== 'unknown');
  return gone?.path ?? null;
}

function tryElsewhere(sight: Sight, draft: Draft, run: RunRecord): void {
  const { policy } = sight;
  if (run.abilities === abilitiesKey(policy) || whyRejected(sight, { ...run, blender: null }) !== null)
    return;
  note(sight, draft, `${titleOf(run)}: once more`, 'the Blenders or pools here are others than before');
  createRun(sight, draft, run.scenePath, wishOf(run));
}

/** The same once more. */
function wishOf({ isExplicit, request, requestedBy, scriptsAllowed }: RunRecord): NewRun {
  return { isExplicit, request, requestedBy, scriptsAllowed, isReleased: true };
}

function followUp(sight: Sight, draft: Draft, run: RunRecord): void {
  const uploads = sight.observed.commands.flatMap(({ command }) =>
    command.kind === 'uploaded' ? [command.path] : [],
  );
  const path = uploads.find((one) => one !== run.scenePath && mattersTo(sight, run, one));
  if (path === undefined) return;
  note(sight, draft, `${titleOf(run)}: once more`, `${path} was uploaded`);
  createRun(sight, draft, run.scenePath, wishOf(run));
}

function mattersTo({ observed }: Sight, run: RunRecord, path: string): boolean {
  const pin = run.inputs.find((input) => input.path === path);
  if (pin === undefined) return isNamed(run.reason?.message ?? '', path);
  const seen = observed.inputs.get(path);
  if (seen === undefined || seen === null || seen === 'unknown') return false;
  return seen.generation !== pin.generation && seen.crc32c !== pin.crc32c;
}

/** A file as people and Blender name it: by its whole path, or only the end of it. */
function isNamed(message: string, path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  for (let at = message.indexOf(name); at >= 0; at = message.indexOf(name, at + 1)) {
    const before = message[at - 1] ?? ' ';
    const after = message[at + name.length] ?? ' ';
    if (!PART_OF_NAME.test(before) && !PART_OF_NAME.test(after)) return true;
  }
  return false;
}

const PART_OF_NAME = /[\p{L}\p{N}_-]/u;
