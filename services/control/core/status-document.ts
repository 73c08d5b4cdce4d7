import type { Costs } from './costs.ts';
import type { Reason, RunState } from './run.ts';

/** Where the farm is in its life; `letting-go` = nothing is left for it, the idle time runs. */
export type FarmStage =
  | 'absent'
  | 'creating'
  | 'installing'
  | 'ready'
  | 'letting-go'
  | 'deleting'
  | 'broken'
  | 'unknown';

/** An estimate with its band. */
export interface Band {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

/** A band, or that nothing is known yet. */
export type Forecast = Band | { readonly p10: null; readonly p50: null; readonly p90: null };

export interface PoolStatus {
  readonly name: string;
  readonly wanted: number;
  readonly booting: number;
  readonly busy: number;
  readonly idle: number;
  readonly draining: number;
  /** Of a worker that is ordered now. */
  readonly pricePerHour: number;
  /** What new workers are ordered on; `null` = it has no variants. */
  readonly variant?: string | null;
  /** Why it has not what is wanted, or not from where it is wanted; `null` = nothing is in its way. */
  readonly reason?: string | null;
}

export interface RunStatus {
  readonly id: string;
  readonly shot: string;
  /** `v001`; `null` until it is admitted. */
  readonly version: string | null;
  readonly state: RunState;
  readonly since: string;
  readonly reason: Reason | null;
  readonly frames: {
    readonly total: number;
    readonly done: number;
    readonly active: number;
    readonly failed: number;
  };
  /** Seconds until it is done; `null` when there is no telling yet. */
  readonly etaSeconds: Band | null;
  /** No frame of it has ended: what is forecast is by what this earlier version (`v001`) took; left out = it is by its own. */
  readonly like?: string;
  /** So far and, as forecast, in all; the forecast is `null` when there is no telling yet. */
  readonly dollars: Forecast & { readonly soFar: number };
  /** What `dollars.soFar` was spent on; left out = nothing was. */
  readonly costs?: Costs;
  /** Path in the renders bucket of the newest thumbnail; `null` when there is none. */
  readonly thumbnail: string | null;
  readonly warnings: readonly string[];
  /** Who asked for it, or sent it; left out = not known. */
  readonly requestedBy?: string;
}

interface DecisionMade {
  readonly at: string;
  readonly what: string;
  readonly reason: string;
}

/** `state/status.json` and the answer of `GET /status`: what people see. Times are RFC 3339, money is dollars. */
export interface StatusDocument {
  readonly schema: 1;
  readonly asOf: string;
  readonly nextLookAt: string;
  /** The farm in one plain sentence. */
  readonly sentence: string;
  readonly farm: {
    readonly stage: FarmStage;
    readonly reason: string | null;
    readonly since: string;
    readonly zone: string | null;
    /** When it will be taken down if nothing changes; `null` = not planned. */
    readonly endsAt: string | null;
    readonly isPaused: boolean;
  };
  readonly pools: readonly PoolStatus[];
  /** Open runs and the last 50 ended ones, newest first. */
  readonly runs: readonly RunStatus[];
  /** The last 100, newest first. */
  readonly decisions: readonly DecisionMade[];
  readonly money: {
    readonly today: number;
    readonly month: number;
    readonly cap: number | null;
    /** Of `month`, what was spent for no run (somebody else's job, a farm that a person keeps up); left out = nothing was. */
    readonly unshared?: Costs;
  };
  /** What was found still existing after a tear-down; `null` = not looked yet or could not be known. */
  readonly leftovers: readonly string[] | null;
  /** What is told outside (`NOTIFY_WEBHOOK_URL`); left out = nothing is. */
  readonly messages?: MessagesStatus;
}

/** How the messages to people get through. */
export interface MessagesStatus {
  readonly waiting: number;
  /** Why the last one was not taken; `null` = it was. */
  readonly failure: string | null;
  /** How many were given up within a day, and why the last one was. */
  readonly lost: number;
  readonly lostReason: string | null;
}
