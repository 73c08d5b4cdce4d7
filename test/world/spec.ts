import type { PortErrorCode } from '../../services/control/ports/errors.ts';
import type { Creation } from '../sim/cluster.ts';
import type { CloudTimes } from '../sim/trace.ts';

/** A world as a plain object: whoever has it has all that will ever happen. Times in seconds from its beginning. */
export interface WorldSpec {
  readonly seed: number;
  readonly policy: PolicySpec;
  readonly cloud: CloudTimes;
  /** What the first clusters come to; afterwards they work. */
  readonly creations: readonly Creation[];
  readonly shots: readonly ShotSpec[];
  readonly happenings: readonly Happening[];
  readonly troubles: readonly TroubleWindow[];
  readonly mishaps: readonly Mishap[];
  /** One or two that run at once. */
  readonly services: readonly ServiceSpec[];
  /** Somebody outside is told. */
  readonly hasReceiver: boolean;
  /** When the month ends; `null` = not before everything else. */
  readonly monthEndsAt: number | null;
  /** From then on nothing goes wrong any more, and nobody uploads anything. */
  readonly calmAt: number;
}

export interface PolicySpec {
  readonly pools: readonly { readonly name: string; readonly max: number; readonly memoryGiB: number }[];
  /** So many workers of the first pool the account's quotas allow; `null` = all. */
  readonly quota: number | null;
  /** Where spot machines are not to be had, ordinary ones are taken. */
  readonly hasFallback: boolean;
  readonly idleTeardownSeconds: number;
  readonly settleSeconds: number;
  readonly maxFarmHours: number;
  readonly maxUnknownHours: number;
  readonly droughtMinutes: number;
  readonly missingFilesGraceHours: number;
  readonly monthlyBudgetDollars: number | null;
  readonly budgetStop: 'drain' | 'now';
  readonly checkFirst: 'auto' | 'always' | 'never';
}

export interface ShotSpec {
  /** `film/s1`. */
  readonly name: string;
  readonly frames: number;
  readonly secondsPerFrame: number;
  readonly loadSeconds: number;
  readonly memoryGiB: number;
  readonly chunkSize: number | null;
  readonly maxDollars: number | null;
  /** Its deadline, in seconds from the beginning. */
  readonly finishBy: number | null;
  /** It refers to a picture beside it. */
  readonly hasImage: boolean;
  readonly fate: 'sound' | 'oneFails' | 'oneFailsOnce' | 'allFail' | 'oneHangs' | 'oneHangsOnce' | 'badCheck';
}

/** How the event of an upload reaches the service. */
export type Word = 'once' | 'twice' | 'late' | 'lost';

export type Happening = { readonly at: number } & (
  | {
      readonly kind: 'upload';
      readonly shot: string;
      readonly what: 'all' | 'blend' | 'image' | 'settings';
      /** Other numbers are other bytes. */
      readonly content: number;
      readonly word: Word;
      readonly lateBy: number;
    }
  | { readonly kind: 'takeAway'; readonly shot: string; readonly what: 'blend' | 'image' }
  | { readonly kind: 'say'; readonly what: 'cancel' | 'again' | 'release'; readonly shot: string }
  | { readonly kind: 'order'; readonly what: 'teardown' | 'pause' | 'resume' | 'wake' }
  | { readonly kind: 'cluster'; readonly what: 'restart' | 'forget' | 'vanish' | 'break' }
  /** One of those that run then; `pick` chooses. */
  | { readonly kind: 'worker'; readonly what: 'preempt' | 'kill' | 'freeze'; readonly pick: number }
);

/** A time in which calls of ports go wrong. */
export interface TroubleWindow {
  readonly from: number;
  readonly to: number;
  /** Of all calls of these ports. */
  readonly share: number;
  /** `null` = every one. */
  readonly port: string | null;
  readonly kinds: readonly TroubleKind[];
  readonly codes: readonly PortErrorCode[];
}

/** What goes wrong with some calls of one kind, whenever they come: those that are seldom made go wrong, too. */
export interface Mishap {
  /** `farm.create`. */
  readonly method: string;
  /** From this call of each process on… */
  readonly nth: number;
  /** …so many. */
  readonly times: number;
  readonly kind: TroubleKind;
  readonly code: PortErrorCode;
}

export type TroubleKind = 'fails' | 'actsAndFails' | 'slow' | 'stale' | 'partial';

export interface ServiceSpec {
  readonly startsAt: number;
  readonly lives: readonly Life[];
  /** Its clock, against the world's. */
  readonly jumps: readonly { readonly at: number; readonly offset: number }[];
}

/** A process, until it ends; the next one comes a while later. */
export interface Life {
  readonly death: Death;
  readonly nextAfter: number;
}

/** At the `nth` call of the method (`null` = of anything): killed before or after it acts, or told to stop. */
export interface Death {
  readonly method: string | null;
  readonly nth: number;
  readonly when: 'before' | 'after' | 'stopped';
}
