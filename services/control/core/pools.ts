import { type Draft, openRuns, type Sight } from './draft.ts';
import type { Policy, PoolPolicy, PoolVariant } from './model.ts';
import { type Reason, type RunRecord, type RunSettings, wantsFarm } from './run.ts';
import type { SceneFacts } from './shot-facts.ts';
import type { EpochMs } from './time.ts';

export type PoolChosen =
  | { readonly ok: true; readonly pool: PoolPolicy }
  | { readonly ok: false; readonly reason: Reason };

type Asked = Pick<RunSettings, 'pool' | 'device' | 'memoryGiB'>;

/** The pool that a run renders on: the one it names, else the first that can do what it asks for. */
export function choosePool(asked: Asked, scene: SceneFacts, pools: Policy['pools']): PoolChosen {
  const wanted = asked.pool.value;
  const named = wanted === null ? pools : pools.filter((pool) => pool.name === wanted);
  if (named.length === 0)
    return refuse(
      'badSettings',
      `There is no pool "${wanted}"; there is ${pools.map(({ name }) => `"${name}"`).join(', ')}.`,
      'Name one of these as "pool", or leave it out.',
    );
  const able = named.filter((pool) => !lacksGpu(asked, scene, pool));
  if (able.length === 0)
    return refuse(
      'gpuMissing',
      `A GPU was asked for, and ${engineName(scene)} has none on ${listed(named)}.`,
      'Set "device" to "auto" or "cpu", or name a pool whose machines have one.',
    );
  const fitting = able.filter((pool) => !wastesGpu(scene, pool));
  if (fitting.length === 0)
    return refuse(
      'gpuUnused',
      `${engineName(scene)} draws its pictures and cannot use the GPUs of ${listed(able)}, which would be paid for all the same.`,
      'Name a pool without GPUs, or render it with Cycles.',
    );
  const large = fitting.filter((pool) => hasMemory(asked, pool));
  if (large.length === 0)
    return refuse(
      'notEnoughMemory',
      `${asked.memoryGiB.value} GiB of memory were asked for, and a worker of ${listed(fitting)} has at most ${largestOf(fitting)} GiB.`,
      'Ask for less as "memoryGiB", or name a pool with larger machines.',
    );
  const best = asked.device.value === 'cpu' ? large.find(({ hasGpu }) => hasGpu !== true) : undefined;
  const [first] = large;
  const pool = best ?? first;
  if (pool === undefined) throw new Error('no pool is left, though there was one');
  return { ok: true, pool };
}

/** Spot prices move: older ones than this are no base for a cap. */
const PRICES_HOLD_MS = 30 * 24 * 3_600_000;

/**
 * Dollars an hour of a worker of this pool on one of its variants (`null` or left out = the first), as caps count it: as an
 * on-demand machine once the prices are too old.
 */
export function priceOf(
  { pricesAt }: Policy,
  pool: PoolPolicy,
  variant: string | null | undefined,
  now: EpochMs,
): number {
  const kind = variantOf(pool, variant);
  if (kind === null) return pool.pricePerHour;
  const isOld = pricesAt !== null && now - pricesAt > PRICES_HOLD_MS;
  return isOld ? Math.max(kind.pricePerHour, kind.onDemandPricePerHour ?? 0) : kind.pricePerHour;
}

/** One of a pool's variants by its name, else the first; `null` = it has none. */
export function variantOf(
  { variants = [] }: PoolPolicy,
  name: string | null | undefined,
): PoolVariant | null {
  return variants.find((variant) => variant.name === name) ?? variants[0] ?? null;
}

/** The pool of a run; one that is not configured any more is replaced by the first. */
export function poolOf(policy: Policy, run: Pick<RunRecord, 'pool'>): PoolPolicy {
  return policy.pools.find(({ name }) => name === run.pool) ?? policy.pools[0];
}

/** Its job has the tag of a pool that is not configured any more: no worker of another one takes its tasks. */
export function waitsForGonePool({ observed, policy }: Sight, { id, pool }: RunRecord): boolean {
  const job = observed.details.get(id)?.job ?? 'unknown';
  if (job === 'unknown' || job === null) return false;
  return pool !== null && policy.pools.every(({ name }) => name !== pool);
}

/** The pool with as many workers at most as have the memory that these runs ask for. */
export function withRoom(pool: PoolPolicy, runs: readonly RunRecord[]): PoolPolicy {
  if (!pool.isMemoryShared || pool.memoryGiB === null) return pool;
  const asked = Math.max(0, ...runs.map((run) => run.settings?.memoryGiB.value ?? 0));
  const most = asked === 0 ? pool.max : Math.max(1, Math.floor(pool.memoryGiB / asked));
  return { ...pool, max: Math.min(pool.max, most) };
}

/** Only Cycles can be told to use one; the drawing engines take what there is, if that can be had at all. */
function lacksGpu(asked: Asked, scene: SceneFacts, pool: PoolPolicy): boolean {
  if (asked.device.value !== 'gpu') return false;
  return scene.engine === 'CYCLES' ? pool.hasGpu === false : pool.drawsInSoftware === true;
}

function wastesGpu(scene: SceneFacts, pool: PoolPolicy): boolean {
  return scene.engine !== 'CYCLES' && pool.hasGpu === true && pool.drawsInSoftware === true;
}

function engineName({ engine }: SceneFacts): string {
  if (engine === 'CYCLES') return 'Cycles';
  return engine.startsWith('BLENDER_EEVEE') ? 'EEVEE' : engine;
}

function hasMemory(asked: Asked, pool: PoolPolicy): boolean {
  return pool.memoryGiB === null || (asked.memoryGiB.value ?? 0) <= pool.memoryGiB;
}

function largestOf(pools: readonly PoolPolicy[]): number {
  return Math.floor(Math.max(...pools.map(({ memoryGiB }) => memoryGiB ?? 0)) * 10) / 10;
}

function listed(pools: readonly PoolPolicy[]): string {
  return `${pools.length === 1 ? 'pool' : 'pools'} ${pools.map(({ name }) => `"${name}"`).join(', ')}`;
}

function refuse(code: string, message: string, action: string): PoolChosen {
  return { ok: false, reason: { code, message, action } };
}

/** Open runs that want workers of this pool. */
export function runsOfPool(sight: Sight, draft: Draft, pool: PoolPolicy): readonly RunRecord[] {
  return openRuns(draft).filter(
    (run) => wantsFarm(run.state) && poolOf(sight.policy, run).name === pool.name,
  );
}
