import type { PoolLimit } from '../../services/control/core/model.ts';
import type { EpochMs } from '../../services/control/core/time.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import type { Farm, FarmSeen } from '../../services/control/ports/farm.ts';
import type { Bill } from './bill.ts';
import type { Cancel, SimClock } from './clock.ts';
import type { SimManager } from './manager.ts';
import { lognormal, randomOf } from './random.ts';
import type { CloudTimes } from './trace.ts';

/** How a creation goes: it hangs as in a stock-out (reference/google-cloud.md §5), or comes to nothing. */
export type Creation = 'works' | 'hangs' | 'fails';

/** The adapter waits so long for a creation (adapters/gcp/farm.ts), unless all other zones were tried of late… */
const PATIENCE_SECONDS = 12 * 60;
const LAST_PATIENCE_SECONDS = 40 * 60;
const TRIED_SECONDS = 90 * 60;
/** …and GKE lets nobody delete one that hangs before it gives up itself. */
const HANGS_SECONDS = 35 * 60;
/** Helm, and the manager's image on its node. */
const INSTALL_SECONDS = 30;
const ZONES = ['sim-a', 'sim-b', 'sim-c'] as const;
/** DEADMAN_MINUTES. */
const DEADMAN_SECONDS = 60 * 60;

interface Options {
  readonly seed: number;
  readonly times: CloudTimes;
  readonly clock: SimClock;
  readonly bill: Bill;
  readonly manager: SimManager;
  /** The cluster goes: its workers end now, its machines with it at the latest. */
  readonly onDelete: (goneAt: EpochMs) => void;
}

type Cluster =
  | { readonly state: 'absent' }
  | { readonly state: 'creating' | 'deleting'; readonly name: string; readonly since: EpochMs }
  | { readonly state: 'up'; readonly name: string; readonly since: EpochMs }
  | { readonly state: 'broken'; readonly name: string; readonly since: EpochMs; readonly message: string };

