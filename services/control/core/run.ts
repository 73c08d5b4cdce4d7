import { type Costs, NO_COSTS } from './costs.ts';
import type { EpochMs } from './time.ts';

/** The wire states of a run. `queued` and `rendering` want a farm; the last six are final. */
export const RUN_STATES = [
  'received',
  'held',
  'waiting',
  'queued',
  'rendering',
  'completed',
  'incomplete',
  'failed',
  'rejected',
  'cancelled',
  'superseded',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** Why something is as it is: a stable code, a sentence for people, and what they can do about it. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly action: string | null;
}

/** Where a setting's value came from; the later ones win. */
export type SettingOrigin = 'default' | 'blend' | 'render.json' | 'request';

export interface Setting<T> {
  readonly value: T;
  readonly origin: SettingOrigin;
}

/** The settings of one run, each with its origin (design: settings belong to a run and never stick to the next). */
export interface RunSettings {
  readonly frames: Setting<string>;
  readonly scene: Setting<string>;
  readonly camera: Setting<string | null>;
  readonly viewLayers: Setting<readonly string[] | null>;
  readonly format: Setting<string>;
  readonly resolutionPercent: Setting<number>;
  readonly samples: Setting<number | null>;
  readonly device: Setting<'auto' | 'cpu' | 'gpu'>;
  readonly scripts: Setting<boolean>;
  readonly blender: Setting<string | null>;
  readonly chunkSize: Setting<number | null>;
  readonly pool: Setting<string | null>;
  readonly memoryGiB: Setting<number | null>;
  readonly priority: Setting<number>;
  readonly video: Setting<boolean>;
  readonly fps: Setting<number>;
  readonly maxDollars: Setting<number | null>;
  readonly finishBy: Setting<string | null>;
  readonly frameMinutesLimit: Setting<number | null>;
  readonly hold: Setting<boolean>;
}

/** One input as it was when the run was admitted. */
export interface Pin {
  readonly path: string;
  readonly generation: string;
  readonly size: number;
  readonly crc32c: string;
}

/** An input that is not as it must be, and who refers to it. */
export interface MissingInput {
  /** In the bucket; for `absolute` and `outside` as the .blend has it. */
  readonly path: string;
  /** The .blend that refers to it. */
  readonly referredBy: string;
  /** The data-block in it that does; `null` = none does (the manifest, or the shot itself). */
  readonly owner: string | null;
  /** `image`, `library`…; `null` = only the manifest names it. */
  readonly kind: string | null;
  /**
   * `absolute` paths exist only on the author's machine and can never come; `different` = other bytes than the manifest
   * says; `unreadable` = a library that is no .blend any more.
   */
  readonly problem: 'missing' | 'absolute' | 'outside' | 'different' | 'unreadable';
  /** Path in the bucket of the file that was probably meant. Only ever told, never taken instead. */
  readonly suggestion: string | null;
}

/** What the frame files of a run are called. `pattern` has one run of `#`; `views` are file name suffixes, `['']` when mono. */
export interface OutputNames {
  readonly pattern: string;
  readonly extension: string;
  readonly views: readonly string[];
}

/** A frame that did not come out right, and what is known of it. */
export interface FrameTrouble {
  readonly frame: number;
  /** How many times it was begun and not finished well. */
  readonly attempts: number;
  readonly message: string;
  /** The last log lines of its task, for people. */
  readonly log: string;
  /** Where it broke, each once, the last one at the end; as far as its records say. */
  readonly workers: readonly string[];
}

/** What finished frames have taught. Seconds; `frames` is how many were counted. */
export interface FrameTimes {
  readonly frames: number;
  readonly sumSeconds: number;
  readonly sumSquaredSeconds: number;
  readonly loads: number;
  readonly sumLoadSeconds: number;
  readonly maxMemoryMiB: number;
  /** By the frame's place in the run, in equal parts: neighbours are alike. */
  readonly parts?: readonly PartTimes[];
}

export interface PartTimes {
  readonly frames: number;
  readonly sumSeconds: number;
}

const NO_FRAME_TIMES: FrameTimes = {
  frames: 0,
  sumSeconds: 0,
  sumSquaredSeconds: 0,
  loads: 0,
  sumLoadSeconds: 0,
  maxMemoryMiB: 0,
};

/** How much work a frame is: only beside others of the same engine, and the same kind of machine. */
export interface Picture {
  readonly engine: string;
  readonly isOnGpu: boolean;
  /** Pixels, times samples where the engine has them. */
  readonly work: number;
}

