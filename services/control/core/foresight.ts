import { capOf } from './cap.ts';
import { type Draft, openRuns, type Sight, updateRun } from './draft.ts';
import { type Estimate, estimates, secondsToFarm } from './estimate.ts';
import { forecastFor, withForecast } from './forecast-warnings.ts';
import { LEAST_SECONDS, leastSeconds } from './frame-times.ts';
import type { PoolPolicy } from './model.ts';
import { FARM_SECONDS, workAhead } from './pool-size.ts';
import { poolOf } from './pools.ts';
import { type RunRecord, versionName, wantsFarm } from './run.ts';
import { poolAtHand } from './staff.ts';

/** Says in the warnings of a run when, by what its frames have taught, its cap or its deadline will not be kept. */
export function foresee(sight: Sight, draft: Draft): void {
  const left = estimates(sight, draft);
  const open = openRuns(draft).filter(({ state }) => wantsFarm(state));
  const pools = sight.policy.pools.map((pool) => {
    const own = open.filter((run) => poolOf(sight.policy, run) === pool);
    return [pool.name, poolAtHand(sight, draft, pool, own)] as const;
  });
  const atHand = new Map(pools);
  for (const run of open) {
    if (run.stopping !== null) continue;
    const configured = poolOf(sight.policy, run);
    const pool = atHand.get(configured.name) ?? configured;
    const dollars = capWarning(sight, run, pool, left.get(run.id));
    const deadline = deadlineWarning(sight, draft, run, pool);
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

/** Nine frames of ten take longer, at a guess: what this says of a deadline is likely, and no more. */
const QUICK_SECONDS = 20;
/** Nearly all do: a farm that comes late makes nothing likely that was not when the deadline was set. */
const QUICKEST_SECONDS = 10;
/**
 * Of one that runs, and no other has ended, only its least is known: a time that is n times as long has odds of 1 in n (any magnitude
 * is equally likely). So four of five go on for a quarter of what they have taken, and half of them for as long again.
 */
const LIKELY_AGAIN = 0.25;
const EVEN_AGAIN = 1;

function deadlineWarning(sight: Sight, draft: Draft, run: RunRecord, pool: PoolPolicy): string | null {
  if (run.finishBy === null) return null;
  const leftSeconds = (run.finishBy - sight.now) / 1000;
  if (run.times.frames === 0) return unknownWarning(sight, draft, run, pool, leftSeconds);
  const { seconds, workers } = timeAhead(sight, draft, run, pool);
  if (seconds <= leftSeconds) return null;
  const rest = `about ${duration(seconds)} are needed with ${workers}`;
  return leftSeconds > 0
    ? `: cannot be kept: ${rest}, and ${duration(leftSeconds)} are left`
    : ` passed ${duration(-leftSeconds)} ago; ${rest}`;
}

/** Before frames have taught how long they take: what is sure, the farm, a boot and frames of no length; then what is likely even so. */
function unknownWarning(
  sight: Sight,
  draft: Draft,
  run: RunRecord,
  pool: PoolPolicy,
  leftSeconds: number,
): string | null {
  if (leftSeconds <= 0) return ` passed ${duration(-leftSeconds)} ago`;
  const left = `${duration(leftSeconds)} are left`;
  const begins = secondsToFirstFrame(sight, draft, pool);
  if (begins > leftSeconds)
    return `: cannot be kept: about ${duration(begins)} pass before the first frame begins, and ${left}`;
  const taken = leastSeconds(run, sight.now);
  for (const [each, verdict, why] of [
    [LEAST_SECONDS, 'cannot be kept', `even if a frame takes only ${LEAST_SECONDS} s`],
    likelyFrame(sight, run, taken),
  ] as const) {
    const { seconds, workers } = timeAhead(sight, draft, run, pool, each);
    if (begins + seconds > leftSeconds)
      return `: ${verdict}: about ${duration(begins + seconds)} are needed with ${workers} ${why}, and ${left}`;
  }
  const sofar = `a frame has taken ${duration(taken)} so far, none has ended, and ${left}`;
  if (LIKELY_AGAIN * taken > leftSeconds) return `: will probably not be kept: ${sofar}`;
  return EVEN_AGAIN * taken > leftSeconds ? `: may not be kept, the odds are even: ${sofar}` : null;
}

/** What a frame likely takes, at least; and the words for it. */
function likelyFrame({ now }: Sight, run: RunRecord, taken: number): readonly [number, string, string] {
  const { like, warnings, admittedAt, receivedAt } = run;
  const isNew = (now - (admittedAt ?? receivedAt)) / 1000 < FARM_SECONDS;
  const quick = isNew || forecastFor(warnings, 'finishBy') !== null ? QUICK_SECONDS : QUICKEST_SECONDS;
  const isLike = like !== null && like.seconds > taken;
  const each = isLike ? like.seconds : Math.max(quick, taken);
  const words = isLike
    ? `if a frame takes ${Math.round(each)} s, as the last version (${versionName(like.version)}) has it`
    : `even if a frame takes only ${Math.round(each)} s`;
  return [each, 'will probably not be kept', words];
}

/** With all the workers that there can be, if each is busy to the end. */
function timeAhead(sight: Sight, draft: Draft, run: RunRecord, { max }: PoolPolicy, unknownSeconds?: number) {
  const { seconds, frames } = workAhead(sight, draft, run, unknownSeconds);
  const workers = Math.max(1, Math.min(max, frames));
  return {
    seconds: seconds / workers,
    workers: workers === 1 ? 'one worker' : `all ${workers} workers`,
  };
}

/** A worker boots when the farm is there; 0 once somebody is there to begin. */
function secondsToFirstFrame(sight: Sight, draft: Draft, pool: PoolPolicy): number {
  const { observed, now } = sight;
  if (observed.farm === 'unknown' || observed.workers === 'unknown') return 0;
  const ages = observed.workers
    .filter((worker) => worker.pool === pool.name && worker.state !== 'ended')
    .map(({ orderedAt }) => (now - orderedAt) / 1000);
  const { waiting, coming } = secondsToFarm(sight, draft);
  return waiting + coming + Math.max(0, pool.bootSeconds - Math.max(0, ...ages));
}

function duration(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
