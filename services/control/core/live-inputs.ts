import type { Draft, Sight } from './draft.ts';
import { moveRun, note, openRuns, titleOf, updateRun, updateShot } from './draft.ts';
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
  const settingsGeneration = sight.observed.settingsFiles.get(run.scenePath)?.generation ?? null;
  if (run.generation === entry.generation && run.settingsGeneration === settingsGeneration) return;
  const value = sight.observed.settingsFiles.get(run.scenePath)?.value;
  const isExplicit = typeof value === 'object' && value !== null && 'inputs' in value;
  updateShot(draft, run.scenePath, {
    handled: `${entry.generation}/${settingsGeneration ?? 'none'}`,
    generation: entry.generation,
    runs: 1,
  });
  updateRun(draft, run, { generation: entry.generation, settingsGeneration, isExplicit });
}

function followAdmitted(sight: Sight, draft: Draft, run: RunRecord): void {
  const settings = sight.observed.settingsFiles.get(run.scenePath)?.generation ?? null;
  const inputs = inputsNow(sight, run);
  if (inputs.state === 'unknown') return;
  if (inputs.state === 'gone') {
    supersede(sight, draft, run, `${inputs.path} was taken away while it rendered`, 'inputRemoved');
    return;
  }
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
  join(sight, draft, run, inputs.pins);
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
  updateShot(draft, run.scenePath, {
    handled: `${generation}/${run.settingsGeneration ?? 'none'}`,
    ...(generation === run.generation ? {} : { generation, runs: 1 }),
  });
  updateRun(draft, run, { inputs: pins, generation });
  note(sight, draft, `${titleOf(run)}: joined`, 'the same bytes were uploaded again');
}

function supersede(sight: Sight, draft: Draft, run: RunRecord, what: string, code: string): void {
  const job = sight.observed.details.get(run.id)?.job;
  if (job !== undefined && job !== null && job !== 'unknown') {
    draft.actions.push({ kind: 'cancelJob', jobId: job.id, reason: what });
  }
  moveRun(sight, draft, run, 'superseded', {
    code,
    message: `${what}; its finished frames stay in ${titleOf(run)}.`,
    action:
      code === 'inputRemoved' ? 'Put the file back and render again.' : 'Nothing: the new version follows.',
  });
}
