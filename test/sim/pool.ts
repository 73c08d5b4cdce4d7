import type { EpochMs } from '../../services/control/core/time.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import type { WorkerSeen, Workers } from '../../services/control/ports/workers.ts';
import type { Bill } from './bill.ts';
import type { SimClock } from './clock.ts';
import { lognormal, randomOf, secondsUntil } from './random.ts';
import type { CloudTimes } from './trace.ts';
import { type Outcome, SimWorker, type WorkerOptions } from './worker.ts';

/** Compute Engine's notice before a spot machine goes; it is billed to its end. */
const NOTICE_SECONDS = 30;
/** What a shortage in a zone takes of the machines there. */
const ZONE_SHARE = 0.5;

/** A pool of machines of one kind. */
export interface PoolKind {
  readonly name: string;
  readonly tag: string | null;
  readonly max: number;
  readonly pricePerHour: number;
  readonly memoryGiB: number;
}

interface Options {
  readonly seed: number;
  readonly times: CloudTimes;
  readonly clock: SimClock;
  readonly bill: Bill;
  readonly pools: readonly PoolKind[];
  /** When the simulation began: stock-outs are told from then. */
  readonly startedAt: EpochMs;
  readonly isClusterUp: () => boolean;
  readonly worker: Omit<WorkerOptions, 'name' | 'tag' | 'memoryGiB' | 'onExit'>;
}

interface Held {
  seen: WorkerSeen;
  readonly kind: PoolKind;
  readonly program: SimWorker;
  /** Its machine: asked for, there, or neither. */
  machine: 'none' | 'booting' | 'there' | 'gone';
}

