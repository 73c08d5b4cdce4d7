import { type Draft, remember, type Sight } from './draft.ts';
import type { FarmMemory, PoolPolicy } from './model.ts';

/** Later boots count for a tenth each, so that what changes is learned and one slow machine is not. */
const SAMPLES_REMEMBERED = 10;
/** One that took longer was not waited for: the manager was away, or nobody looked. */
const LONGEST_BOOT_SECONDS = 3600;

/** Learns from each worker, once, how long it took from its order until the manager saw it awake. */
export function learnBoots(sight: Sight, draft: Draft): void {
  const { workers, managerWorkers } = sight.observed;
  if (workers === 'unknown' || managerWorkers === 'unknown') return;
  const awake = new Set(managerWorkers.filter(({ status }) => status === 'awake').map(({ name }) => name));
  const { booted, boots, waitedLong } = draft.memory;
  const living = workers.filter(({ state }) => state !== 'ended');
  const names = new Set(living.map(({ name }) => name));
  const known = new Set(booted);
  const fresh = living.filter(({ name }) => awake.has(name) && !known.has(name));
  const kept = booted.filter((name) => names.has(name));
  if (fresh.length === 0 && kept.length === booted.length) return;
  const prompt = fresh.filter(({ name }) => !waitedLong.includes(name));
  const learned = prompt.reduce(
    (soFar, { pool, orderedAt }) => withSample(soFar, pool, (sight.now - orderedAt) / 1000),
    boots,
  );
  remember(draft, { boots: learned, booted: [...kept, ...fresh.map(({ name }) => name)] });
}

/** The pool with the boot time that was learned, where one was. */
export function withLearnedBoot(pool: PoolPolicy, memory: FarmMemory): PoolPolicy {
  return { ...pool, bootSeconds: memory.boots[pool.name]?.seconds ?? pool.bootSeconds };
}

function withSample(boots: FarmMemory['boots'], pool: string, seconds: number): FarmMemory['boots'] {
  if (seconds > LONGEST_BOOT_SECONDS) return boots;
  const known = boots[pool] ?? { count: 0, seconds: 0 };
  const count = Math.min(known.count + 1, SAMPLES_REMEMBERED);
  return { ...boots, [pool]: { count, seconds: known.seconds + (seconds - known.seconds) / count } };
}
