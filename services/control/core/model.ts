import type { Refusal } from './actions.ts';
import type { Catalog, SettingsSeen } from './catalog.ts';
import type { CommandSeen } from './command.ts';
import { type Costs, NO_COSTS } from './costs.ts';
import type { LearnedTimes } from './like.ts';
import type { Meters } from './meters.ts';
import type { FrameVerdict } from './proof.ts';
import type { RunRecord } from './run.ts';
import type { FarmStage } from './status-document.ts';
import type { EpochMs } from './time.ts';
import type { Listings } from './wanted-files.ts';

/** Could not be read this time. Never leads to scaling down or deleting. */
export type Unknown = 'unknown';

/** The parts of the ports' answers that decisions need, in core's own words (ports' types satisfy them). */
export interface InputSeen {
  readonly generation: string;
  readonly size: number;
  readonly updatedAt: EpochMs;
  readonly crc32c: string | null;
}

export type FarmObserved = (
  | { readonly state: 'absent' }
  | { readonly state: 'creating' | 'deleting'; readonly since: EpochMs; readonly zone: string }
  | {
      readonly state: 'up';
      readonly since: EpochMs;
      readonly zone: string;
      readonly manager: 'absent' | 'starting' | 'ready';
      readonly managerId: string | null;
      /** What is wrong with it although it works, or keeps its manager from answering; `null` or left out = nothing is known to. */
      readonly trouble?: string | null;
    }
  | { readonly state: 'broken'; readonly since: EpochMs; readonly message: string }
) & {
  /** Creations that came to nothing and still cost what a farm without workers costs; left out = none. */
  readonly givenUp?: number;
};

export interface WorkerObserved {
  readonly name: string;
  readonly pool: string;
  readonly state: 'waiting' | 'running' | 'ended';
  readonly orderedAt: EpochMs;
  /** `null` = not yet (it waits for a machine); left out = soon after it was ordered. */
  readonly startedAt?: EpochMs | null;
  /** `null` = it lives; left out = not known. */
  readonly endedAt?: EpochMs | null;
  readonly outcome: 'done' | 'failed' | 'outOfMemory' | 'preempted' | null;
  /** Which of its pool's variants it runs (or waits for a machine) on; `null` or left out = the first. */
  readonly variant?: string | null;
  /** Why it waits or died; `null` or left out = not known. */
  readonly why?: string | null;
}

/** How many workers the account's quotas allow, those that exist included. */
export interface PoolLimit {
  readonly pool: string;
  /** `null` = all variants together. */
  readonly variant: string | null;
  readonly workers: number;
  /** For people: `SPOT_CPUS in europe-west1: 24 of 24 are in use`. */
  readonly message: string;
}

export interface JobObserved {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly createdAt: EpochMs;
  /** Moves with each finished frame and change of status. */
  readonly updatedAt: EpochMs;
  readonly runId: string | null;
  readonly round: number | null;
  readonly stepsCompleted: number;
  readonly stepsTotal: number;
  readonly isDeleting: boolean;
}

export interface TaskObserved {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly updatedAt: EpochMs;
  readonly stepsCompleted: number;
  readonly stepsTotal: number;
  readonly workerId: string | null;
}

export interface ManagerWorkerObserved {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly isDraining: boolean;
  /** When it last asked or said something; `null` = never, left out = not known. */
  readonly lastSeenAt?: EpochMs | null;
}

/** What the check task wrote; `null` = there is no such file (yet). */
export interface CheckFinding {
  readonly code: string;
  readonly level: 'error' | 'warning';
  readonly message: string;
  readonly action: string | null;
}

/** What was seen of one run's job and frames. */
export interface RunObserved {
  /** `null` = the manager is known not to have a job for this run's round. */
  readonly job: JobObserved | null | Unknown;
  readonly tasks: readonly TaskObserved[] | Unknown;
  /** Verdicts on frames that were looked at this time. */
  readonly verdicts: readonly FrameVerdict[];
  /** True when every frame of the run that is not proved has a verdict in `verdicts`. */
  readonly isWhole: boolean;
  /** Log tails of tasks that did not deliver, by task id. */
  readonly logs: Readonly<Record<string, string>>;
  readonly findings: readonly CheckFinding[] | null | Unknown;
  /** What a frame that runs says of how long its task loaded, looked up while nobody knows; left out or `null` = it says nothing yet. */
  readonly loadSeconds?: number | null;
}