/** Workers as Kubernetes Jobs, one a machine, on autoscaled spot pools. */
export class SimPool implements Workers {
  readonly #options: Options;
  readonly #workers = new Map<string, Held>();
  /** The most machines that there were at once, by pool. */
  readonly most = new Map<string, number>();
  ordered = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#planZoneEvent(1);
  }

  async list(): Promise<readonly WorkerSeen[]> {
    return Array.from(this.#workers.values(), ({ seen }) => seen);
  }

  async order(pool: string, names: readonly string[]): Promise<void> {
    const { clock, pools, isClusterUp } = this.#options;
    const kind = pools.find(({ name }) => name === pool);
    if (kind === undefined) throw new PortError('invalid', `ordering workers of the pool ${pool}`);
    if (!isClusterUp()) throw new PortError('notFound', 'ordering workers where no cluster is up');
    for (const name of names) {
      if (this.#workers.has(name)) continue;
      const times = { orderedAt: clock.now(), startedAt: null, endedAt: null };
      const seen: WorkerSeen = { name, pool, state: 'waiting', ...times, outcome: null };
      const held: Held = { seen, kind, program: this.#newProgram(name, kind), machine: 'none' };
      this.#workers.set(name, held);
      this.ordered += 1;
    }
    this.#provide();
    clock.changed();
  }

  async remove(name: string): Promise<void> {
    const held = this.#workers.get(name);
    if (held === undefined) return;
    if (held.seen.state === 'ended') this.#workers.delete(name);
    else if (held.seen.state === 'running') held.program.terminate();
    else this.#ended(held, 'done');
    this.#options.clock.changed();
  }

  /** The cluster goes: SIGTERM to everyone, and no machine is left when it is gone. */
  endAll(goneAt: EpochMs): void {
    const { clock, bill } = this.#options;
    for (const held of this.#workers.values()) {
      if (held.seen.state === 'running') held.program.terminate();
      else if (held.seen.state === 'waiting') this.#ended(held, 'done');
    }
    this.#workers.clear();
    clock.at(goneAt, () => {
      for (const name of bill.charged('worker'))
        if (!this.#workers.has(name)) bill.end('worker', name, goneAt);
    });
  }

  /** What happens to workers in a test; a name that does not run is left alone. */

  preempt(name: string): void {
    const held = this.#workers.get(name);
    if (held === undefined || held.machine === 'gone' || held.machine === 'none') return;
    if (held.seen.state === 'running') held.program.preempt();
    else if (held.seen.state === 'waiting') this.#ended(held, 'preempted');
    else this.#release(held, 0);
  }

  /** The process is gone without a sign-off. */
  kill(name: string, outcome: Outcome = 'failed'): void {
    const held = this.#workers.get(name);
    if (held?.seen.state === 'running') held.program.die(outcome);
  }

  freeze(name: string): void {
    const held = this.#workers.get(name);
    if (held?.seen.state === 'running') held.program.freeze();
  }

  /** Names of those that run. */
  running(): readonly string[] {
    return [...this.#workers.values()]
      .filter(({ seen }) => seen.state === 'running')
      .map(({ seen }) => seen.name);
  }

  /** Whether it has a task in hand. */
  isBusy(name: string): boolean {
    return this.#workers.get(name)?.program.isBusy ?? false;
  }

  #newProgram(name: string, kind: PoolKind): SimWorker {
    return new SimWorker({
      ...this.#options.worker,
      name,
      tag: kind.tag,
      memoryGiB: kind.memoryGiB,
      onExit: (outcome) => {
        const held = this.#workers.get(name);
        if (held !== undefined) this.#ended(held, outcome);
      },
    });
  }

  /** Machines for those that wait, as far as the pool's maximum and the zone's stock allow. */
  #provide(): void {
    const { clock, times, startedAt } = this.#options;
    const now = (clock.now() - startedAt) / 1000;
    const shortage = times.stockouts.find(
      ({ fromSeconds, toSeconds }) => now >= fromSeconds && now < toSeconds,
    );
    if (shortage !== undefined) {
      clock.after(shortage.toSeconds - now, () => this.#provide());
      return;
    }
    for (const held of this.#workers.values()) {
      if (held.machine !== 'none' || held.seen.state !== 'waiting') continue;
      if (this.#machines(held.kind.name) >= held.kind.max) continue;
      this.#boot(held);
    }
  }

  #machines(pool: string): number {
    let count = 0;
    for (const { kind, machine } of this.#workers.values())
      if (kind.name === pool && (machine === 'booting' || machine === 'there')) count += 1;
    return count;
  }

  #boot(held: Held): void {
    const { clock, times, bill, seed } = this.#options;
    const { name } = held.seen;
    held.machine = 'booting';
    bill.begin('worker', name, held.kind.pricePerHour, clock.now());
    this.most.set(
      held.kind.name,
      Math.max(this.most.get(held.kind.name) ?? 0, this.#machines(held.kind.name)),
    );
    const { median, sigma } = times.nodeBootSeconds;
    clock.after(lognormal(randomOf(seed, 'boot', name), median, sigma), () => this.#booted(held));
    const preemption = randomOf(seed, 'preemption', name);
    clock.after(secondsUntil(preemption, times.preemptionsPerHour), () => this.preempt(name));
  }

  #booted(held: Held): void {
    if (held.machine !== 'booting') return;
    held.machine = 'there';
    const { clock, times } = this.#options;
    if (held.seen.state === 'ended') {
      this.#release(held, times.nodeReleaseSeconds);
      return;
    }
    held.seen = { ...held.seen, state: 'running', startedAt: clock.now() };
    held.program.start();
    clock.changed();
  }

  #ended(held: Held, outcome: Outcome): void {
    const { clock, times } = this.#options;
    const wasBooting = held.machine === 'booting';
    held.seen = { ...held.seen, state: 'ended', endedAt: clock.now(), outcome };
    if (outcome === 'preempted') this.#release(held, NOTICE_SECONDS);
    // A machine that is on its way comes first and is then found empty.
    else if (!wasBooting) this.#release(held, times.nodeReleaseSeconds);
    clock.changed();
  }

  #release(held: Held, seconds: number): void {
    const { clock, bill } = this.#options;
    if (held.machine === 'gone') return;
    const hadMachine = held.machine !== 'none';
    held.machine = 'gone';
    if (!hadMachine) return;
    clock.after(seconds, () => {
      bill.end('worker', held.seen.name, clock.now());
      this.#provide();
    });
  }

  #planZoneEvent(count: number): void {
    const { clock, times, seed } = this.#options;
    const random = randomOf(seed, 'zone', count);
    clock.after(secondsUntil(random, times.zoneEventsPerHour), () => {
      for (const name of this.running())
        if (randomOf(seed, 'zone', count, name)() < ZONE_SHARE) this.preempt(name);
      this.#planZoneEvent(count + 1);
    });
  }
}
