import type { PoolLimit } from '../../services/control/core/model.ts';
import type { EpochMs } from '../../services/control/core/time.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import type { Farm, FarmSeen } from '../../services/control/ports/farm.ts';
import { Fake } from './fake.ts';
import type { FakeClock } from './fake-clock.ts';

type Cluster =
  | { readonly state: 'absent' }
  | { readonly state: 'creating' | 'deleting'; readonly since: EpochMs; readonly until: EpochMs }
  | { readonly state: 'up'; readonly since: EpochMs }
  | { readonly state: 'broken'; readonly since: EpochMs; readonly message: string };

type ManagerProcess =
  | { readonly state: 'absent' }
  | { readonly state: 'starting'; readonly until: EpochMs; readonly id: string }
  | { readonly state: 'ready'; readonly id: string };

interface Options {
  readonly clock: FakeClock;
  readonly zone?: string;
  readonly createMs?: number;
  readonly installMs?: number;
  readonly deleteMs?: number;
  /** A manager with a new memory is there: a test lets its manager fake forget everything. */
  readonly onNewManager?: (managerId: string) => void;
  /** Deletion begins: a test ends its workers. */
  readonly onDelete?: () => void;
}

/** A farm in memory whose creation, installation and deletion take the test clock's time. */
export class FakeFarm extends Fake<Farm> implements Farm {
  readonly #options: Required<Omit<Options, 'onNewManager' | 'onDelete'>> & Options;
  #cluster: Cluster = { state: 'absent' };
  #manager: ManagerProcess = { state: 'absent' };
  #managers = 0;
  #leftovers: readonly string[] = [];
  /** What the quotas allow. */
  limits: readonly PoolLimit[] = [];
  trouble: string | null = null;

  constructor(options: Options) {
    super();
    const usual = { zone: 'test-zone', createMs: 240_000, installMs: 30_000, deleteMs: 120_000 };
    this.#options = { ...usual, ...options };
    options.clock.listen(() => this.#settle());
  }

  look(): Promise<FarmSeen> {
    return this.answer('look', [], () => this.#seen());
  }

  create(): Promise<void> {
    return this.answer('create', [], () => {
      this.#settle();
      if (this.#cluster.state === 'deleting')
        throw new PortError('transient', 'creating a farm: deleting one');
      if (this.#cluster.state !== 'absent') return;
      const since = this.#options.clock.now();
      this.#cluster = { state: 'creating', since, until: since + this.#options.createMs };
      this.#settle();
    });
  }

  install(): Promise<void> {
    return this.answer('install', [], () => {
      this.#settle();
      if (this.#cluster.state !== 'up')
        throw new PortError('notFound', 'installing on a farm that is not up');
      if (this.#manager.state !== 'absent') return;
      this.#managers += 1;
      const until = this.#options.clock.now() + this.#options.installMs;
      this.#manager = { state: 'starting', until, id: `manager-${this.#managers}` };
      this.#settle();
    });
  }

  delete(): Promise<void> {
    return this.answer('delete', [], () => {
      this.#settle();
      if (this.#cluster.state === 'absent' || this.#cluster.state === 'deleting') return;
      const since = this.#options.clock.now();
      this.#cluster = { state: 'deleting', since, until: since + this.#options.deleteMs };
      this.#manager = { state: 'absent' };
      this.#options.onDelete?.();
      this.#settle();
    });
  }

  pushDeadman(): Promise<void> {
    return this.answer('pushDeadman', [], () => undefined);
  }

  quotas(): Promise<readonly PoolLimit[]> {
    return this.answer('quotas', [], () => this.limits);
  }

  leftovers(): Promise<readonly string[]> {
    return this.answer('leftovers', [], () => this.#leftovers);
  }

  /** The manager's process dies; the next `install()` starts one with a new memory. */
  loseManager(): void {
    this.#manager = { state: 'absent' };
  }

  /** Somebody has deleted the cluster behind our back. */
  vanish(): void {
    this.#cluster = { state: 'absent' };
    this.#manager = { state: 'absent' };
  }

  breakWith(message: string): void {
    this.#cluster = { state: 'broken', since: this.#options.clock.now(), message };
  }

  setLeftovers(names: readonly string[]): void {
    this.#leftovers = names;
  }

  #seen(): FarmSeen {
    this.#settle();
    const cluster = this.#cluster;
    const { zone } = this.#options;
    if (cluster.state === 'absent' || cluster.state === 'broken') return cluster;
    if (cluster.state !== 'up') return { state: cluster.state, since: cluster.since, zone };
    const manager = this.#manager;
    const isReady = manager.state === 'ready';
    return {
      state: 'up',
      since: cluster.since,
      zone,
      manager: manager.state,
      managerUrl: isReady ? 'http://manager.test' : null,
      managerId: isReady ? manager.id : null,
      trouble: this.trouble,
    };
  }

  #settle(): void {
    const now = this.#options.clock.now();
    const cluster = this.#cluster;
    if (cluster.state === 'creating' && cluster.until <= now)
      this.#cluster = { state: 'up', since: cluster.until };
    if (cluster.state === 'deleting' && cluster.until <= now) this.#cluster = { state: 'absent' };
    const manager = this.#manager;
    if (manager.state !== 'starting' || manager.until > now) return;
    this.#manager = { state: 'ready', id: manager.id };
    this.#options.onNewManager?.(manager.id);
  }
}
