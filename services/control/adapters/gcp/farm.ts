import type { EpochMs } from '../../core/time.ts';
import { isPortError, PortError } from '../../ports/errors.ts';
import type { Farm, FarmSeen } from '../../ports/farm.ts';
import type { Records } from '../../ports/records.ts';
import type { Deadman } from './deadman.ts';
import { scarcityOf } from './errors.ts';
import type { ClusterSeen, Gke } from './gke.ts';
import {
  doomOf,
  type Failure,
  type GkeMemory,
  type GkeMemoryRead,
  isLiving,
  readGkeMemory,
} from './gke-memory.ts';
import type { Leftovers } from './leftovers.ts';
import { keepSpares, noteSpares } from './spare-switches.ts';

type ManagerSeen = Pick<
  Extract<FarmSeen, { state: 'up' }>,
  'manager' | 'managerUrl' | 'managerId' | 'trouble'
>;

/** Flamenco Manager on a cluster that is up. */
export interface ManagerOnCluster {
  look(cluster: ClusterSeen): Promise<ManagerSeen>;
  /** Begins installing and returns at once. Idempotent. */
  install(cluster: ClusterSeen): Promise<void>;
}

/** The cluster that workers are ordered on. */
export interface ClusterInUse {
  /** The one that is up, as of the last look, which is repeated when it is old; `null` = there is none. */
  cluster(): Promise<ClusterSeen | null>;
}

interface Options {
  readonly farm: string;
  /** Tried in turn. */
  readonly zones: readonly string[];
  readonly gke: Gke;
  readonly manager: ManagerOnCluster;
  readonly deadman: Deadman;
  readonly leftovers: Leftovers;
  readonly records: Records;
  readonly clock: { now(): EpochMs };
  /** Told when a creation came to nothing and why. */
  readonly onGivenUp: (cluster: { readonly name: string; readonly zone: string }, message: string) => void;
  /** Told when a cluster that was given up has no switch of its own, or one is left over. */
  readonly onUnguarded?: (error: Error) => void;
}

/** Why a creation came to nothing. */
type Reason = Pick<Failure, 'code' | 'message'>;

const OVERTAKEN: Reason = { code: 'transient', message: 'another one was created after it' };
const MAX_MESSAGE = 500;
/** A control plane with one node takes 4 to 7 minutes; a stock-out holds it for 35. */
export const CREATION_PATIENCE_MS = 12 * 60_000;
/**
 * With all other zones tried of late it is waited for until GKE itself has given it up: where creations just take long today, the next
 * one would not be there sooner either.
 */
const LAST_CREATION_PATIENCE_MS = 40 * 60_000;
/** So long a zone counts as tried of late. */
const TRIED_MS = 90 * 60_000;
/** A zone that had no machines is tried again after so long. */
export const ZONE_RESTS_MS = 30 * 60_000;
/** The manager of a cluster that GKE calls degraded may start anew meanwhile. */
export const SILENCE_PATIENCE_MS = 10 * 60_000;
/** A pass looks first and then asks for workers. */
const SEEN_HOLDS_MS = 30_000;
/** What failed and is no matter of seconds (a cluster that may not be deleted yet) is tried again so often. */
const AGAIN_MS = 60_000;
/** With nothing ordered GKE is asked so often whether there is really nothing: at rest a pass is to be cheap. */
const EMPTY_HOLDS_MS = 15 * 60_000;

/**
 * The farm as a GKE cluster with our label. What is there is read from GKE; a small record keeps the rest. A creation
 * that hangs or fails is given up: `look` says `absent`, so that the next one is tried in the next zone under the next
 * name, and deletes the old cluster as soon as GKE lets us.
 */