/** The farm as a GKE cluster with one manager node: takes minutes to come and to go, and costs all the while. */
export class SimCluster implements Farm {
  readonly #options: Options;
  #cluster: Cluster = { state: 'absent' };
  #manager: 'absent' | 'starting' | 'ready' = 'absent';
  #managers = 0;
  #created = 0;
  #zone = 0;
  #givenUp = 0;
  readonly #givenUpAt: EpochMs[] = [];
  #cancelNext: Cancel = () => {};
  #cancelDeadman: Cancel = () => {};
  /** What the next creations do; afterwards they work. */
  readonly creations: Creation[] = [];
  /** What the account's quotas allow. */
  readonly limits: PoolLimit[] = [];
  /** Clusters that the dead-man's switch has taken down. */
  deadmanFired = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  async look(): Promise<FarmSeen> {
    return { ...this.#look(), ...(this.#givenUp === 0 ? {} : { givenUp: this.#givenUp }) };
  }

  #look(): FarmSeen {
    const cluster = this.#cluster;
    const zone = ZONES[this.#zone % ZONES.length] ?? 'sim-a';
    if (cluster.state === 'absent') return { state: 'absent' };
    if (cluster.state === 'broken')
      return { state: 'broken', since: cluster.since, message: cluster.message };
    if (cluster.state !== 'up') return { state: cluster.state, since: cluster.since, zone };
    const isReady = this.#manager === 'ready';
    return {
      state: 'up',
      since: cluster.since,
      zone,
      manager: this.#manager,
      managerUrl: isReady ? 'http://manager' : null,
      managerId: isReady ? `manager-${this.#managers}` : null,
    };
  }

  async create(): Promise<void> {
    if (this.#cluster.state === 'deleting')
      throw new PortError('transient', 'creating a farm while the old one is being deleted');
    if (this.#cluster.state !== 'absent') return;
    const { clock, bill, times, seed } = this.#options;
    this.#created += 1;
    const name = `tablao-${this.#created}`;
    this.#cluster = { state: 'creating', name, since: clock.now() };
    bill.begin('cluster', name, times.clusterFeePerHour, clock.now());
    bill.begin('manager', name, times.managerPricePerHour, clock.now());
    const { median, sigma } = times.clusterCreateSeconds;
    const seconds = lognormal(randomOf(seed, 'cluster', this.#created), median, sigma);
    const creation = this.creations.shift() ?? 'works';
    const patience = this.#patienceSeconds();
    // One that takes longer than the patience of the adapter is given up like one that hangs; it can be deleted when it is there.
    const endsAfter = creation === 'hangs' ? HANGS_SECONDS : seconds;
    const isGivenUp = endsAfter > patience;
    if (isGivenUp) this.#then(patience, () => this.#giveUp(name, endsAfter - patience));
    else if (creation === 'works') this.#then(seconds, () => this.#comeUp(name));
    else this.#then(endsAfter, () => this.#giveUp(name, 0));
    this.#pushDeadman();
    clock.changed();
  }

  async install(): Promise<void> {
    if (this.#cluster.state !== 'up') throw new PortError('notFound', 'installing on a farm that is not up');
    if (this.#manager !== 'absent') return;
    this.#manager = 'starting';
    this.#then(INSTALL_SECONDS, () => {
      this.#manager = 'ready';
      this.#managers += 1;
      this.#options.manager.start();
    });
    this.#options.clock.changed();
  }

  async delete(): Promise<void> {
    this.#delete();
  }

  async pushDeadman(): Promise<void> {
    if (this.#cluster.state !== 'absent') this.#pushDeadman();
  }

  async quotas(): Promise<readonly PoolLimit[]> {
    return this.limits;
  }

  async leftovers(): Promise<readonly string[]> {
    const { bill } = this.#options;
    return [...bill.charged('cluster').map((name) => `cluster ${name}`), ...bill.charged('worker')];
  }

  /** Since when the cluster is up; `null` = it is not. */
  get upSince(): EpochMs | null {
    return this.#cluster.state === 'up' ? this.#cluster.since : null;
  }

  get isDeleting(): boolean {
    return this.#cluster.state === 'deleting';
  }

  get isBroken(): boolean {
    return this.#cluster.state === 'broken';
  }

  /** What happens to it in a test: */

  loseManager({ keepsMemory }: { readonly keepsMemory: boolean }): void {
    if (this.#manager === 'absent') return;
    if (this.#manager === 'starting') this.#cancelNext();
    this.#manager = 'absent';
    this.#options.manager.stop({ keepsMemory });
  }

  /** Somebody deletes it behind our back, at once. */
  vanish(): void {
    const { clock, bill } = this.#options;
    if (this.#cluster.state === 'absent') return;
    const { name } = this.#cluster;
    this.#cluster = { state: 'absent' };
    this.#stop(clock.now());
    bill.end('cluster', name, clock.now());
    bill.end('manager', name, clock.now());
    clock.changed();
  }

  breakWith(message: string): void {
    if (this.#cluster.state !== 'up') return;
    this.#cluster = { ...this.#cluster, state: 'broken', message };
    this.#options.clock.changed();
  }

  #comeUp(name: string): void {
    this.#cluster = { state: 'up', name, since: this.#options.clock.now() };
    this.#options.clock.changed();
  }

  #patienceSeconds(): number {
    const { clock } = this.#options;
    const tried = this.#givenUpAt.filter((at) => clock.now() - at < TRIED_SECONDS * 1000);
    return tried.length < ZONES.length - 1 ? PATIENCE_SECONDS : LAST_PATIENCE_SECONDS;
  }

  /** The adapter looks elsewhere; what hangs is billed until it can be deleted. */
  #giveUp(name: string, untilDeletable: number): void {
    const { clock, times } = this.#options;
    this.#cluster = { state: 'absent' };
    this.#zone += 1;
    this.#cancelDeadman();
    this.#givenUp += 1;
    this.#givenUpAt.push(clock.now());
    clock.after(untilDeletable + times.clusterDeleteSeconds, () => {
      this.#givenUp -= 1;
      this.#endBills(name);
    });
    clock.changed();
  }

  #delete(): void {
    if (this.#cluster.state === 'absent' || this.#cluster.state === 'deleting') return;
    const { clock, times } = this.#options;
    const { name, state } = this.#cluster;
    const seconds = times.clusterDeleteSeconds;
    this.#cluster = { state: 'deleting', name, since: clock.now() };
    this.#stop(clock.now() + seconds * 1000);
    // A creation that still runs ends first.
    const wait = state === 'creating' ? times.clusterCreateSeconds.median : 0;
    this.#then(wait + seconds, () => {
      this.#cluster = { state: 'absent' };
      this.#endBills(name);
    });
    clock.changed();
  }

  #stop(goneAt: EpochMs): void {
    const { manager, onDelete } = this.#options;
    this.#cancelNext();
    this.#cancelDeadman();
    onDelete(goneAt);
    this.#manager = 'absent';
    manager.stop({ keepsMemory: false });
  }

  #endBills(name: string): void {
    const { bill, clock } = this.#options;
    bill.end('cluster', name, clock.now());
    bill.end('manager', name, clock.now());
    clock.changed();
  }

  #pushDeadman(): void {
    this.#cancelDeadman();
    this.#cancelDeadman = this.#options.clock.after(DEADMAN_SECONDS, () => {
      if (this.#cluster.state === 'absent' || this.#cluster.state === 'deleting') return;
      this.deadmanFired += 1;
      this.#delete();
    });
  }

  #then(seconds: number, happen: () => void): void {
    this.#cancelNext = this.#options.clock.after(seconds, () => {
      happen();
      this.#options.clock.changed();
    });
  }
}