/** What a pass saw of the world: one frozen snapshot. */
export interface Observed {
  /** Today's date and month in UTC: `2026-11-24`, `2026-11`. */
  readonly day: string;
  readonly month: string;
  readonly commands: readonly CommandSeen[];
  readonly catalog: Catalog;
  /** Every `<shot>.render.json`, by the path of its .blend. */
  readonly settingsFiles: ReadonlyMap<string, SettingsSeen>;
  readonly shots: ReadonlyMap<string, ShotMemory>;
  readonly memory: FarmMemory;
  /** Open runs, those that a command names, and rejected ones that may revive. */
  readonly runs: ReadonlyMap<string, RunRecord>;
  /** Scene paths whose `.blend` or settings may have changed since they were last decided about. */
  readonly touched: ReadonlySet<string>;
  readonly didList: boolean;
  readonly inputs: ReadonlyMap<string, InputSeen | null | Unknown>;
  /** What was listed of sequences, tiles, cache folders and projects. */
  readonly listings: Listings;
  readonly farm: FarmObserved | Unknown;
  readonly workers: readonly WorkerObserved[] | Unknown;
  readonly jobs: readonly JobObserved[] | Unknown;
  readonly managerWorkers: readonly ManagerWorkerObserved[] | Unknown;
  readonly details: ReadonlyMap<string, RunObserved>;
  readonly leftovers: readonly string[] | null | Unknown;
  /** What the quotas allow; `[]` = nothing that limits a pool is known, also where there are none. */
  readonly quotas: readonly PoolLimit[] | Unknown;
  /** What the pass before could not do; `[]` after a restart. */
  readonly refusals: readonly Refusal[];
}

/** `state/shots.json`, one entry a .blend: what was decided about it. */
export interface ShotMemory {
  /** `<generation>/<settings generation>` that was last turned into a run, or found to be none. */
  readonly handled: string | null;
  /** Runs made of it so far, of whatever generation. */
  readonly runs: number;
  readonly lastRunId: string | null;
  readonly versions: readonly { readonly version: number; readonly key: string }[];
  /** What the last completed run delivered: the same again would be paid for nothing. */
  readonly completed: {
    readonly runId: string;
    readonly inputsKey: string;
    readonly settingsKey: string;
  } | null;
  /** Commands already obeyed for it, newest last (a command survives a crash and comes again). */
  readonly commands: readonly string[];
  /** What the frames of its last run took; `null` = none has ended yet. */
  readonly learned: LearnedTimes | null;
}

export const NEW_SHOT: ShotMemory = {
  handled: null,
  runs: 0,
  lastRunId: null,
  versions: [],
  completed: null,
  commands: [],
  learned: null,
};

/** What was decided and why, newest first in the memory. */
interface DecisionNoted {
  readonly at: EpochMs;
  readonly what: string;
  readonly reason: string;
}

interface RecentUpload {
  readonly path: string;
  readonly at: EpochMs;
}

/** Money counted so far; days and months are UTC. */
interface Ledger {
  readonly countedUntil: EpochMs | null;
  /** Until when the last farm was counted, when it was seen to be gone; `null` = none was. */
  readonly goneAt: EpochMs | null;
  readonly day: string;
  readonly today: number;
  readonly month: string;
  readonly thisMonth: number;
  /** Of this month, what no run could be charged with: nobody had asked for it by name. */
  readonly unshared: Costs;
  /** What was counted in another month before: a clock that was ahead may be put back into it. */
  readonly otherMonth: Pick<Ledger, 'month' | 'thisMonth' | 'unshared'> | null;
  /** Machines that are paid for. */
  readonly meters: Meters;
  /** Runs that the farm is, or was last, up for: they pay for its end as well. */
  readonly payers: readonly string[];
}

/** Nothing was counted yet; also what a ledger lacks that an earlier version wrote. */
export const NEW_LEDGER: Ledger = {
  countedUntil: null,
  goneAt: null,
  day: '',
  today: 0,
  month: '',
  thisMonth: 0,
  unshared: NO_COSTS,
  otherMonth: null,
  meters: {},
  payers: [],
};

/** A farm that could not do its work, and when it is tried again. */
export interface Setback {
  readonly kind: 'broken' | 'noMachines';
  /** In a row: each time it is waited for longer. */
  readonly times: number;
  readonly message: string;
  readonly until: EpochMs;
}