export function createGkeFarm(options: Options): Farm & ClusterInUse {
  const { gke, manager, deadman, records, clock } = options;
  let seen: { readonly up: ClusterSeen | null; readonly at: EpochMs } | null = null;
  const askedToGoAt = new Map<string, EpochMs>();
  let silentSince: EpochMs | null = null;
  let unguardedAt: EpochMs = Number.NEGATIVE_INFINITY;

  /** The clusters, and the memory brought up to what they show. */
  async function observe({ memory: before, save }: GkeMemoryRead) {
    const clusters = await gke.list();
    const failures = await failuresAmong(clusters, before);
    const vanished = await failureOfVanished(clusters, before);
    const now = clock.now();
    const known = vanished === null ? before : withFailed(before, vanished, vanished, now);
    const noted = noteSpares(adopt(afterLook(known, clusters, failures, now), clusters, now));
    if (noted !== before) await save(noted);
    for (const [cluster, { message }] of failures) options.onGivenUp(cluster, message);
    if (vanished !== null) options.onGivenUp(vanished, vanished.message);
    const memory = await guardGivenUp(noted, save);
    const up = clusters.find((cluster) => isUsable(cluster) && isLiving(cluster, memory)) ?? null;
    seen = { up, at: clock.now() };
    return { clusters, memory, save };
  }

  /** A cluster that hangs is not the one whose deletion is put off: it must go even if nobody looks any more. */
  async function guardGivenUp(noted: GkeMemory, save: GkeMemoryRead['save']): Promise<GkeMemory> {
    if (clock.now() - unguardedAt < AGAIN_MS) return noted;
    const { memory, error } = await keepSpares(noted, deadman);
    if (memory !== noted) await save(memory);
    if (error === null) return memory;
    // What must not keep the farm from being looked after: it is tried again.
    unguardedAt = clock.now();
    options.onUnguarded?.(error);
    return memory;
  }

  /** Creations that have come to nothing, with the reason. */
  async function failuresAmong(
    clusters: readonly ClusterSeen[],
    memory: GkeMemory,
  ): Promise<ReadonlyMap<ClusterSeen, Reason>> {
    const living = clusters.filter((cluster) => isLiving(cluster, memory));
    const newest = living.reduce<ClusterSeen | null>(
      (found, each) => (found === null || each.createdAt > found.createdAt ? each : found),
      null,
    );
    const failures = new Map<ClusterSeen, Reason>();
    for (const cluster of living) {
      const reason = cluster === newest ? await whyGivenUp(cluster, memory) : OVERTAKEN;
      if (reason !== null) failures.set(cluster, reason);
    }
    return failures;
  }

  /** GKE takes away by itself what it could not create: perhaps before anybody has looked. `null` = nothing came to nothing so. */
  async function failureOfVanished(
    clusters: readonly ClusterSeen[],
    { latest, emptyAt }: GkeMemory,
  ): Promise<(Reason & { readonly name: string; readonly zone: string }) | null> {
    if (latest === null || latest.operation === null || emptyAt !== null) return null;
    const { name, zone, operation } = latest;
    if (clusters.some((cluster) => cluster.name === name && cluster.zone === zone)) return null;
    const message = await failureOf(zone, operation);
    return message === null ? null : { name, zone, code: scarcityOf(message) ?? 'transient', message };
  }

  async function whyGivenUp(cluster: ClusterSeen, { latest, failures }: GkeMemory): Promise<Reason | null> {
    const { name, zone, state, message } = cluster;
    if (state !== 'creating' && state !== 'failed') return null;
    const operation = latest?.name === name && latest.zone === zone ? latest.operation : null;
    const failure = operation === null ? null : await failureOf(zone, operation);
    if (failure !== null) return { code: scarcityOf(failure) ?? 'transient', message: failure };
    if (state === 'failed') return { code: scarcityOf(message) ?? 'transient', message };
    const isUntried = (other: string) =>
      other !== zone && !failures.some((each) => each.zone === other && clock.now() - each.at < TRIED_MS);
    const patienceMs = options.zones.some(isUntried) ? CREATION_PATIENCE_MS : LAST_CREATION_PATIENCE_MS;
    if (clock.now() - cluster.createdAt <= patienceMs) return null;
    // One that hangs without a word waits for machines, as a rule.
    return { code: scarcityOf(message) ?? 'noCapacity', message: `its creation hangs; ${message}` };
  }

  /** Operations are forgotten in time. */
  async function failureOf(zone: string, operation: string): Promise<string | null> {
    try {
      return await gke.failureOf(zone, operation);
    } catch (error) {
      if (isPortError(error, 'notFound')) return null;
      throw error;
    }
  }

  async function pushDeletions(clusters: readonly ClusterSeen[], memory: GkeMemory): Promise<void> {
    for (const cluster of clusters) {
      const key = `${cluster.zone}/${cluster.name}`;
      const askedAt = askedToGoAt.get(key) ?? Number.NEGATIVE_INFINITY;
      if (cluster.state === 'deleting' || doomOf(cluster, memory) === null) continue;
      if (clock.now() - askedAt < AGAIN_MS) continue;
      askedToGoAt.set(key, clock.now());
      try {
        await gke.delete(cluster.zone, cluster.name);
      } catch (error) {
        // Another operation still runs on it, or it has gone meanwhile.
        if (!isPortError(error, 'transient', 'notFound')) throw error;
      }
    }
  }

  async function current(): Promise<ClusterSeen> {
    const { clusters, memory } = await observe(await readGkeMemory(records));
    const cluster = clusters.find((each) => isLiving(each, memory));
    if (cluster !== undefined && isUsable(cluster)) return cluster;
    throw new PortError('notFound', 'installing Flamenco Manager on a farm that is not up');
  }

  /**
   * A person would have to do something about it, and GKE says so of much that does no harm. What renders is not thrown
   * away for that: it is broken only when its manager has not answered for a while either.
   */
  async function lookAtDegraded(cluster: ClusterSeen): Promise<FarmSeen> {
    const { createdAt: since, zone, message } = cluster;
    const managerSeen = await manager.look(cluster);
    silentSince = managerSeen.manager === 'ready' ? null : (silentSince ?? clock.now());
    if (silentSince !== null && clock.now() - silentSince >= SILENCE_PATIENCE_MS)
      return { state: 'broken', since, message };
    return { state: 'up', since, zone, ...managerSeen, trouble: managerSeen.trouble ?? message };
  }

  async function lookAt(clusters: readonly ClusterSeen[], memory: GkeMemory): Promise<FarmSeen> {
    const cluster = clusters.find((each) => isLiving(each, memory));
    if (cluster === undefined) return whileNoneLives(clusters, memory);
    const { createdAt: since, zone } = cluster;
    if (cluster.endpoint === null || !isUsable(cluster)) return { state: 'creating', since, zone };
    if (cluster.state === 'degraded') return lookAtDegraded(cluster);
    silentSince = null;
    return { state: 'up', since, zone, ...(await manager.look(cluster)) };
  }

  return {
    look: async () => {
      const read = await readGkeMemory(records);
      if (isKnownEmpty(read.memory, clock.now())) return { state: 'absent' };
      const { clusters, memory } = await observe(read);
      await pushDeletions(clusters, memory);
      const givenUp = clusters.filter((each) => doomOf(each, memory) === 'given-up').length;
      return { ...(await lookAt(clusters, memory)), ...(givenUp === 0 ? {} : { givenUp }) };
    },

    create: async () => {
      const { clusters, memory, save } = await observe(await readGkeMemory(records));
      if (clusters.some((cluster) => isLiving(cluster, memory))) return;
      if (whileNoneLives(clusters, memory).state === 'deleting')
        throw new PortError('transient', 'creating a farm while the old one is being deleted');
      const now = clock.now();
      const zone = nextZone(options.zones, memory.failures, now);
      const name = `${options.farm}-${memory.ordered + 1}`;
      const begun = { ...memory, ordered: memory.ordered + 1, emptyAt: null };
      // Before the request, so that whatever crashes the name is not given twice and the cluster is looked for.
      await save({ ...begun, latest: { name, zone, at: now, operation: null } });
      await deadman.push({ name, zone });
      try {
        const operation = await gke.create(zone, name, now);
        await save({ ...begun, latest: { name, zone, at: now, operation } });
      } catch (error) {
        if (!(error instanceof PortError) || (error.code !== 'noCapacity' && error.code !== 'quota'))
          throw error;
        const { code, message } = error;
        await save({ ...begun, failures: withFailure(begun.failures, zone, { code, message }, now) });
        throw error;
      }
    },

    install: async () => manager.install(await current()),

    delete: async () => {
      const { clusters, memory, save } = await observe(await readGkeMemory(records));
      if (clusters.length === 0) return;
      const living = clusters.filter((cluster) => isLiving(cluster, memory));
      const doomed = [...memory.doomed, ...living.map(({ name, zone }) => doom(name, zone, 'ordered'))];
      const after = { ...memory, doomed };
      if (living.length > 0) await save(after);
      await pushDeletions(clusters, after);
    },

    pushDeadman: async () => {
      const { memory } = await readGkeMemory(records);
      if (memory.latest !== null && memory.emptyAt === null) await deadman.push(memory.latest);
    },

    cluster: async () => {
      if (seen !== null && clock.now() - seen.at < SEEN_HOLDS_MS) return seen.up;
      const read = await readGkeMemory(records);
      if (isKnownEmpty(read.memory, clock.now())) return null;
      await observe(read);
      return seen?.up ?? null;
    },

    leftovers: async () => {
      const clusters = await gke.list();
      const names = clusters.map(({ name, zone }) => `cluster ${name} in ${zone}`);
      return [...names, ...(await options.leftovers.find(clusters.length === 0))];
    },
  };
}

