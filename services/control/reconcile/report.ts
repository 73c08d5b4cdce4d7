import { type Costs, totalOf } from '../core/costs.ts';
import { createDraft } from '../core/draft.ts';
import { type Estimate, estimates } from '../core/estimate.ts';
import { framesOf } from '../core/frames.ts';
import type { FarmMemory, Observed, Policy, PoolPolicy, PoolVariant, WorkerObserved } from '../core/model.ts';
import { spentIn } from '../core/money.ts';
import { priceOf } from '../core/pools.ts';
import { askedBy, isFinal, type RunRecord, rendersFolder, thumbnailPath, versionName } from '../core/run.ts';
import { busyWorkers } from '../core/staff.ts';
import type {
  Forecast,
  MessagesStatus,
  PoolStatus,
  RunStatus,
  StatusDocument,
} from '../core/status-document.ts';
import type { EpochMs } from '../core/time.ts';
import { isWithoutMachine, limitOf, variantFor } from '../core/variants.ts';
import { frameCounts } from './frame-counts.ts';
import { withinSize } from './status-size.ts';
import { whyStill } from './why-still.ts';

const iso = (at: EpochMs) => new Date(at).toISOString();

export interface Reported {
  readonly observed: Observed;
  readonly policy: Policy;
  readonly memory: FarmMemory;
  /** Open runs and the last ended ones, newest first. */
  readonly runs: readonly RunRecord[];
  readonly now: EpochMs;
  readonly nextLookAt: EpochMs;
  /** What is left of each run, as `estimatesOf` reckoned it. */
  readonly left: ReadonlyMap<string, Estimate>;
  /** What was told last; `null` = nothing yet, or it is not known. */
  readonly before: StatusDocument | null;
  /** `null` = nobody outside is told, or how they get through is not known. */
  readonly messages: MessagesStatus | null;
}

/** The status document: what people see of this pass. */
export function statusDocument(reported: Reported): StatusDocument {
  return withinSize(wholeDocument(reported));
}

function wholeDocument(reported: Reported): StatusDocument {
  const { memory, policy, now, nextLookAt, left } = reported;
  const pools = policy.pools.map((pool) => poolStatus(reported, pool));
  const runs = reported.runs.map((run) => runStatus(reported, run, pools, left.get(run.id)));
  const endsAt = idleEnd(reported);
  const spent = spentIn(memory.ledger, reported.observed);
  return {
    schema: 1,
    asOf: iso(now),
    nextLookAt: iso(nextLookAt),
    sentence: sentence(reported, pools),
    farm: {
      stage: memory.unknownSince === null ? memory.stage : 'unknown',
      reason: memory.stageReason,
      since: iso(memory.stageSince),
      zone: zoneOf(reported.observed),
      endsAt: endsAt === null ? null : iso(endsAt),
      isPaused: memory.isPaused,
    },
    pools,
    runs,
    decisions: memory.decisions.map(decisionTold),
    money: {
      today: spent.today,
      month: spent.month,
      cap: policy.monthlyBudgetDollars,
      ...toldOf('unshared', spent.unshared),
    },
    leftovers: memory.leftovers,
    ...(reported.messages !== null && { messages: reported.messages }),
  };
}

type DecisionTold = StatusDocument['decisions'][number];

/** What was decided stays as it is from pass to pass: each is put into words once. */
const toldOnce = new WeakMap<FarmMemory['decisions'][number], DecisionTold>();

function decisionTold(decision: FarmMemory['decisions'][number]): DecisionTold {
  const { at, what, reason } = decision;
  const told = toldOnce.get(decision) ?? { at: iso(at), what, reason };
  toldOnce.set(decision, told);
  return told;
}

/** As digits that matter; nothing of what is nought. */
function toldOf<Name extends string>(name: Name, costs: Costs): { readonly [name in Name]?: Costs } {
  if (totalOf(costs) === 0) return {};
  const digits = Object.entries(costs).map(([kind, dollars]) => [kind, Math.round(dollars * 1e5) / 1e5]);
  return { [name]: Object.fromEntries(digits) } as { readonly [name in Name]: Costs };
}

function zoneOf({ farm }: Observed): string | null {
  return farm !== 'unknown' && 'zone' in farm ? farm.zone : null;
}

