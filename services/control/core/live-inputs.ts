import { GONE_AFTER_MS, hasManifest, triggerOf } from './catalog.ts';
import type { Draft, Sight } from './draft.ts';
import { lookAgain, moveRun, note, openRuns, titleOf, updateRun, updateShot } from './draft.ts';
import { createRun } from './intake.ts';
import type { Pin, RunRecord } from './run.ts';

type InputsNow =
  | { readonly state: 'same'; readonly pins: readonly Pin[] }
  | { readonly state: 'changed'; readonly path: string }
  | { readonly state: 'gone'; readonly path: string }
  | { readonly state: 'unknown' };

/**
 * Never two versions of the inputs in one run: a run whose input was overwritten ends as superseded and a new one is
 * made; the same bytes uploaded again join the run that lives.
 */
export function followInputs(sight: Sight, draft: Draft): void {
  for (const run of openRuns(draft)) {
    if (run.admittedAt === null) followBeforeAdmission(sight, draft, run);
    else followAdmitted(sight, draft, run);
  }
}

/** Not admitted yet: nothing is pinned, the run simply turns to what is there now. */
function followBeforeAdmission(sight: Sight, draft: Draft, run: RunRecord): void {
  const entry = sight.observed.catalog.get(run.scenePath);
  if (entry === undefined) return;
  const settings = sight.observed.settingsFiles.get(run.scenePath);
  const settingsGeneration = settings?.generation ?? null;
  if (run.generation === entry.generation && run.settingsGeneration === settingsGeneration) return;
  adoptGeneration(sight, draft, run, entry.generation);
  const isExplicit = hasManifest(settings);
  updateRun(draft, run, { generation: entry.generation, settingsGeneration, isExplicit });
}

/** This run now stands for these bytes. */
function adoptGeneration(sight: Sight, draft: Draft, run: RunRecord, generation: string): void {
  updateShot(draft, run.scenePath, {
    handled: triggerOf(generation, sight.observed.settingsFiles.get(run.scenePath)),
  });
}

function followAdmitted(sight: Sight, draft: Draft, run: RunRecord): void {
  const settings = sight.observed.settingsFiles.get(run.scenePath)?.generation ?? null;
  const inputs = inputsNow(sight, run);
  if (inputs.state === 'unknown') return;
  if (inputs.state === 'gone') {
    if (!hasStayedAway(sight, draft, run)) return;
    supersede(sight, draft, run, `${inputs.path} was taken away while it rendered`, 'inputRemoved');
    // Frames without it may be wrong, so nothing of this run is called complete; the new one waits until it is back.
    createRun(sight, draft, run.scenePath, { isExplicit: run.isExplicit, isReleased: true });
    return;
  }
  if (run.inputGoneSince !== null) updateRun(draft, run, { inputGoneSince: null });
  if (inputs.state === 'changed') {
    supersede(sight, draft, run, `${inputs.path} was overwritten while it rendered`, 'inputOverwritten');
    createRun(sight, draft, run.scenePath, { isExplicit: run.isExplicit, isReleased: true });
    return;
  }
  if (settings !== run.settingsGeneration && settings !== null) {
    supersede(sight, draft, run, 'its render.json was uploaded anew', 'settingsOverwritten');
    createRun(sight, draft, run.scenePath, { isExplicit: run.isExplicit, isReleased: true });
    return;
  }
  join(sight, draft, draft.runs.get(run.id) ?? run, inputs.pins);
}

/** Counts as gone only when it stays away (`GONE_AFTER_MS`). */
function hasStayedAway(sight: Sight, draft: Draft, run: RunRecord): boolean {
  const since = run.inputGoneSince ?? sight.now;
  if (sight.now - since >= GONE_AFTER_MS) return true;
  updateRun(draft, run, { inputGoneSince: since });
  lookAgain(draft, since + GONE_AFTER_MS);
  return false;
}

/** How the pinned inputs stand now. Only the looked-up ones can differ; a look-up that failed says nothing. */
function inputsNow(sight: Sight, run: RunRecord): InputsNow {
  const pins: Pin[] = [];
  let isUnknown = false;
  for (const pin of run.inputs) {
    const seen = sight.observed.inputs.get(pin.path);
    if (seen === undefined || seen === 'unknown') pins.push(pin);
    else if (seen === null) return { state: 'gone', path: pin.path };
    else if (seen.generation === pin.generation) pins.push(pin);
    else if (seen.crc32c === null) isUnknown = true;
    else if (seen.crc32c !== pin.crc32c || seen.size !== pin.size) {
      return { state: 'changed', path: pin.path };
    } else pins.push({ ...pin, generation: seen.generation });
  }
  return isUnknown ? { state: 'unknown' } : { state: 'same', pins };
}

function join(sight: Sight, draft: Draft, run: RunRecord, pins: readonly Pin[]): void {
  const moved = pins.some((pin, index) => pin.generation !== run.inputs[index]?.generation);
  if (!moved) return;
  const entry = sight.observed.catalog.get(run.scenePath);
  const generation = entry?.generation ?? run.generation;
  adoptGeneration(sight, draft, run, generation);
  updateRun(draft, run, { inputs: pins, generation });
  note(sight, draft, `${titleOf(run)}: joined`, 'the same bytes were uploaded again');
}

function supersede(sight: Sight, draft: Draft, run: RunRecord, what: string, code: string): void {
  moveRun(sight, draft, run, 'superseded', {
    code,
    message: `${what}; its finished frames stay in ${titleOf(run)}.`,
    action:
      code === 'inputRemoved'
        ? 'Put the file back: the render starts anew by itself.'
        : 'Nothing: the new version follows.',
  });
}
