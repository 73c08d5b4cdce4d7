import type { JobOrder } from './actions.ts';
import { sizeForCap } from './cap.ts';
import { chunkSizesFor, cutIntoChunks, leastForLoading } from './chunks.ts';
import type { Draft, Sight } from './draft.ts';
import { act, moveRun, openRuns, titleOf, updateRun } from './draft.ts';
import { secondsAroundTask, secondsPerFrame } from './frame-times.ts';
import { framesOf } from './frames.ts';
import type { Policy, PoolPolicy, RunObserved } from './model.ts';
import { biggerPool, isOutgrown, moveToBigger } from './out-of-memory.ts';
import { poolOf } from './pools.ts';
import { whyNotSubmitted } from './refusals.ts';
import type { RunRecord, RunSettings } from './run.ts';
import { rendersFolder, wantsFarm } from './run.ts';
import { allowedFrames } from './scouts.ts';
import { MAX_ATTEMPTS } from './troubles.ts';

/**
 * The storage's clock and ours may differ; a frame of the run is never older than this before its start. Generous, because
 * that a frame is of this run is told by its record: frames of a run whose clock was ahead were all taken for older ones.
 */
const CLOCK_SLACK_MS = 5 * 60_000;

const SUBMITTED = {
  code: 'submitted',
  message: 'Handed to Flamenco; waiting for a worker.',
  action: null,
};

/** Hands the manager a job for each run that wants one and has none: the first, or one for what is missing. */
export function submitJobs(sight: Sight, draft: Draft): void {
  const { farm } = sight.observed;
  if (farm === 'unknown' || farm.state !== 'up' || farm.manager !== 'ready') return;
  for (const run of openRuns(draft)) {
    if (!wantsFarm(run.state) || run.stopping !== null) continue;
    const seen = sight.observed.details.get(run.id);
    if (seen !== undefined && needsJob(run, seen)) submit(sight, draft, run);
  }
}

/**
 * A job that the manager is known not to have: never submitted, or lost with the manager's memory. What a lost job had
 * delivered is looked at first, so that only the rest is submitted. One that still stands paused was not confirmed.
 */
function needsJob(run: RunRecord, seen: RunObserved): boolean {
  if (seen.job === 'unknown') return false;
  if (seen.job !== null) return seen.job.status === 'paused' && run.jobId === null;
  return run.round === 0 || seen.isWhole;
}

function submit(sight: Sight, draft: Draft, run: RunRecord): void {
  const open = openFrames(run);
  const bigger = run.outgrown === '' ? null : biggerPool(sight, run);
  const frames = bigger === null ? open : open.filter((frame) => !isOutgrown(run, frame));
  if (open.length === 0 || run.settings === null) return;
  if (bigger !== null && frames.length === 0) {
    moveToBigger(sight, draft, run, bigger);
    return;
  }
  const isFirst = run.round === 0;
  const next = updateRun(draft, run, {
    round: Math.max(1, run.round),
    jobId: null,
    startedAt: run.startedAt ?? sight.now - CLOCK_SLACK_MS,
    check: isFirst && wantsCheck(sight, draft, run) ? 'pending' : run.check,
    standstill: {},
    // The one whose tag the job gets: its own may not be configured any more.
    pool: poolOf(sight.policy, run).name,
  });
  const reason = whyNotSubmitted(sight.observed, run) ?? SUBMITTED;
  const submitted = moveRun(sight, draft, next, 'queued', reason);
  const why = isFirst ? 'a new run' : `${frames.length} frames are missing`;
  act(draft, { kind: 'submitJob', job: jobFor(sight, submitted, run.settings, frames), reason: why });
}

/** Frames that may be rendered now and are neither proved nor given up. */
export function openFrames(run: RunRecord): readonly number[] {
  const allowed = new Set(allowedFrames(run));
  return unfinishedFrames(run).filter((frame) => allowed.has(frame));
}

/** Frames that are neither proved nor given up, those that wait for a person's word as well. */
export function unfinishedFrames(run: RunRecord): readonly number[] {
  const proved = new Set(framesOf(run.proved));
  const givenUp = new Set(run.troubles.filter((one) => one.attempts >= MAX_ATTEMPTS).map((one) => one.frame));
  return framesOf(run.frames ?? '').filter((frame) => !proved.has(frame) && !givenUp.has(frame));
}

/** `auto`: once for a version of a shot that never delivered a frame before. */
export function wantsCheck(sight: Sight, draft: Draft, run: RunRecord): boolean {
  if (sight.policy.checkFirst !== 'auto') return sight.policy.checkFirst === 'always';
  const done = draft.shots.get(run.scenePath)?.completed;
  return done === null || done === undefined || done.inputsKey !== run.inputsKey;
}

