import type { Policy, PoolPolicy } from './model.ts';
import type { Reason, RunRecord, RunSettings } from './run.ts';
import type { SceneFacts } from './shot-facts.ts';

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
      `A GPU was asked for, and Cycles has none on ${listed(named)}.`,
      'Set "device" to "auto" or "cpu", or name a pool whose machines have one.',
    );
  const large = able.filter((pool) => hasMemory(asked, pool));
  if (large.length === 0)
    return refuse(
      'notEnoughMemory',
      `${asked.memoryGiB.value} GiB of memory were asked for, and a worker of ${listed(able)} has at most ${largestOf(able)} GiB.`,
      'Ask for less as "memoryGiB", or name a pool with larger machines.',
    );
  const best = asked.device.value === 'cpu' ? large.find(({ hasGpu }) => hasGpu !== true) : undefined;
  const [first] = large;
  const pool = best ?? first;
  if (pool === undefined) throw new Error('no pool is left, though there was one');
  return { ok: true, pool };
}

/** The pool of a run; one that is not configured any more is replaced by the first. */
export function poolOf(policy: Policy, run: Pick<RunRecord, 'pool'>): PoolPolicy {
  return policy.pools.find(({ name }) => name === run.pool) ?? policy.pools[0];
}

/** The pool with as many workers at most as have the memory that these runs ask for. */
export function withRoom(pool: PoolPolicy, runs: readonly RunRecord[]): PoolPolicy {
  if (!pool.isMemoryShared || pool.memoryGiB === null) return pool;
  const asked = Math.max(0, ...runs.map((run) => run.settings?.memoryGiB.value ?? 0));
  const most = asked === 0 ? pool.max : Math.max(1, Math.floor(pool.memoryGiB / asked));
  return { ...pool, max: Math.min(pool.max, most) };
}

/** Only Cycles can be told to use one; the drawing engines take what there is. */
function lacksGpu(asked: Asked, scene: SceneFacts, pool: PoolPolicy): boolean {
  return asked.device.value === 'gpu' && scene.engine === 'CYCLES' && pool.hasGpu === false;
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