/** `state/farm.json`: what must be remembered of the farm between passes. */
export interface FarmMemory {
  readonly schema: 1;
  /** Files written before this are not taken for new work. */
  readonly intakeSince: EpochMs;
  readonly openRuns: readonly string[];
  /** Last 50, newest first. */
  readonly endedRuns: readonly string[];
  /** Rejected runs that come back when what they complain of changes: the last 500, newest first. */
  readonly rejectedRuns: readonly string[];
  readonly listedAt: EpochMs | null;
  readonly recentUploads: readonly RecentUpload[];
  readonly stage: FarmStage;
  readonly stageSince: EpochMs;
  readonly stageReason: string | null;
  readonly idleSince: EpochMs | null;
  readonly awakeUntil: EpochMs | null;
  readonly isPaused: boolean;
  /** A person asked for it, or the farm lived too long: down with it, whatever it does. */
  readonly mustGo: boolean;
  /** Since when nothing of the farm could be read. */
  readonly unknownSince: EpochMs | null;
  /** How long workers of each pool took to boot: the running mean, and of how many. */
  readonly boots: Readonly<Record<string, { readonly count: number; readonly seconds: number }>>;
  /** Living workers whose boot was counted. */
  readonly booted: readonly string[];
  /** Ended runs whose report is not known to be written. */
  readonly unreported: readonly string[];
  /** Workers that run and that the manager does not know, and since when that is seen: by our own clock alone. */
  readonly strangers: Readonly<Record<string, EpochMs>>;
  /** Since when a farm is up and what keeps it up cannot be read. */
  readonly blindSince: EpochMs | null;
  /** Pools whose workers are ordered on another variant than the first at present, since when. */
  readonly variants: Readonly<Record<string, { readonly name: string; readonly since: EpochMs }>>;
  /** Living workers that there was no machine for at some time: how long they took to boot says nothing. */
  readonly waitedLong: readonly string[];
  /** Since when there is work and not a single worker runs; `null` = one does, or nothing wants one. */
  readonly drySince: EpochMs | null;
  /** The same by the pool's name, while other pools may have machines. */
  readonly dryPools: Readonly<Record<string, EpochMs>>;
  /** `null` = nothing went wrong since the farm last worked. */
  readonly setback: Setback | null;
  /** What runs have cost so far that still cost something, by id: their records are not written for each cent. */
  readonly costs: Readonly<Record<string, Costs>>;
  /** Since when a farm only finishes what it has in hand because the budget is spent. */
  readonly drainingSince: EpochMs | null;
  /** Counts up with each worker ordered, so that names never repeat. */
  readonly workerSerial: number;
  readonly ledger: Ledger;
  readonly decisions: readonly DecisionNoted[];
  readonly leftovers: readonly string[] | null;
}

export interface BlenderAtHand {
  /** Exact: `3.4.1`. */
  readonly version: string;
  readonly hasDenoiser: boolean | null;
  readonly devices: readonly string[];
}

/** One kind of machine that a pool's workers can run on. */
export interface PoolVariant {
  /** Unique among all pools. */
  readonly name: string;
  readonly isSpot: boolean;
  readonly pricePerHour: number;
  /** The same machine without the risk of losing it; `null` = not known. */
  readonly onDemandPricePerHour: number | null;
}

export interface PoolPolicy {
  readonly name: string;
  readonly max: number;
  /** Of the first variant, where there are some. */
  readonly pricePerHour: number;
  /** In the order in which they are wanted; left out or `[]` = there is one kind of machine only. */
  readonly variants?: readonly PoolVariant[];
  /** Flamenco tag of its workers; `null` = untagged. */
  readonly tag: string | null;
  /** Seconds from order to first task; in the configuration, before any was measured. */
  readonly bootSeconds: number;
  /** Seconds that a worker is still paid for after its last task. */
  readonly tailSeconds: number;
  /** Whether Cycles finds a GPU on its workers; `null` = not known. */
  readonly hasGpu: boolean | null;
  /** What Cycles must find on its machines, whose GPU is paid for: else a frame fails; left out = whatever there is. */
  readonly gpuDevice?: 'cuda' | 'optix';
  /** Engines that draw (EEVEE) get no GPU on its machines, even where there is one; left out = they get what there is. */
  readonly drawsInSoftware?: boolean;
  /** Memory that a worker can have; `null` = not known. */
  readonly memoryGiB: number | null;
  /** Its workers share that memory: they are processes of one machine. */
  readonly isMemoryShared: boolean;
}

/** What the deployment decided, in core's units. */
export interface Policy {
  readonly settleMs: number;
  readonly maxAtOnce: number;
  readonly missingFilesGraceMs: number;
  readonly idleTeardownMs: number;
  readonly keepControlPlane: boolean;
  readonly listEveryMs: number;
  /** How soon to look again while things are in motion. */
  readonly lookEveryMs: number;
  readonly maxFarmMs: number;
  readonly maxUnknownMs: number;
  /** A farm that nobody looks after ends by itself after so long. */
  readonly deadmanMs: number;
  /** Without a single machine for its workers for so long a farm goes down and is tried again later. */
  readonly droughtMs: number;
  /** When the prices were looked up; `null` = they do not grow old. Caps count on-demand prices once they are too old. */
  readonly pricesAt: EpochMs | null;
  readonly checkFirst: 'auto' | 'always' | 'never';
  readonly allowSceneScripts: boolean;
  readonly valueOfTimePerHour: number;
  readonly fixedPricePerHour: number;
  readonly monthlyBudgetDollars: number | null;
  readonly budgetStop: 'drain' | 'now';
  readonly isIgnored: (path: string) => boolean;
  /** RFC 3339, checked already. */
  readonly parseTime: (text: string) => EpochMs;
  /** A stable hexadecimal digest of a text (SHA-256), for ids and keys. */
  readonly hash: (text: string) => string;
  readonly blenders: readonly BlenderAtHand[];
  /** At least one; a run that asks for nothing special renders on the first. */
  readonly pools: readonly [PoolPolicy, ...PoolPolicy[]];
  /** Where workers see the buckets. */
  readonly scenesRoot: string;
  readonly rendersRoot: string;
}