const isUsable = ({ state }: ClusterSeen) => state === 'up' || state === 'degraded';

/** `memory` itself when nothing of it changes. */
function afterLook(
  memory: GkeMemory,
  clusters: readonly ClusterSeen[],
  failures: ReadonlyMap<ClusterSeen, Reason>,
  now: EpochMs,
): GkeMemory {
  const isThere = ({ name, zone }: GkeMemory['doomed'][number]) =>
    clusters.some((cluster) => cluster.name === name && cluster.zone === zone);
  const kept = memory.doomed.filter(isThere);
  if (clusters.length === 0) {
    // Perhaps the latest one is not listed yet.
    if (memory.latest !== null && now - memory.latest.at < CREATION_PATIENCE_MS) return memory;
    return isKnownEmpty(memory, now) ? memory : { ...memory, doomed: [], emptyAt: now };
  }
  if (failures.size === 0 && kept.length === memory.doomed.length && memory.emptyAt === null) return memory;
  let after: GkeMemory = { ...memory, doomed: kept, emptyAt: null };
  for (const [cluster, reason] of failures) {
    const doomed = [...after.doomed, doom(cluster.name, cluster.zone, 'given-up')];
    after = { ...withFailed(after, cluster, reason, now), doomed };
  }
  return after;
}

/** Its operation has told all that it will: it is not asked again. */
function withFailed(
  memory: GkeMemory,
  { name, zone }: Pick<ClusterSeen, 'name' | 'zone'>,
  reason: Reason,
  now: EpochMs,
): GkeMemory {
  const isLatest = memory.latest?.name === name && memory.latest.zone === zone;
  const latest = isLatest && memory.latest !== null ? { ...memory.latest, operation: null } : memory.latest;
  return { ...memory, latest, failures: withFailure(memory.failures, zone, reason, now) };
}

