import type { EpochMs } from '../../services/control/core/time.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import type { WorkerSeen, Workers } from '../../services/control/ports/workers.ts';
import type { Bill } from './bill.ts';
import type { SimClock } from './clock.ts';
import { type Machine, Machines, type PoolKind } from './machines.ts';
import type { CloudTimes } from './trace.ts';
import { type Outcome, SimWorker, type WorkerOptions } from './worker.ts';

/** On a machine that has the image already. */
const POD_START_SECONDS = 5;
/** As the cluster's autoscaler says it (ports/workers.ts). */
const NO_STOCK = 'FailedScaleUp: ZONE_RESOURCE_POOL_EXHAUSTED';

interface Options {
  readonly seed: number;
  readonly times: CloudTimes;
  readonly clock: SimClock;
  readonly bill: Bill;
  readonly pools: readonly PoolKind[];
  readonly startedAt: EpochMs;
  readonly isClusterUp: () => boolean;
  readonly worker: Omit<WorkerOptions, 'name' | 'tag' | 'memoryGiB' | 'onExit'>;
}

interface Held {
  seen: WorkerSeen;
  readonly kind: PoolKind;
  readonly program: SimWorker;
  machine: Machine | null;
}

/** Workers as Kubernetes Jobs, one a machine; a machine that is empty is used again before it is released. */
export class SimPool implements Workers {
  readonly #options: Options;
  readonly #workers = new Map<string, Held>();
  readonly #machines: Machines;
  ordered = 0;

  constructor(options: Options) {
    this.#options = options;
    const { seed, times, clock, bill, startedAt } = options;
    this.#machines = new Machines({
      ...{ seed, times, clock, bill, startedAt },
      onRoom: () => this.#place(),
      onPreempted: (machine) => this.#preempted(machine),
    });
  }

  async list(): Promise<readonly WorkerSeen[]> {
    const short = new Set(this.#options.pools.flatMap((kind) => this.#without(kind)));
    return Array.from(this.#workers.values(), (held) =>
      short.has(held) ? { ...held.seen, why: NO_STOCK } : held.seen,
    );
  }

  async order(pool: string, names: readonly string[], variant: string | null = null): Promise<void> {
    const { clock, pools, isClusterUp } = this.#options;
    const kind = pools.find((one) => one.name === pool && (variant === null || one.variant === variant));
    if (kind === undefined) throw new PortError('invalid', `ordering workers of the pool ${pool}`);
    if (!isClusterUp()) throw new PortError('notFound', 'ordering workers where no cluster is up');
    for (const name of names) {
      if (this.#workers.has(name)) continue;
      const times = { orderedAt: clock.now(), startedAt: null, endedAt: null };
      const seen: WorkerSeen = {
        name,
        pool,
        variant: kind.variant,
        state: 'waiting',
        ...times,
        outcome: null,
      };
      this.#workers.set(name, { seen, kind, program: this.#newProgram(name, kind), machine: null });
      this.ordered += 1;
    }
    this.#place();
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
    for (const held of this.#workers.values()) {
      if (held.seen.state === 'running') held.program.terminate();
      else if (held.seen.state === 'waiting') this.#ended(held, 'done');
    }
    this.#workers.clear();
    this.#machines.endAll(goneAt);
  }

  /** The most machines that there were at once, by pool. */
  get most(): ReadonlyMap<string, number> {
    return this.#machines.most;
  }

  /** How many of a pool wait for a machine or run. */
  living(pool: string): number {
    return [...this.#workers.values()].filter(({ seen }) => seen.pool === pool && seen.state !== 'ended')
      .length;
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

  /** What happens to workers in a test; a name that does not run is left alone. */

  preempt(name: string): void {
    const machine = this.#workers.get(name)?.machine ?? null;
    if (machine !== null) this.#machines.preempt(machine);
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

  #waiting(kind: PoolKind): readonly Held[] {
    return [...this.#workers.values()].filter(
      (held) => held.kind === kind && held.seen.state === 'waiting' && held.machine === null,
    );
  }

  /** Those that wait in a stock-out: the machines that boot are for those that have waited longest. */
  #without(kind: PoolKind): readonly Held[] {
    const waiting = this.#waiting(kind);
    return waiting.slice(waiting.length - this.#machines.shortOf(kind, waiting.length));
  }

  /** Those that wait get the machines that are empty, in their order; for the others machines are ordered. */
  #place(): void {
    if (!this.#options.isClusterUp()) return;
    for (const kind of this.#options.pools) {
      const left = this.#waiting(kind).filter((held) => !this.#placeOne(held));
      const missing = left.length - this.#machines.of(kind, 'booting').length;
      if (missing > 0) this.#machines.order(kind, missing);
    }
  }

  #placeOne(held: Held): boolean {
    const machine = this.#machines.take(held.kind);
    if (machine === null) return false;
    held.machine = machine;
    const { clock } = this.#options;
    clock.after(POD_START_SECONDS, () => {
      if (held.seen.state !== 'waiting' || held.machine !== machine) return;
      held.seen = { ...held.seen, state: 'running', startedAt: clock.now() };
      held.program.start();
      clock.changed();
    });
    return true;
  }

  #preempted(machine: Machine): void {
    for (const held of this.#workers.values()) {
      if (held.machine !== machine || held.seen.state === 'ended') continue;
      if (held.seen.state === 'running') held.program.preempt();
      else this.#ended(held, 'preempted');
    }
  }

  #ended(held: Held, outcome: Outcome): void {
    const { clock } = this.#options;
    held.seen = { ...held.seen, state: 'ended', endedAt: clock.now(), outcome };
    const { machine } = held;
    held.machine = null;
    if (machine !== null) this.#machines.leave(machine);
    clock.changed();
  }
}
