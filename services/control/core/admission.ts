import { chooseBlender, newestSaved } from './blender-choice.ts';
import { budgetReason, isBudgetSpent } from './budget.ts';
import { isBlend } from './catalog.ts';
import { withDeadlinePriority } from './deadline-priority.ts';
import type { Draft, Sight } from './draft.ts';
import { dropRun, lookAgain, moveRun, note, openRuns, shotMemory, updateShot } from './draft.ts';
import { framesOf } from './frames.ts';
import { badName, judgeInputs, stillSettling } from './judge-inputs.ts';
import { likenessOf } from './like.ts';
import type { Policy } from './model.ts';
import { judgeScripts } from './needs-scripts.ts';
import { extensionOf, outputNames } from './output-names.ts';
import { choosePool, poolOf } from './pools.ts';
import { type Picture, type Pin, type Reason, type RunRecord, type RunSettings, wantsFarm } from './run.ts';
import { isWorthScouting } from './scouts.ts';
import { DEFAULT_PRIORITY, readSettings, resolveSettings } from './settings.ts';
import type { SceneFacts, ShotFacts } from './shot-facts.ts';
import { reject, type Verdict, wait } from './verdict.ts';

/** So many of the last versions of a shot are known again when their bytes come back. */
const VERSIONS_KEPT = 50;

/** Decides about every run that is not admitted yet, or was sent back to wait, oldest first. */
export function admitRuns(sight: Sight, draft: Draft): void {
  const candidates = openRuns(draft)
    .filter((run) => !wantsFarm(run.state) && run.scouts !== 'shown')
    .sort((a, b) => a.receivedAt - b.receivedAt);
  for (const run of candidates) settle(sight, draft, run, judge(sight, draft, run));
}

function settle(sight: Sight, draft: Draft, run: RunRecord, verdict: Verdict): void {
  switch (verdict.kind) {
    case 'wait':
      if (verdict.lookInMs !== undefined) lookAgain(draft, sight.now + verdict.lookInMs);
      if (verdict.isReading === true && hasLastingReason(run)) return;
      moveRun(sight, draft, run, 'waiting', verdict.reason, { ...sinceMet(run, verdict), ...verdict.patch });
      return;
    case 'hold':
      moveRun(sight, draft, run, 'held', verdict.reason, sinceMet(run, verdict));
      return;
    case 'reject':
      moveRun(sight, draft, run, 'rejected', verdict.reason, verdict.patch);
      return;
    case 'admit':
      admit(sight, draft, run, verdict);
  }
}

/** What it waits for is not done with because its inputs are being read once more, as after a start of the service. */
function hasLastingReason({ state, reason }: RunRecord): boolean {
  if (state === 'held') return reason !== null;
  return state === 'waiting' && reason !== null && !NOT_LOOKED.has(reason.code);
}

/** Reasons for which it is not known whether anything is missing. */
const NOT_LOOKED = new Set(['missingFiles', 'settling', 'unreadable']);

/** What waits for something else now misses nothing; should a file be taken away later, the grace begins anew. */
function sinceMet(run: RunRecord, { reason }: Extract<Verdict, { reason: Reason }>): Partial<RunRecord> {
  return NOT_LOOKED.has(reason.code) || run.missingSince === null ? {} : { missingSince: null };
}

/** The questions in their order; the first that is not answered yes decides. */
function judge(sight: Sight, draft: Draft, run: RunRecord): Verdict {
  const shot = judgeShot(sight, run);
  if ('kind' in shot) return shot;
  const settling = stillSettling(sight, run);
  if (settling !== null) return settling;
  const inputs = judgeInputs(sight, run);
  if ('kind' in inputs) return inputs;
  const able = judgeAbilities(sight, run, shot, inputs.pins);
  if ('kind' in able) return able;
  const brake = judgeBrakes(sight, draft, run);
  if (brake !== null) return brake;
  const notes = able.note === null ? [] : [able.note];
  return {
    kind: 'admit',
    pins: inputs.pins,
    settings: shot.settings,
    scene: shot.scene,
    blender: able.blender,
    pool: able.pool,
    warnings: [...shot.facts.warnings, ...inputs.warnings, ...notes],
  };
}

