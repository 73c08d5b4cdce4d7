import { capOf } from './cap.ts';
import { inOrder } from './demand.ts';
import { type Draft, openRuns, type Sight, updateRun } from './draft.ts';
import { type Estimate, estimates, secondsToFarm } from './estimate.ts';
import { VERDICTS, withForecast } from './forecast-warnings.ts';
import {
  expectedSeconds,
  LEAST_SECONDS,
  leastSeconds,
  secondsAroundTask,
  secondsUnderWay,
} from './frame-times.ts';
import { FARM_SECONDS } from './hurry.ts';
import type { PoolPolicy } from './model.ts';
import { poolOf, runsOfPool } from './pools.ts';
import { type RunRecord, versionName, wantsFarm } from './run.ts';
import { poolAtHand } from './staff.ts';
import type { Band } from './status-document.ts';
import { chunkSizesOf, openFrames } from './submission.ts';
import type { EpochMs } from './time.ts';

/** Says in the warnings of a run when, by what its frames have taught, its cap or its deadline will not be kept. */
export function foresee(sight: Sight, draft: Draft): void {
  const left = estimates(sight, draft);
  const open = openRuns(draft).filter(({ state }) => wantsFarm(state));
  const pools = sight.policy.pools.map((pool) => {
    return [pool.name, poolAtHand(sight, draft, pool, runsOfPool(sight, draft, pool))] as const;
  });
  const atHand = new Map(pools);
  for (const run of open) {
    if (run.stopping !== null) continue;
    const configured = poolOf(sight.policy, run);
    const pool = atHand.get(configured.name) ?? configured;
    const dollars = capWarning(sight, run, pool, left.get(run.id));
    const deadline = deadlineWarning(sight, draft, run, pool, left.get(run.id)?.soonest ?? null);
    const warnings = withForecast(withForecast(run.warnings, 'maxDollars', dollars), 'finishBy', deadline);
    if (warnings.join('\n') !== run.warnings.join('\n')) updateRun(draft, run, { warnings });
  }
}

function capWarning(
  sight: Sight,
  run: RunRecord,
  pool: PoolPolicy,
  left: Estimate | undefined,
): string | null {
  const cap = capOf(run);
  if (cap === null) return null;
  if (pool.pricePerHour === 0 && sight.policy.fixedPricePerHour === 0)
    return ': nothing has a price here, so it never stops the run';
  if (left === undefined) return null;
  const forecast = run.dollars + left.dollars.p50;
  return forecast > cap ? `: about $${forecast.toFixed(2)} are forecast, and it stops at $${cap}` : null;
}

/** Nearly all frames take longer: what this says of a deadline is likely, and no more. */
const QUICK_SECONDS = 10;
/**
 * Of one that runs, and no other has ended, only its least is known: a time that is n times as long has odds of 1 in n (any magnitude
 * is equally likely). So four of five go on for a quarter of what they have taken, and half of them for as long again.
 */
const LIKELY_AGAIN = 0.25;
const EVEN_AGAIN = 1;
/** Few clusters are there sooner (`FARM_SECONDS`), and few machines in less than this share of the usual time. */
const LEAST_FARM_SECONDS = 240;
const LEAST_OF_BOOT = 0.7;

/** What is sure, with frames of no length where none has ended; then what is likely, and what the forecast with all workers says. */
function deadlineWarning(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  pool: PoolPolicy,
  soonest: Band | null,
): string | null {
  if (run.finishBy === null) return null;
  const leftSeconds = (run.finishBy - sight.now) / 1000;
  const isKnown = run.times.frames > 0;
  const needed = (eachOf: EachOf) => timeAhead(sight, draft, run, pool, eachOf);
  if (leftSeconds <= 0) {
    const { seconds, workers } = needed(likelySeconds);
    const rest = isKnown ? `; about ${duration(seconds)} are needed with ${workers}` : '';
    return ` passed ${duration(-leftSeconds)} ago${rest}`;
  }
  // Its video at most is missing.
  if (openFrames(run).length === 0) return null;
  const left = `${duration(leftSeconds)} are left`;
  const begins = secondsToFirstFrame(sight, draft, pool);
  for (const [verdict, until, eachOf] of [
    [VERDICTS.surely, begins.least, surelySeconds],
    [VERDICTS.probably, begins.usual, likelySeconds],
  ] as const) {
    if (until > leftSeconds)
      return `: ${verdict}: about ${duration(until)} pass before the first frame begins, and ${left}`;
    const { seconds, workers } = needed(eachOf);
    if (until + seconds <= leftSeconds) continue;
    const why = isKnown ? '' : ` ${frameWords(run, eachOf(run, sight.now))}`;
    return `: ${verdict}: about ${duration(until + seconds)} are needed with ${workers}${why}, and ${left}`;
  }
  if (soonest !== null && soonest.p50 > leftSeconds) {
    const verdict = soonest.p10 > leftSeconds ? VERDICTS.probably : VERDICTS.even;
    return `: ${verdict}: about ${duration(soonest.p50)} are needed with all workers, and ${left}`;
  }
  const taken = leastSeconds(run, sight.now);
  if (isKnown || EVEN_AGAIN * taken <= leftSeconds) return null;
  const sofar = `a frame has taken ${duration(taken)} so far, none has ended, and ${left}`;
  const verdict = LIKELY_AGAIN * taken > leftSeconds ? VERDICTS.probably : VERDICTS.even;
  return `: ${verdict}: ${sofar}`;
}

