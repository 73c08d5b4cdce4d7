import type { EpochMs } from '../../services/control/core/time.ts';
import type { WorkerSeen, Workers } from '../../services/control/ports/workers.ts';
import { Fake } from './fake.ts';
import type { FakeClock } from './fake-clock.ts';

type Outcome = NonNullable<WorkerSeen['outcome']>;

interface Options {
  readonly clock: FakeClock;
  /** From the order to `running`, when there is capacity. */
  readonly bootMs?: number;
  /** A worker runs: a test registers it with its manager fake. */
  readonly onRunning?: (worker: WorkerSeen) => void;
  readonly onEnded?: (worker: WorkerSeen) => void;
}

/** Workers in memory that boot by the test's clock as capacity allows. */
export class FakeWorkers extends Fake<Workers> implements Workers {
  readonly #options: Options & { readonly bootMs: number };
  readonly #workers = new Map<string, WorkerSeen>();
  /** Workers that the world can run at once; fewer is a drought. */
  capacity = Number.POSITIVE_INFINITY;
  /** Variants that have no machine, and what is said about it. */
  readonly without = new Map<string | null, string | null>();

  constructor(options: Options) {
    super();
    this.#options = { bootMs: 60_000, ...options };
    options.clock.listen(() => this.#settle());
  }

  list(): Promise<readonly WorkerSeen[]> {
    return this.answer('list', [], () => {
      this.#settle();
      return [...this.#workers.values()].map((worker) => this.#withWhy(worker));
    });
  }

  order(pool: string, names: readonly string[], variant: string | null = null): Promise<void> {
    return this.answer('order', [pool, names, variant], () => {
      for (const name of names.filter((each) => !this.#workers.has(each))) {
        const orderedAt = this.#options.clock.now();
        const times = { orderedAt, startedAt: null, endedAt: null };
        this.#workers.set(name, { name, pool, variant, state: 'waiting', ...times, outcome: null });
      }
      this.#settle();
    });
  }

  remove(name: string): Promise<void> {
    return this.answer('remove', [name], () => {
      this.#settle();
      const worker = this.#workers.get(name);
      if (worker?.state === 'ended') this.#workers.delete(name);
      else this.end(name, 'done');
    });
  }

  /** The worker's process ends; a name that does not live is left alone. */
  end(name: string, outcome: Outcome): void {
    const ended = this.kill(name, outcome);
    if (ended !== null) this.#options.onEnded?.(ended);
  }

  /** The same without a word to the manager; `null` = it did not live. */
  kill(name: string, outcome: Outcome): WorkerSeen | null {
    const worker = this.#workers.get(name);
    if (worker === undefined || worker.state === 'ended') return null;
    const ended: WorkerSeen = { ...worker, state: 'ended', endedAt: this.#options.clock.now(), outcome };
    this.#workers.set(name, ended);
    return ended;
  }

  endAll(outcome: Outcome): void {
    for (const name of this.#workers.keys()) this.end(name, outcome);
  }

  /** The worker and its record are gone as if they had never been (its node and Job were deleted). */
  vanish(name: string): void {
    this.#workers.delete(name);
  }

  isAlive(name: string): boolean {
    const state = this.#workers.get(name)?.state;
    return state === 'waiting' || state === 'running';
  }

  #settle(): void {
    const bootedBefore: EpochMs = this.#options.clock.now() - this.#options.bootMs;
    for (const worker of this.#workers.values()) {
      const isBooted = worker.state === 'waiting' && worker.orderedAt <= bootedBefore;
      if (isBooted && this.#hasMachine(worker)) this.#start(worker);
    }
  }

  #hasMachine({ variant = null }: WorkerSeen): boolean {
    return this.#runningCount() < this.capacity && !this.without.has(variant);
  }

  #withWhy(worker: WorkerSeen): WorkerSeen {
    const why = worker.state === 'waiting' ? this.without.get(worker.variant ?? null) : null;
    return { ...worker, why: why ?? null };
  }

  #start(worker: WorkerSeen): void {
    const running: WorkerSeen = { ...worker, state: 'running', startedAt: this.#options.clock.now() };
    this.#workers.set(worker.name, running);
    this.#options.onRunning?.(running);
  }

  #runningCount(): number {
    return [...this.#workers.values()].filter((worker) => worker.state === 'running').length;
  }
}