/** Nearer deadlines than this may want the whole pool. */
export const NEAR_DEADLINE_SECONDS = 3 * 3600;

/** How many of a run's frames each task of its job gets, the first one first. `given` = by a person. */
export function chunkSizesOf(
  sight: Sight,
  run: RunRecord,
  frames: number,
  given: number | null,
): readonly number[] {
  const pool = poolOf(sight.policy, run);
  const isHurried = run.finishBy !== null && (run.finishBy - sight.now) / 1000 < NEAR_DEADLINE_SECONDS;
  const size = given ?? sizeForCap(run, pool, frames, secondsPerFrame(run));
  const isLoadingKnown = run.times.loads > 0 || typeof run.like?.loadSeconds === 'number';
  const least = isLoadingKnown ? leastForLoadingOf(sight, pool, run, frames) : 1;
  const isKnown = run.times.frames > 0 || run.like !== null;
  const known = isKnown ? { frames: 1, sumSeconds: secondsPerFrame(run) } : run.times;
  return chunkSizesFor(frames, known, pool.max, size, isHurried, least);
}

/** For the team that is there, if it is about as large as the work is worth. */
function leastForLoadingOf(sight: Sight, pool: PoolPolicy, run: RunRecord, frames: number): number {
  const times = { each: secondsPerFrame(run), around: secondsAroundTask(run) };
  const worth = workersWorth(sight.policy, pool, frames * times.each, times.around);
  const { workers } = sight.observed;
  const all = workers === 'unknown' ? [] : workers;
  const living = all.filter((worker) => worker.pool === pool.name && worker.state !== 'ended').length;
  return leastForLoading(frames, times, living >= worth / 2 ? Math.min(living, worth) : worth);
}

/** The pool for which boots, loading and time together cost least (design: the square root), where all of the work waits. */
function workersWorth(
  { fixedPricePerHour, valueOfTimePerHour }: Policy,
  { pricePerHour, bootSeconds, tailSeconds, max }: PoolPolicy,
  workSeconds: number,
  aroundSeconds: number,
): number {
  const perWorker = pricePerHour * (bootSeconds + tailSeconds + aroundSeconds);
  const best = Math.sqrt(((fixedPricePerHour + valueOfTimePerHour) * workSeconds) / perWorker);
  return Math.max(1, Math.min(max, Math.round(best)));
}

function jobFor(sight: Sight, run: RunRecord, settings: RunSettings, frames: readonly number[]): JobOrder {
  const { policy } = sight;
  const pool = poolOf(policy, run);
  const isScouting = run.scouts === 'wanted';
  const chunk = isScouting ? 1 : settings.chunkSize.value;
  const sizes = chunkSizesOf(sight, run, frames.length, chunk);
  return {
    runId: run.id,
    round: run.round,
    name: titleOf(run),
    priority: settings.priority.value,
    workerTag: pool.tag,
    settings: {
      blendfile: `${policy.scenesRoot}/${run.scenePath}`,
      render_dir: `${policy.rendersRoot}/${rendersFolder(run)}`,
      chunks: cutIntoChunks(frames, sizes).join(';'),
      plan: toBase64Url(
        JSON.stringify({ ...planForKit(run, settings, pool), addons: `${policy.scenesRoot}/addons` }),
      ),
      blender: `blender-${run.blender}`,
      scripts: settings.scripts.value,
      check: run.check === 'pending',
      video: settings.video.value && !isScouting,
    },
  };
}

/** The kit's plan (services/blender-kit/README.md): only what differs from the scene's own is said. */
function planForKit(run: RunRecord, settings: RunSettings, pool: PoolPolicy): Record<string, unknown> {
  const overrides = Object.fromEntries(
    (['camera', 'viewLayers', 'resolutionPercent', 'samples'] as const)
      .filter((key) => settings[key].origin !== 'blend' && settings[key].value !== null)
      .map((key) => [key, settings[key].value]),
  );
  return {
    schema: 1,
    run: run.id,
    name: run.output?.pattern,
    format: settings.format.value,
    extension: run.output?.extension,
    frames: run.frames,
    scene: settings.scene.value,
    device: deviceFor(settings, pool),
    fps: settings.fps.value,
    ...overrides,
  };
}

/** A GPU that is paid for is used, whatever the file's author had: new files say the processor. */
function deviceFor({ device }: RunSettings, { gpuDevice }: PoolPolicy): string {
  return gpuDevice === undefined || device.value === 'cpu' ? device.value : gpuDevice;
}

/** Base64url of UTF-8. Flamenco expands braces in parameters, so JSON cannot stand there as it is. */
function toBase64Url(text: string): string {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
