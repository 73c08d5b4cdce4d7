import type { EpochMs } from '../../services/control/core/time.ts';
import type { Bill } from './bill.ts';
import type { Cancel, SimClock } from './clock.ts';
import { lognormal, randomOf, secondsUntil } from './random.ts';
import type { CloudTimes } from './trace.ts';

/** Compute Engine's notice before a spot machine goes; it is billed to its end. */
const NOTICE_SECONDS = 30;
/** What a shortage in a zone takes of the machines there. */
const ZONE_SHARE = 0.5;

/** A pool of machines of one kind, or one variant of it. */
export interface PoolKind {
  readonly name: string;
  /** `null` = the pool has none. */
  readonly variant: string | null;
  /** Spot machines are sold out and taken away, others are not. */
  readonly isSpot: boolean;
  readonly tag: string | null;
  readonly max: number;
  readonly pricePerHour: number;
  readonly memoryGiB: number;
}

/** A machine of a pool; it boots, is there (with a worker or empty), and goes. */
export interface Machine {
  /** `cpu-m7`. */
  readonly name: string;
  readonly kind: PoolKind;
  state: 'booting' | 'empty' | 'used' | 'gone';
}

interface Options {
  readonly seed: number;
  readonly times: CloudTimes;
  readonly clock: SimClock;
  readonly bill: Bill;
  /** When the simulation began: stock-outs are told from then. */
  readonly startedAt: EpochMs;
  /** A machine is there and empty, or there is room for another: whoever waits may want it. */
  readonly onRoom: () => void;
  /** It is taken away, now. */
  readonly onPreempted: (machine: Machine) => void;
}

/** Autoscaled spot machines: paid from their order until they are released. */
export class Machines {
  readonly #options: Options;
  readonly #machines = new Set<Machine>();
  readonly #releases = new Map<Machine, Cancel>();
  readonly #ordered = new Map<string, number>();
  /** The most that there were at once, by pool. */
  readonly most = new Map<string, number>();

  constructor(options: Options) {
    this.#options = options;
    this.#planZoneEvent(1);
  }

  of(kind: PoolKind, ...states: readonly Machine['state'][]): readonly Machine[] {
    return [...this.#machines].filter((one) => one.kind === kind && states.includes(one.state));
  }

  /** An empty one that is there, for a worker; `null` = none. */
  take(kind: PoolKind): Machine | null {
    const [machine = null] = this.of(kind, 'empty');
    if (machine === null) return null;
    machine.state = 'used';
    this.#releases.get(machine)?.();
    return machine;
  }

  /** Asks for so many more, as far as maximum and stock allow. */
  order(kind: PoolKind, count: number): void {
    const { clock, onRoom } = this.#options;
    const shortFor = this.#shortForSeconds(kind);
    if (shortFor !== null) {
      clock.after(shortFor, onRoom);
      return;
    }
    const room = kind.max - this.of(kind, 'booting', 'empty', 'used').length;
    for (let each = 0; each < Math.min(count, room); each += 1) this.#boot(kind);
  }

  /** So many of those that wait get no machine at present. */
  shortOf(kind: PoolKind, waiting: number): number {
    return this.#shortForSeconds(kind) === null ? 0 : Math.max(0, waiting - this.of(kind, 'booting').length);
  }

  /** `null` = there is stock. */
  #shortForSeconds({ isSpot }: PoolKind): number | null {
    if (!isSpot) return null;
    const { clock, times, startedAt } = this.#options;
    const now = (clock.now() - startedAt) / 1000;
    const shortage = times.stockouts.find((one) => now >= one.fromSeconds && now < one.toSeconds);
    return shortage === undefined ? null : shortage.toSeconds - now;
  }

  /** Its worker has ended: it goes when nobody else wants it in time. */
  leave(machine: Machine): void {
    if (machine.state === 'gone') return;
    machine.state = 'empty';
    const { clock, times, onRoom } = this.#options;
    const cancel = clock.after(times.nodeReleaseSeconds, () => this.#go(machine, 0));
    this.#releases.set(machine, cancel);
    onRoom();
  }

  /** The cluster goes, and every machine with it. */
  endAll(goneAt: EpochMs): void {
    const { clock } = this.#options;
    const doomed = [...this.#machines];
    clock.at(goneAt, () => {
      for (const machine of doomed) this.#go(machine, 0);
    });
  }

  preempt(machine: Machine): void {
    if (machine.state === 'gone') return;
    this.#go(machine, NOTICE_SECONDS);
    this.#options.onPreempted(machine);
  }

  #boot(kind: PoolKind): void {
    const { clock, times, bill, seed, onRoom } = this.#options;
    const number = (this.#ordered.get(kind.name) ?? 0) + 1;
    this.#ordered.set(kind.name, number);
    const name = `${kind.name}-m${number}`;
    const machine: Machine = { name, kind, state: 'booting' };
    this.#machines.add(machine);
    const count = this.of(kind, 'booting', 'empty', 'used').length;
    this.most.set(kind.name, Math.max(this.most.get(kind.name) ?? 0, count));
    bill.begin('worker', name, kind.pricePerHour, clock.now());
    clock.after(bootSeconds(seed, times, number), () => {
      if (machine.state !== 'booting') return;
      this.leave(machine);
      onRoom();
    });
    if (kind.isSpot) clock.after(preemptedAfterSeconds(seed, times, number), () => this.preempt(machine));
  }

  #go(machine: Machine, billedFor: number): void {
    if (machine.state === 'gone') return;
    const { clock, bill, onRoom } = this.#options;
    machine.state = 'gone';
    this.#machines.delete(machine);
    this.#releases.get(machine)?.();
    this.#releases.delete(machine);
    clock.after(billedFor, () => {
      bill.end('worker', machine.name, clock.now());
      onRoom();
    });
  }

  #planZoneEvent(count: number): void {
    const { clock, times, seed } = this.#options;
    clock.after(zoneEventAfterSeconds(seed, times, count), () => {
      for (const machine of [...this.#machines])
        if (machine.kind.isSpot && isHitByZoneEvent(seed, count, numberOf(machine))) this.preempt(machine);
      this.#planZoneEvent(count + 1);
    });
  }
}

/** The draws of the n-th machine and the n-th event of a zone: hindsight meets the same ones. */

export function bootSeconds(
  seed: number,
  { nodeBootSeconds: { median, sigma } }: CloudTimes,
  machine: number,
): number {
  return lognormal(randomOf(seed, 'boot', machine), median, sigma);
}

export function preemptedAfterSeconds(
  seed: number,
  { preemptionsPerHour }: CloudTimes,
  machine: number,
): number {
  return secondsUntil(randomOf(seed, 'preemption', machine), preemptionsPerHour);
}

export function zoneEventAfterSeconds(
  seed: number,
  { zoneEventsPerHour }: CloudTimes,
  event: number,
): number {
  return secondsUntil(randomOf(seed, 'zone', event), zoneEventsPerHour);
}

export function isHitByZoneEvent(seed: number, event: number, machine: number): boolean {
  return randomOf(seed, 'zone', event, machine)() < ZONE_SHARE;
}

function numberOf({ name }: Machine): number {
  return Number(name.slice(name.lastIndexOf('-m') + 2));
}