/** Seconds that a frame of a run takes, by what is known now. */
type EachOf = (run: RunRecord, now: EpochMs) => number;

const surelySeconds: EachOf = (run, now) =>
  run.times.frames > 0 ? expectedSeconds(run, now) : LEAST_SECONDS;

/** At least, as long as none has ended. */
const likelySeconds: EachOf = (run, now) => {
  if (run.times.frames > 0) return expectedSeconds(run, now);
  return Math.max(run.like?.seconds ?? QUICK_SECONDS, leastSeconds(run, now));
};

function frameWords({ like }: RunRecord, each: number): string {
  const seconds = `a frame takes ${like?.seconds === each ? '' : 'only '}${Math.round(each)} s`;
  return like?.seconds === each
    ? `if ${seconds}, as the last version (${versionName(like.version)}) has it`
    : `even if ${seconds}`;
}

/** With all the workers that there can be, if each is busy to the end. */
function timeAhead(sight: Sight, draft: Draft, run: RunRecord, { max }: PoolPolicy, eachOf: EachOf) {
  const { seconds, frames } = workAhead(sight, draft, run, eachOf);
  const workers = Math.max(1, Math.min(max, frames));
  return {
    seconds: seconds / workers,
    workers: workers === 1 ? 'one worker' : `all ${workers} workers`,
  };
}

/** What must be rendered until this run is done: its own frames and those that go before them, less what was rendered of those that run. */
function workAhead(sight: Sight, draft: Draft, run: RunRecord, eachOf: EachOf) {
  const pool = poolOf(sight.policy, run);
  let seconds = 0;
  let frames = 0;
  for (const other of runsOfPool(sight, draft, pool)) {
    if (inOrder(run, other) < 0 || other.stopping !== null) continue;
    const open = openFrames(other).length;
    const each = eachOf(other, sight.now);
    frames += open;
    const around = eachOf === surelySeconds ? 0 : aroundTasks(sight, other, open);
    seconds += Math.max(0, open * each - secondsUnderWay(other, each, sight.now)) + around;
  }
  return { seconds, frames };
}

/** Seconds of loading and waiting for the tasks of so many frames. */
function aroundTasks(sight: Sight, run: RunRecord, frames: number): number {
  const tasks = chunkSizesOf(sight, run, frames, run.settings?.chunkSize.value ?? null).length;
  return tasks * secondsAroundTask(run);
}

/** A worker boots when the farm is there; 0 once somebody is there to begin. */
function secondsToFirstFrame(sight: Sight, draft: Draft, pool: PoolPolicy) {
  const { observed, now } = sight;
  if (observed.farm === 'unknown' || observed.workers === 'unknown') return { least: 0, usual: 0 };
  const ages = observed.workers
    .filter((worker) => worker.pool === pool.name && worker.state !== 'ended')
    .map(({ orderedAt }) => (now - orderedAt) / 1000);
  const oldest = Math.max(0, ...ages);
  const { waiting, coming } = secondsToFarm(sight, draft);
  const until = (farm: number, boot: number) => waiting + Math.max(0, farm) + Math.max(0, boot - oldest);
  return {
    least: until(coming - FARM_SECONDS + LEAST_FARM_SECONDS, LEAST_OF_BOOT * pool.bootSeconds),
    usual: until(coming, pool.bootSeconds),
  };
}

function duration(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