function poolStatus(reported: Reported, pool: PoolPolicy): PoolStatus {
  const { observed, policy, memory, now } = reported;
  const { workers } = observed;
  const living =
    workers === 'unknown'
      ? []
      : workers.filter((worker) => worker.state !== 'ended' && worker.pool === pool.name);
  const variant = variantFor({ observed, policy, now }, memory, pool);
  const counts = countsOf(reported, pool, living);
  return {
    name: pool.name,
    wanted: counts.booting + counts.busy + counts.idle,
    ...counts,
    pricePerHour: priceOf(policy, pool, variant?.name, now),
    variant: variant?.name ?? null,
    reason: whyShort(reported, pool, variant, living),
  };
}

type Counts = Pick<PoolStatus, 'booting' | 'busy' | 'idle' | 'draining'>;

const NOBODY: Counts = { booting: 0, busy: 0, idle: 0, draining: 0 };

/** Not known is not none: what cannot be seen at this look is as it was told last, as far as it can be. */
function countsOf(
  { observed: { workers, managerWorkers, details }, before }: Reported,
  pool: PoolPolicy,
  living: readonly WorkerObserved[],
): Counts {
  const told = before?.pools.find(({ name }) => name === pool.name) ?? NOBODY;
  const { booting, busy, idle, draining } = told;
  if (workers === 'unknown') return { booting, busy, idle, draining };
  if (managerWorkers === 'unknown') return withinTeam(told, living);
  const known = new Map(managerWorkers.map((worker) => [worker.name, worker]));
  const active = busyWorkers(details);
  const counts = { ...NOBODY };
  for (const { name } of living) {
    const worker = known.get(name);
    if (worker === undefined || worker.status === '' || worker.status === 'starting') counts.booting += 1;
    else if (worker.isDraining) counts.draining += 1;
    else if (active.has(worker.id)) counts.busy += 1;
    else counts.idle += 1;
  }
  const isUnread = [...details.values()].some(({ tasks }) => tasks === 'unknown');
  const still = isUnread ? Math.min(counts.idle, Math.max(0, busy - counts.busy)) : 0;
  return { ...counts, busy: counts.busy + still, idle: counts.idle - still };
}

/** Who is on a machine does what was told last; all others boot. */
function withinTeam(told: Counts, living: readonly WorkerObserved[]): Counts {
  const running = living.filter(({ state }) => state === 'running').length;
  const busy = Math.min(told.busy, running);
  const draining = Math.min(told.draining, running - busy);
  const idle = Math.min(told.idle, running - busy - draining);
  return { busy, draining, idle, booting: living.length - busy - draining - idle };
}

/** Why a pool has not what is wanted of it, or not from where it is wanted. */
function whyShort(
  { observed, memory, now }: Reported,
  pool: PoolPolicy,
  variant: PoolVariant | null,
  living: readonly WorkerObserved[],
): string | null {
  const limit = limitOf(observed, pool, variant);
  const waiting = living.filter(isWithoutMachine);
  const said: string[] = [];
  if (limit !== null) said.push(`At most ${plural(limit.workers, 'worker')}: ${limit.message}.`);
  if (waiting.length > 0)
    said.push(
      `${plural(waiting.length, 'worker')} ${waiting.length === 1 ? 'waits' : 'wait'} for a machine: ${waiting[0]?.why}.`,
    );
  const late = living.find((worker) => isLate(worker, now));
  if (late !== undefined) said.push(`Worker ${late.name} does not begin: ${late.why}.`);
  const isElsewhere = memory.variants[pool.name]?.name === variant?.name && variant !== pool.variants?.[0];
  if (variant !== null && isElsewhere)
    said.push(`${variant.name} is used instead of ${pool.variants?.[0]?.name}, which had no machine.`);
  return said.length === 0 ? null : said.join(' ');
}

type Estimated = Pick<Reported, 'observed' | 'policy' | 'memory' | 'runs' | 'now'>;

/** What is left of each of these runs; reckoned once a pass. */
export function estimatesOf({
  observed,
  policy,
  memory,
  runs,
  now,
}: Estimated): ReadonlyMap<string, Estimate> {
  const open = new Map(runs.map((run) => [run.id, run] as const));
  return estimates({ observed, policy, now }, { ...createDraft(observed), runs: open, memory });
}

/** A machine has long booted and fetched its image by then. */
const LATE_MS = 5 * 60_000;

function isLate(worker: WorkerObserved, now: EpochMs): boolean {
  const { state, why, orderedAt } = worker;
  return state === 'waiting' && !isWithoutMachine(worker) && Boolean(why) && now - orderedAt >= LATE_MS;
}