/**
 * What lives is what the dead-man's switch is for, also when nobody remembers how it came: the record was lost, or an order
 * that seemed to have failed was carried out late. Its number is not given again.
 */
function adopt(memory: GkeMemory, clusters: readonly ClusterSeen[], now: EpochMs): GkeMemory {
  const living = clusters.find((cluster) => isLiving(cluster, memory));
  const { latest } = memory;
  if (living === undefined || (latest?.name === living.name && latest.zone === living.zone)) return memory;
  const { name, zone } = living;
  const ordered = Math.max(memory.ordered, ...clusters.map(numberOf));
  return { ...memory, ordered, latest: { name, zone, at: now, operation: null } };
}

function numberOf({ name }: ClusterSeen): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 0);
}

function whileNoneLives(clusters: readonly ClusterSeen[], memory: GkeMemory): FarmSeen {
  const going = clusters.find((cluster) => doomOf(cluster, memory) !== 'given-up');
  if (going === undefined) return { state: 'absent' };
  return { state: 'deleting', since: going.createdAt, zone: going.zone };
}

function isKnownEmpty({ emptyAt }: GkeMemory, now: EpochMs): boolean {
  return emptyAt !== null && now - emptyAt < EMPTY_HOLDS_MS;
}

/** The first zone, in the given order, where nothing failed of late; with none left the latest reason is told. */
function nextZone(zones: readonly string[], failures: readonly Failure[], now: EpochMs): string {
  const recent = failures.filter(({ zone, at }) => zones.includes(zone) && now - at < ZONE_RESTS_MS);
  const zone = zones.find((each) => recent.every((failure) => failure.zone !== each));
  if (zone !== undefined) return zone;
  const latest = recent.reduce((found, each) => (each.at > found.at ? each : found));
  throw new PortError(latest.code, 'creating a farm: no zone has room for it now', {
    cause: new Error(`${latest.zone}: ${latest.message}`),
  });
}

function withFailure(
  failures: readonly Failure[],
  zone: string,
  { code, message }: Reason,
  at: EpochMs,
): GkeMemory['failures'] {
  const others = failures.filter((failure) => failure.zone !== zone);
  return [...others, { zone, at, code, message: message.slice(0, MAX_MESSAGE) }];
}

function doom(name: string, zone: string, why: 'given-up' | 'ordered'): GkeMemory['doomed'][number] {
  return { name, zone, why };
}