/** Why a run is rejected by what is known without a look at its inputs; `null` = it is not, as far as that goes. */
export function whyRejected(sight: Sight, run: RunRecord): Reason | null {
  const shot = judgeShot(sight, run);
  const verdict = 'kind' in shot ? shot : judgeAbilities(sight, run, shot, []);
  return 'kind' in verdict && verdict.kind === 'reject' ? verdict.reason : null;
}

interface ShotJudged {
  readonly facts: ShotFacts;
  readonly settings: RunSettings;
  readonly scene: SceneFacts;
}

/** Whether the .blend can be read and its settings make sense. */
function judgeShot(sight: Sight, run: RunRecord): Verdict | ShotJudged {
  const entry = sight.observed.catalog.get(run.scenePath);
  if (entry === undefined) return judgeAbsent(sight, run);
  if (entry.failure !== null)
    return reject(
      entry.failure.code,
      `${run.scenePath}: ${entry.failure.message}`,
      'Save the file again in Blender and upload it.',
    );
  if (entry.facts === null) return stillReading(sight, run);
  const file = readSettings(
    sight.observed.settingsFiles.get(run.scenePath)?.value ?? {},
    `${run.shot}.render.json`,
  );
  const broken = sight.observed.settingsFiles.get(run.scenePath)?.problem ?? null;
  if (broken !== null)
    return reject(
      'badSettings',
      `${run.shot}.render.json: ${broken}`,
      'Correct the file and upload it again.',
    );
  if (!file.ok) return { kind: 'reject', reason: file.reason };
  const request = readSettings(run.request, 'the request');
  if (!request.ok) return { kind: 'reject', reason: request.reason };
  const allowSceneScripts = sight.policy.allowSceneScripts || run.scriptsAllowed;
  const resolved = resolveSettings({
    facts: entry.facts,
    file: file.settings,
    request: request.settings,
    allowSceneScripts,
  });
  if (/[{}]/.test(run.scenePath)) return badName(run);
  if (!resolved.ok) return { kind: 'reject', reason: resolved.reason };
  return { facts: entry.facts, settings: resolved.settings, scene: resolved.scene };
}

interface AbilitiesJudged {
  readonly blender: string;
  /** What is said of the Blender that was chosen; `null` = nothing. */
  readonly note: string | null;
  readonly pool: string;
}

/** Whether there is a Blender, the right to run scripts, and a pool for it. */
function judgeAbilities(
  { policy, observed }: Sight,
  run: RunRecord,
  { facts, settings, scene }: ShotJudged,
  inputs: readonly Pin[],
): Verdict | AbilitiesJudged {
  const wanted = pinnedBlender(run) ?? settings.blender.value;
  const libraries = inputs.flatMap(({ path }) => {
    const version = isBlend(path) ? observed.catalog.get(path)?.facts?.blenderVersion : undefined;
    return version === undefined ? [] : [{ name: `The library ${path}`, version }];
  });
  const saved = newestSaved({ name: 'The file', version: facts.blenderVersion }, libraries);
  const blender = chooseBlender(saved, wanted, policy.blenders);
  if (!blender.ok)
    return wait(
      'needsBlender',
      blender.message,
      'Install that Blender (or name one that is there as "blender" in the render.json).',
    );
  const scripts = judgeScripts(facts, run.scriptsNeeded, settings.scripts.value);
  if (scripts !== null) return scripts;
  const { version, hasDenoiser } = blender.blender;
  const denoiser = judgeDenoiser(scene, hasDenoiser, version);
  if (denoiser !== null) return denoiser;
  const pool = choosePool(settings, scene, policy.pools);
  if (!pool.ok) return { kind: 'reject', reason: pool.reason };
  return { blender: version, note: blender.note, pool: movedTo(policy, run) ?? pool.pool.name };
}