/** What frames of an earlier run of the same shot say of those of this one. Seconds. */
export interface Likeness {
  /** The `NNN` of that run's `vNNN`. */
  readonly version: number;
  readonly seconds: number;
  /** Coefficient of variation that they had. */
  readonly spread: number;
  /** `null` = not known. */
  readonly loadSeconds: number | null;
}

/**
 * Why a run begins no more frames: its own cap, the month's budget, a farm that is too old, machines that are too small, tasks that
 * are too small for how long it loads.
 */
export type StopCode = 'maxDollars' | 'budget' | 'farmAge' | 'outOfMemory' | 'recut';

/** How far a task is, and since when it is no further in the hands of this worker (left out = of whomever: an earlier version wrote it). */
export interface Standstill {
  readonly steps: number;
  readonly since: EpochMs;
  readonly worker?: string | null;
}

/** `state/runs/<id>.json`: one go at (some of) a shot's frames. Written by the lease holder only. */
export interface RunRecord {
  readonly schema: 1;
  readonly id: string;
  /** The path of the .blend without its ending: `film/sh010`. */
  readonly shot: string;
  readonly scenePath: string;
  /** Generation of the .blend that this run was made for. */
  readonly generation: string;
  /** Which run of this shot it is, from 1. */
  readonly count: number;
  /** Generation of `<shot>.render.json` as read for this run; `null` = there was none. */
  readonly settingsGeneration: string | null;
  /** Sent with a manifest: admitted when the manifest is met, never held, never taken for a library. */
  readonly isExplicit: boolean;
  /** A person said go: not held again. */
  readonly isReleased: boolean;
  /** A person allowed the file's own Python for this run. */
  readonly scriptsAllowed: boolean;
  /** Settings given with the request (`again`), over everything else. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly requestedBy: string | null;
  /** Who sent it to the bucket, where that is known; nothing is decided by it. */
  readonly sentBy: string | null;
  readonly state: RunState;
  readonly reason: Reason | null;
  readonly receivedAt: EpochMs;
  readonly stateSince: EpochMs;
  readonly admittedAt: EpochMs | null;
  readonly endedAt: EpochMs | null;
  /** Frames written before this do not count as this run's. */
  readonly startedAt: EpochMs | null;
  /** The `NNN` of `vNNN`; `null` until admitted. */
  readonly version: number | null;
  readonly settings: RunSettings | null;
  readonly inputs: readonly Pin[];
  /** Same for the same bytes under the same names. */
  readonly inputsKey: string | null;
  readonly blender: string | null;
  /** Whose workers render it; `null` until admitted. */
  readonly pool: string | null;
  /** It has moved to a larger pool: not again. */
  readonly hasMoved: boolean;
  /** Frames that ran out of memory on its pool and wait for a larger one, as an expression; `''` = none. */
  readonly outgrown: string;
  /** When it must be done; `null` = whenever. */
  readonly finishBy: EpochMs | null;
  readonly output: OutputNames | null;
  /** Frames of this run, as an expression: `1-24`. */
  readonly frames: string | null;
  /** `wanted`: only the scouts are rendered; `shown`: held until a person has looked at them; `released`: the rest, too. */
  readonly scouts: 'none' | 'wanted' | 'shown' | 'released';
  /** Frames proved to be whole pictures of this run, as an expression; `''` = none yet. */
  readonly proved: string;
  readonly troubles: readonly FrameTrouble[];
  /** Inputs that are not there yet, while it waits for them (and after it was rejected for them). */
  readonly missing: readonly MissingInput[];
  /** Since when it waits for them, whatever could not be read in between; `null` = nothing is missing. */
  readonly missingSince: EpochMs | null;
  /** Active tasks and since when their step count has stood still: how a hung frame is noticed. */
  readonly standstill: Readonly<Record<string, Standstill>>;
  /**
   * How long tasks of it were in hand and nothing moved, attempts that were cut off (their machine went, the farm was too old)
   * included. `since` = of the present stretch; `steps` = how far they had come together.
   */
  readonly barren: { readonly ms: number; readonly since: EpochMs | null; readonly steps: number };
  /** Ends and standstills of tasks that were counted already, by when the task had last changed: a repeat is no second one. */
  readonly counted: Readonly<Record<string, EpochMs>>;
  readonly times: FrameTimes;
  /** As admitted; `null` = not known. */
  readonly picture: Picture | null;
  /** Holds until its own frames say more; `null` = none of its shot was rendered before. */
  readonly like: Likeness | null;
  /** The first job of a run is round 1, a job for missing frames the next. 0 = none submitted yet. */
  readonly round: number;
  readonly jobId: string | null;
  /** Its running frames are finished and no more are begun; `null` = it goes on. */
  readonly stopping: { readonly code: StopCode; readonly since: EpochMs } | null;
  /** Since when one of its inputs is not there; `null` = all are, as far as is known. */
  readonly inputGoneSince: EpochMs | null;
  /** What the first task found when it opened the shot on a worker. */
  readonly check: 'none' | 'pending' | 'passed';
  /** What the deployment could do when it was rejected for something that it cannot (`abilitiesKey`); `null` = it was not. */
  readonly abilities: string | null;
  /** What the check said about scripts that the shot cannot do without; `null` = nothing. */
  readonly scriptsNeeded: Reason | null;
  /** How many times a job of this run was set going again after it failed as a whole. */
  readonly restarts: number;
  readonly warnings: readonly string[];
  /** Dollars spent on it so far, by the ledger: also after its end, as long as its farm stands. */
  readonly dollars: number;
  /** The same by what they were spent on. */
  readonly costs: Costs;
  /** It has ended and its farm is gone: it costs nothing more. */
  readonly isPaid: boolean;
}

