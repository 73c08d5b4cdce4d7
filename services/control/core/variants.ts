import { act, type Draft, note, remember, type Sight } from './draft.ts';
import type { FarmMemory, Observed, PoolLimit, PoolPolicy, PoolVariant, WorkerObserved } from './model.ts';
import { priceOf, variantOf } from './pools.ts';

/** The autoscaler has said that it finds no machine: a second try of its own may still do. */
const TOLD_AFTER_MS = 2 * 60_000;
/** Nobody says why: a machine that boots and fetches its image has long begun by now. */
const UNTOLD_AFTER_MS = 10 * 60_000;
/** Droughts of spot machines pass: new workers try the first variant again, and what waits for the last one goes round. */
const FIRST_AGAIN_MS = 20 * 60_000;
/** How the autoscaler's word about a machine that is not to be had begins (ports/workers.ts). */
const NO_MACHINE = /^(?:FailedScaleUp|NotTriggerScaleUp):/;

/** Whether it waits because there is no machine for it, as far as anybody has said. */
export function isWithoutMachine({ state, why }: WorkerObserved): boolean {
  return state === 'waiting' && NO_MACHINE.test(why ?? '');
}

/** What new workers of a pool are ordered on; `null` = the pool has no variants. */
export function variantFor(
  { observed, now }: Sight,
  memory: FarmMemory,
  pool: PoolPolicy,
): PoolVariant | null {
  const moved = memory.variants[pool.name];
  const isStill = moved !== undefined && now - moved.since < FIRST_AGAIN_MS;
  const wanted = variantOf(pool, isStill ? moved.name : null);
  if (wanted === null || hasRoom(observed, pool, wanted)) return wanted;
  return pool.variants?.find((variant) => hasRoom(observed, pool, variant)) ?? wanted;
}

/** The first of a pool's variants whose machines are not taken away; `null` = none is allowed, or the quotas leave none. */
export function lastingVariant({ observed }: Sight, pool: PoolPolicy): PoolVariant | null {
  return pool.variants?.find((variant) => !variant.isSpot && hasRoom(observed, pool, variant)) ?? null;
}

/** So long it takes at most until each variant that the quotas leave was given its time. */
export function longestSearchMs(observed: Observed, pool: PoolPolicy): number {
  return roomyVariants(observed, pool).length * UNTOLD_AFTER_MS;
}

/** Whether the pool has come to the last of its variants and waits there in vain, too. */
export function triedAll(sight: Sight, pool: PoolPolicy, workers: readonly WorkerObserved[]): boolean {
  const roomy = roomyVariants(sight.observed, pool);
  const last = roomy.at(-1);
  if (last === undefined || roomy.length === 1) return true;
  return workers.some(
    (worker) =>
      worker.pool === pool.name && variantOf(pool, worker.variant) === last && isStuck(sight, worker),
  );
}

function roomyVariants(observed: Observed, pool: PoolPolicy): readonly PoolVariant[] {
  return (pool.variants ?? []).filter((variant) => hasRoom(observed, pool, variant));
}

function hasRoom(observed: Observed, pool: PoolPolicy, variant: PoolVariant): boolean {
  return limitOf(observed, pool, variant)?.workers !== 0;
}

/** What the quotas allow of a pool on this variant, where it is less than its maximum; `null` = all of it. */
export function limitOf(
  { quotas }: Observed,
  { name, max }: PoolPolicy,
  variant: PoolVariant | null,
): PoolLimit | null {
  if (quotas === 'unknown') return null;
  const own = quotas.filter((limit) => limit.pool === name && [null, variant?.name].includes(limit.variant));
  const least = own.reduce<PoolLimit | null>(
    (less, limit) => (less === null || limit.workers < less.workers ? limit : less),
    null,
  );
  return least === null || least.workers >= max ? null : least;
}

/**
 * Workers for which no machine of their kind is to be had make place for others on the next variant of their pool, in the
 * order of its configuration; at its end they wait, and begin at the first again after a while. Who leaves is returned.
 */
export function moveOn(
  sight: Sight,
  draft: Draft,
  pool: PoolPolicy,
  living: readonly WorkerObserved[],
): readonly WorkerObserved[] {
  const { variants = [] } = pool;
  if (variants.length < 2) return [];
  const leaving: WorkerObserved[] = [];
  for (const [index, variant] of variants.entries()) {
    const stuck = living.filter(
      (worker) => variantOf(pool, worker.variant) === variant && isStuck(sight, worker),
    );
    // Where the quotas leave none, nobody would be ordered.
    const behind = variants.slice(index + 1).find((each) => hasRoom(sight.observed, pool, each));
    const next = behind ?? backToFirst(sight, stuck, variants);
    const [first] = stuck;
    if (first === undefined || next === undefined) continue;
    leaving.push(...stuck);
    leave(sight, draft, pool, { from: variant, to: next, why: first.why ?? null }, stuck);
  }
  return leaving;
}

interface Move {
  readonly from: PoolVariant;
  readonly to: PoolVariant;
  readonly why: string | null;
}

function leave(
  sight: Sight,
  draft: Draft,
  pool: PoolPolicy,
  { from, to, why }: Move,
  stuck: readonly WorkerObserved[],
): void {
  const { policy, now } = sight;
  const reason = `no machine was to be had on ${from.name}${why === null ? '' : `: ${why}`}`;
  for (const { name } of stuck) act(draft, { kind: 'withdrawWorker', name, reason });
  const price = `$${priceOf(policy, pool, to.name, now)} an hour${to.isSpot ? '' : ', not spot'}`;
  note(sight, draft, `pool ${pool.name}: ${stuck.length} workers move on to ${to.name} (${price})`, reason);
  remember(draft, { variants: { ...draft.memory.variants, [pool.name]: { name: to.name, since: now } } });
}

/** Nothing is left to fall back to: they wait where they are, but not for ever. */
function backToFirst(
  { now }: Sight,
  stuck: readonly WorkerObserved[],
  variants: readonly PoolVariant[],
): PoolVariant | undefined {
  return stuck.some(({ orderedAt }) => now - orderedAt >= FIRST_AGAIN_MS) ? variants[0] : undefined;
}

function isStuck({ now }: Sight, worker: WorkerObserved): boolean {
  const { state, startedAt = null, orderedAt } = worker;
  if (state !== 'waiting' || startedAt !== null) return false;
  return now - orderedAt >= (isWithoutMachine(worker) ? TOLD_AFTER_MS : UNTOLD_AFTER_MS);
}
