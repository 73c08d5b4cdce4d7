import type { RunRecord } from '../../services/control/core/run.ts';
import type { FakeMessenger } from '../fakes/fake-messenger.ts';
import type { SimWorld } from '../sim/world.ts';
import type { Buckets } from './buckets.ts';
import type { WorldSpec } from './spec.ts';

/** A call of a port that a service makes. */
export interface WatchedCall {
  /** `service-1`. */
  readonly service: string;
  /** `farm.delete`. */
  readonly name: string;
  readonly args: readonly unknown[];
  /** What this service could not read since its pass began. */
  readonly unread: ReadonlySet<string>;
}

/** What invariants may look at. */
export interface Watched {
  readonly spec: WorldSpec;
  readonly world: SimWorld;
  readonly buckets: Buckets;
  /** Whoever is told outside; `null` = nobody. */
  readonly receiver: FakeMessenger | null;
  /** When something was last read for true, by the name of its call; never = since the world began. */
  readonly readAt: ReadonlyMap<string, number>;
  /** Orders of people that were given, by their kind. */
  readonly orders: ReadonlySet<string>;
  /** Shots that a person cancelled. */
  readonly cancelled: ReadonlySet<string>;
  /** Counts an exception that is allowed, by its name. */
  readonly count: (exception: string) => void;
}

/** One thing that holds in every world. Each method says what is wrong, or `null`. */
export interface Invariant {
  readonly name: string;
  before?(call: WatchedCall): string | null;
  /** Of a call that has acted, whether its caller hears of it or not. */
  after?(call: WatchedCall): string | null;
  /** A service's pass ended. */
  passed?(): string | null;
  /** A run's record was written. */
  wrote?(run: RunRecord): string | null;
  /** After the last thing that happens, when the world is over or its time is up. */
  end?(isOver: boolean): string | null;
}

export type NewInvariant = (watched: Watched) => Invariant;