/** The larger pool that it has moved to for its memory, as long as there is one of this name: it moves once only. */
function movedTo({ pools }: Policy, { hasMoved, pool }: RunRecord): string | null {
  return hasMoved && pools.some(({ name }) => name === pool) ? pool : null;
}

/** Frames of two Blenders do not go together: a run that has begun goes on with its own. */
function pinnedBlender({ startedAt, blender }: RunRecord): string | null {
  return startedAt === null ? null : blender;
}

/** Reading takes seconds; what takes longer does so because the bucket or the file cannot be read, and is told. */
const READING_MS = 60_000;

function stillReading({ now }: Sight, run: RunRecord): Verdict {
  if (now - run.receivedAt < READING_MS)
    return { ...wait('settling', 'Reading the file.', null), lookInMs: 1000 };
  const message = `${run.scenePath} could not be read yet; it is tried again.`;
  const action = 'Nothing, if the bucket is slow at the moment; else save the file again and upload it.';
  return { ...wait('unreadable', message, action), lookInMs: READING_MS };
}

/** The shot itself is missing like any other file: waited for by name, and not for ever. */
function judgeAbsent(sight: Sight, run: RunRecord): Verdict {
  const inputs = judgeInputs(sight, run);
  return 'kind' in inputs ? inputs : wait('settling', `Waiting for ${run.scenePath}.`, null);
}

/** Blender with denoising on and no denoiser fails every frame: said before anything runs. */
function judgeDenoiser(scene: SceneFacts, hasDenoiser: boolean | null, version: string): Verdict | null {
  if (hasDenoiser !== false || scene.engine !== 'CYCLES' || scene.useDenoising !== true) return null;
  return reject(
    'noDenoiser',
    `The scene denoises its render, and Blender ${version} here was built without a denoiser.`,
    'Turn off Render Properties > Sampling > Render > Denoise, or use a Blender from blender.org.',
  );
}

/** What a person, the budget or a burst holds back. */
function judgeBrakes(sight: Sight, draft: Draft, run: RunRecord): Verdict | null {
  const burst = judgeBurst(sight, draft, run);
  if (burst !== null) return burst;
  if (draft.memory.isPaused) return wait('paused', 'New work is paused.', 'Resume it on the page.');
  if (isBudgetSpent(sight, draft)) return { kind: 'wait', reason: budgetReason(sight, draft) };
  return null;
}

/** Once held it is held until a person says go, however few of the burst are left by then. */
function judgeBurst(sight: Sight, draft: Draft, run: RunRecord): Verdict | null {
  if (run.isReleased || run.isExplicit || run.requestedBy !== null || run.admittedAt !== null) return null;
  if (run.state === 'held' && run.reason !== null) return { kind: 'hold', reason: run.reason };
  const size = burstSize(sight, draft, run);
  if (size <= sight.policy.maxAtOnce) return null;
  return {
    kind: 'hold',
    reason: {
      code: 'burst',
      message: `${size} new shots came at once: more than MAX_AT_ONCE (${sight.policy.maxAtOnce}) wait for a person's word.`,
      action: 'Release the ones to render; cancel the others.',
    },
  };
}

/** How many shots came together with this one: a chain of arrivals with gaps no longer than the settling time. */
function burstSize(sight: Sight, draft: Draft, run: RunRecord): number {
  const gap = Math.max(sight.policy.settleMs, 1000);
  const times = [...draft.runs.values()]
    .filter((other) => !other.isExplicit && other.requestedBy === null)
    .map((other) => other.receivedAt)
    .sort((a, b) => a - b);
  let size = 0;
  let last = Number.NEGATIVE_INFINITY;
  let isMine = false;
  for (const at of times) {
    if (at - last > gap) {
      if (isMine) return size;
      size = 0;
    }
    size += 1;
    last = at;
    isMine ||= at === run.receivedAt;
  }
  return size;
}