function runStatus(
  reported: Reported,
  run: RunRecord,
  pools: readonly PoolStatus[],
  left: Estimate | undefined,
): RunStatus {
  const frames = frameCounts(reported.observed, run, reported.before);
  const by = askedBy(run);
  return {
    id: run.id,
    shot: run.shot,
    version: run.version === null ? null : versionName(run.version),
    state: run.state,
    since: iso(run.stateSince),
    reason: whyStill(reported, run, pools, frames.active) ?? run.reason,
    frames,
    etaSeconds: left?.seconds ?? null,
    ...likeOf(run, left),
    dollars: { soFar: run.dollars, ...costInAll(run, left) },
    ...toldOf('costs', run.costs),
    thumbnail: thumbnailOf(run),
    warnings: run.warnings,
    ...(by !== null && { requestedBy: by }),
  };
}

function likeOf({ like, times }: RunRecord, left: Estimate | undefined): Pick<RunStatus, 'like'> {
  return left === undefined || like === null || times.frames > 0 ? {} : { like: versionName(like.version) };
}

/** What is forecast against `maxDollars`, too; an ended run costs no more. */
export function costInAll(run: RunRecord, left: Estimate | undefined): Forecast {
  const { dollars } = run;
  if (isFinal(run.state)) return { p10: dollars, p50: dollars, p90: dollars };
  if (left === undefined) return { p10: null, p50: null, p90: null };
  const { p10, p50, p90 } = left.dollars;
  return { p10: dollars + p10, p50: dollars + p50, p90: dollars + p90 };
}

function thumbnailOf(run: RunRecord): string | null {
  const last = framesOf(run.proved).at(-1);
  return last === undefined ? null : thumbnailPath(rendersFolder(run), last);
}

/** When an idle farm goes down; `null` = it is not idle, or is kept. */
function idleEnd({ memory, policy }: Reported): EpochMs | null {
  return memory.idleSince === null || policy.keepControlPlane
    ? null
    : memory.idleSince + policy.idleTeardownMs;
}

function sentence(reported: Reported, pools: readonly PoolStatus[]): string {
  const { memory, runs, policy, now } = reported;
  const rendering = runs.filter(({ state }) => state === 'rendering').length;
  const queued = runs.filter(({ state }) => state === 'queued').length;
  const waiting = runs.filter(
    ({ state }) => state === 'waiting' || state === 'held' || state === 'received',
  ).length;
  const workers = pools.reduce((sum, { busy, idle, draining }) => sum + busy + idle + draining, 0);
  if (memory.unknownSince !== null)
    return 'The farm cannot be seen at the moment; nothing is changed until it can.';
  if (memory.stage === 'broken') return `The farm is broken: ${memory.stageReason ?? 'no reason is known'}.`;
  if (rendering > 0 && workers > 0)
    return `Rendering ${plural(rendering, 'shot')} on ${plural(workers, 'worker')}.`;
  if (rendering + queued > 0) return whyNobodyRenders(memory, rendering + queued, pools);
  const waits = waiting > 0 ? ` ${plural(waiting, 'shot')} ${waiting === 1 ? 'waits' : 'wait'}.` : '';
  if (memory.stage === 'letting-go' && policy.keepControlPlane)
    return `Nothing to render; KEEP_CONTROL_PLANE keeps the farm up.${waits}`;
  if (memory.stage === 'letting-go' && now < (idleEnd(reported) ?? now))
    return `Nothing to render; the farm is idle and goes down unless work comes.${waits}`;
  if (memory.stage === 'letting-go' || memory.stage === 'deleting')
    return `The farm is going down: ${memory.stageReason ?? 'nothing is left to render'}.${waits}`;
  if (memory.stage !== 'absent') return `Nothing to render; the farm is kept up${whyKept(memory)}.${waits}`;
  if (waiting > 0)
    return `${plural(waiting, 'shot')} ${waiting === 1 ? 'waits' : 'wait'}; no farm is running.`;
  return 'Nothing to render; no farm is running.';
}

function whyNobodyRenders(
  { stage, stageReason }: FarmMemory,
  shots: number,
  pools: readonly PoolStatus[],
): string {
  const waiting = `${plural(shots, 'shot')} ${shots === 1 ? 'waits' : 'wait'}`;
  if (stage === 'absent' && stageReason !== null) return `${waiting} for a farm. ${stageReason}.`;
  if (stage !== 'ready') return `Getting the farm ready for ${plural(shots, 'shot')}.`;
  const booting = pools.reduce((sum, pool) => sum + pool.booting, 0);
  return booting > 0
    ? `${waiting} for ${plural(booting, 'worker')} to boot.`
    : `${waiting}; no worker is there at the moment.`;
}

function whyKept({ awakeUntil }: FarmMemory): string {
  return awakeUntil === null ? '' : `, as a person asked, until ${iso(awakeUntil)}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