/** A run about which nothing has been decided; also what a record lacks that an earlier version wrote. */
export const NEW_RUN = {
  schema: 1,
  isExplicit: false,
  isReleased: false,
  scriptsAllowed: false,
  request: {},
  requestedBy: null,
  sentBy: null,
  state: 'received',
  reason: null,
  admittedAt: null,
  endedAt: null,
  startedAt: null,
  version: null,
  settings: null,
  inputs: [],
  inputsKey: null,
  blender: null,
  pool: null,
  hasMoved: false,
  outgrown: '',
  finishBy: null,
  output: null,
  frames: null,
  scouts: 'none',
  proved: '',
  troubles: [],
  missing: [],
  missingSince: null,
  standstill: {},
  barren: { ms: 0, since: null, steps: 0 },
  counted: {},
  times: NO_FRAME_TIMES,
  picture: null,
  like: null,
  round: 0,
  jobId: null,
  stopping: null,
  inputGoneSince: null,
  check: 'none',
  abilities: null,
  scriptsNeeded: null,
  restarts: 0,
  warnings: [],
  dollars: 0,
  costs: NO_COSTS,
  isPaid: false,
} as const satisfies Partial<RunRecord>;

/** Its job is ended for one on larger machines, or with larger tasks. */
export function goesOnElsewhere({ stopping }: Pick<RunRecord, 'stopping'>): boolean {
  return stopping?.code === 'outOfMemory' || stopping?.code === 'recut';
}

const FINAL: ReadonlySet<RunState> = new Set(RUN_STATES.slice(RUN_STATES.indexOf('completed')));

export function isFinal(state: RunState): boolean {
  return FINAL.has(state);
}

/** Queued and rendering runs want a farm; `waiting`, `held` and ended ones do not. */
export function wantsFarm(state: RunState): boolean {
  return state === 'queued' || state === 'rendering';
}

/** A person's word lets it go on: held, or only not at this moment because files come beside it. */
export function isHeldBack({
  state,
  reason,
  admittedAt,
}: Pick<RunRecord, 'state' | 'reason' | 'admittedAt'>): boolean {
  if (state === 'held' || state === 'received') return true;
  return state === 'waiting' && admittedAt === null && reason?.code === 'settling';
}

export function versionName(version: number): string {
  return `v${String(version).padStart(3, '0')}`;
}

/** The address of who asked for it, or else of who sent it; `null` = not known. */
export function askedBy({ requestedBy, sentBy }: Pick<RunRecord, 'requestedBy' | 'sentBy'>): string | null {
  return requestedBy ?? sentBy;
}

/** Folder of a run's version in the renders bucket, without a trailing slash: `film/sh010/v001`. */
export function rendersFolder(run: Pick<RunRecord, 'shot' | 'version'>): string {
  return `${run.shot}/${versionName(run.version ?? 0)}`;
}

/** The kit's record of a frame, below the folder of its version. */
export function recordPath(folder: string, frame: number): string {
  return `${folder}/records/${fourDigits(frame)}.json`;
}

/** A frame's small picture, below the folder of its version. */
export function thumbnailPath(folder: string, frame: number): string {
  return `${folder}/thumbs/${fourDigits(frame)}.jpg`;
}

function fourDigits(frame: number): string {
  return String(frame).padStart(4, '0');
}