function admit(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  verdict: Extract<Verdict, { kind: 'admit' }>,
): void {
  const { hash } = sight.policy;
  const inputsKey = hash(
    JSON.stringify([...verdict.pins].map(({ path, size, crc32c }) => [path, size, crc32c]).sort()),
  );
  const settingsKey = settingsKeyOf(sight, verdict.settings, verdict.blender);
  if (isSameAgain(draft, run, inputsKey, settingsKey)) {
    dropRun(draft, run);
    note(
      sight,
      draft,
      `${run.shot}: nothing to do`,
      'the same bytes with the same settings are rendered already (render again from the page if you want)',
    );
    return;
  }
  const wanted = verdict.settings.finishBy.value;
  const finishBy = wanted === null ? null : sight.policy.parseTime(wanted);
  const extension = extensionOf(verdict.settings.format.value) ?? '.png';
  const picture = pictureOf(sight, verdict);
  moveRun(
    sight,
    draft,
    run,
    'queued',
    { code: 'queued', message: 'Waiting for the farm.', action: null },
    {
      admittedAt: sight.now,
      version: versionFor(draft, run, inputsKey),
      settings: withDeadlinePriority(draft, verdict.settings, finishBy, sight.now),
      inputs: verdict.pins,
      inputsKey,
      blender: verdict.blender,
      pool: verdict.pool,
      finishBy,
      frames: verdict.settings.frames.value,
      picture,
      like: likenessOf(shotMemory(draft, run.scenePath).learned, picture),
      scouts: run.scouts === 'none' && wantsScouts(run, verdict.settings) ? 'wanted' : run.scouts,
      output: outputNames(run.shot, verdict.scene.outputPath, extension, verdict.scene.viewSuffixes),
      missing: [],
      missingSince: null,
      warnings: [...new Set([...verdict.warnings, ...run.warnings])],
    },
  );
}

function pictureOf(
  { policy }: Sight,
  { settings, scene, pool }: Pick<Extract<Verdict, { kind: 'admit' }>, 'settings' | 'scene' | 'pool'>,
): Picture {
  const { resolutionPercent, samples, device } = settings;
  const pixels = scene.resolutionX * scene.resolutionY * (resolutionPercent.value / 100) ** 2;
  return {
    engine: scene.engine,
    isOnGpu: poolOf(policy, { pool }).hasGpu === true && device.value !== 'cpu',
    work: pixels * Math.max(1, samples.value ?? scene.samples ?? 1),
  };
}

/** A person who asked for these frames has seen the shot: held again only when the request says so. */
function wantsScouts(run: RunRecord, { hold, frames }: RunSettings): boolean {
  if (!hold.value || (run.requestedBy !== null && hold.origin !== 'request')) return false;
  return isWorthScouting(framesOf(frames.value));
}

export function settingsKeyOf(sight: Sight, settings: RunSettings, blender: string): string {
  const { value, origin } = settings.priority;
  // Without a person's word it depends on which others wait.
  const priority = { origin, value: origin === 'default' ? DEFAULT_PRIORITY : value };
  const values = Object.entries({ ...settings, priority }).map(([key, setting]) => [key, setting.value]);
  return sight.policy.hash(JSON.stringify([blender, values.sort()]));
}

/** Uploaded again, not asked for again: paid for once is enough. */
function isSameAgain(draft: Draft, run: RunRecord, inputsKey: string, settingsKey: string): boolean {
  const { completed } = shotMemory(draft, run.scenePath);
  if (run.requestedBy !== null || completed === null) return false;
  return completed.inputsKey === inputsKey && completed.settingsKey === settingsKey;
}

function versionFor(draft: Draft, run: RunRecord, key: string): number {
  const { versions } = shotMemory(draft, run.scenePath);
  const known = versions.find((version) => version.key === key);
  if (known !== undefined) return known.version;
  const version = Math.max(0, ...versions.map((one) => one.version)) + 1;
  updateShot(draft, run.scenePath, { versions: [...versions, { version, key }].slice(-VERSIONS_KEPT) });
  return version;
}
