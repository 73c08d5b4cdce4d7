import type { Policy, PoolLimit, PoolVariant } from '../../services/control/core/model.ts';
import type { Outbox } from '../../services/control/core/outbox.ts';
import { isFinal, type RunRecord } from '../../services/control/core/run.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import type { LeaseHeld } from '../../services/control/ports/lease.ts';
import { FakeMessenger } from '../fakes/fake-messenger.ts';
import { POOL } from '../reconcile/world.ts';
import type { Call, Gate, SimService } from '../sim/service.ts';
import {
  createSimWorld,
  isOver,
  memoryOf,
  runsOf,
  type SimWorld,
  startService,
  tellUpload,
} from '../sim/world.ts';
import { Buckets, pathOf } from './buckets.ts';
import { faultOf } from './faults.ts';
import { INVARIANTS } from './invariants.ts';
import type { Death, Happening, Life, PolicySpec, ServiceSpec, ShotSpec, WorldSpec } from './spec.ts';
import { createTrouble } from './trouble.ts';
import type { Invariant, NewInvariant, Watched, WatchedCall } from './watch.ts';

const HOUR_MS = 3_600_000;
/** What stands still is looked at so often while calls go wrong, and else. */
const STILL_MS = { inTrouble: 10_000, else: 30_000 } as const;
const MONTH_END = Date.UTC(2026, 11, 1);
/** A lost event is made good by the listing, each quarter of an hour. */
const LISTED_MS = 35 * 60_000;
/** A service that was killed before that is back by then: the longest that one is gone, and as long again. */
const BACK_MS = 3 * HOUR_MS;
/** Within this time after the last trouble everything that can end by itself has ended. */
const ENDS_WITHIN_MS = 30 * HOUR_MS;
/** And after the last word of a person, everything else. */
const ENDS_AFTER_WORD_MS = 6 * HOUR_MS;

/** A deliberately broken decision: it may do something else than the call, or more. */
export type Break = (
  call: Call,
  act: () => Promise<unknown>,
  also: (port: string, method: string, ...args: readonly unknown[]) => Promise<unknown>,
  world: SimWorld,
) => Promise<unknown>;

export interface RunOptions {
  readonly invariants?: readonly NewInvariant[];
  readonly breaks?: Break;
  /** What the service believes instead of the world's policy. */
  readonly believes?: Partial<Policy>;
  /** Told of everything that happens, in its order. */
  readonly tell?: (line: string) => void;
}

export interface Outcome {
  readonly violation: { readonly name: string; readonly what: string } | null;
  /** Exceptions that were allowed, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** What went wrong at calls, each once (`faults.ts`). */
  readonly faults: ReadonlySet<string>;
  readonly states: readonly string[];
  readonly calls: number;
}

/** Lets the world of this object happen, to its end or until an invariant does not hold. */
export async function runWorld(spec: WorldSpec, options: RunOptions = {}): Promise<Outcome> {
  const stage = new Stage(spec, options);
  await stage.run();
  const states = runsOf(stage.world).map(({ state, reason }) => `${state} ${reason?.code ?? ''}`);
  const { violation, counts, faults, calls } = stage;
  return { violation, counts, faults, states, calls };
}

class Stage {
  readonly world: SimWorld;
  readonly counts: Record<string, number> = {};
  readonly faults = new Set<string>();
  violation: Outcome['violation'] = null;
  calls = 0;
  readonly #spec: WorldSpec;
  readonly #options: RunOptions;
  readonly #buckets: Buckets;
  readonly #invariants: readonly Invariant[];
  readonly #readAt = new Map<string, number>();
  readonly #orders = new Set<string>();
  readonly #cancelled = new Set<string>();
  readonly #cloud: WorldSpec['cloud'];
  readonly #receiver: FakeMessenger | null;
  #said = 0;

  constructor(spec: WorldSpec, options: RunOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#cloud = { ...spec.cloud };
    this.#receiver = spec.hasReceiver ? new FakeMessenger() : null;
    this.world = createSimWorld({
      ...{ seed: spec.seed, cloud: this.#cloud, policy: policyOf(spec.policy) },
      ...(this.#receiver !== null && { receiver: this.#receiver }),
      ...(spec.monthEndsAt !== null && { startsAt: MONTH_END - spec.monthEndsAt * 1000 }),
    });
    this.world.cluster.creations.push(...spec.creations);
    this.world.cluster.limits.push(...limitsOf(spec.policy));
    this.#buckets = new Buckets(this.world);
    const watched: Watched = {
      spec,
      world: this.world,
      buckets: this.#buckets,
      receiver: this.#receiver,
      readAt: this.#readAt,
      orders: this.#orders,
      cancelled: this.#cancelled,
      count: (exception) => {
        this.counts[exception] = (this.counts[exception] ?? 0) + 1;
      },
    };
    this.#invariants = (options.invariants ?? INVARIANTS).map((create) => create(watched));
  }

  async run(): Promise<void> {
    const { clock, startedAt } = this.world;
    const spec = this.#spec;
    for (const happening of spec.happenings)
      clock.at(startedAt + happening.at * 1000, () => this.#happen(happening));
    spec.services.forEach((service, index) => {
      clock.resumeAt(startedAt + Math.round(service.startsAt * 1000), () =>
        this.#live(service, `service-${index + 1}`, 0),
      );
    });
    const calmAt = startedAt + spec.calmAt * 1000;
    clock.at(calmAt, () => {
      this.#tell('* calm');
      this.#cloud.preemptionsPerHour = 0;
      this.#cloud.zoneEventsPerHour = 0;
    });
    const isBroken = () => this.violation !== null;
    await clock.run(calmAt + LISTED_MS, isBroken);
    this.#releaseAll();
    await clock.run(calmAt + BACK_MS, () => isBroken() || this.#isOver());
    if (!this.#isOver()) this.#releaseAll();
    await clock.run(calmAt + ENDS_WITHIN_MS, () => isBroken() || this.#isOver());
    if (!this.#isOver() && !isBroken()) this.#lastWord();
    await clock.run(clock.now() + ENDS_AFTER_WORD_MS, () => isBroken() || this.#isOver());
    if (isBroken()) return;
    this.#tell('the end');
    for (const invariant of this.#invariants) this.#judge(invariant, invariant.end?.(this.#isOver()) ?? null);
  }

  #isOver(): boolean {
    const { records } = this.world;
    // What a hung creation left behind is looked for again with each listing.
    const hasSaid = memoryOf(this.world)?.leftovers?.length === 0;
    const outbox = records.valueAt('messages.json') as Outbox | undefined;
    if ((outbox?.waiting.length ?? 0) > 0) return false;
    return isOver(this.world) && hasSaid && records.valuesUnder('commands/').length === 0;
  }

  /** A process lives until its death, and the next one takes its place. */
  #live(service: ServiceSpec, lineage: string, index: number): void {
    const { clock } = this.world;
    const life = service.lives[index];
    const holder = `${lineage}.${index + 1}`;
    this.#tell(`${holder} starts`);
    const offset = () => this.#offset(service);
    let process: SimService | null = null;
    const unread = new Set<string>();
    const end = (how: string) => {
      this.#tell(`${holder} ${how}`);
      const later = clock.now() + Math.round((life?.nextAfter ?? 0) * 1000);
      clock.resumeAt(later, () => this.#live(service, lineage, index + 1));
    };
    const gate = this.#gate(holder, life ?? null, offset, unread, (when) => {
      if (when === 'stopped') return process?.stop();
      process?.kill();
      end('is killed');
    });
    const { ports, policy } = this.world;
    process = startService(this.world, {
      holder,
      gate,
      skipsStill: true,
      stillMs: () => (this.#isInTrouble() ? STILL_MS.inTrouble : STILL_MS.else),
      ports: { ...ports, clock: { now: () => clock.now() + offset() } },
      policy: { ...policy, ...this.#options.believes },
      onStopped: () => end('has stopped'),
      onPass: () => {
        unread.clear();
        this.#passed(holder);
      },
      onError: (error) => {
        unread.clear();
        this.#failed(holder, error);
      },
    });
  }

  #offset({ jumps }: ServiceSpec): number {
    const at = (this.world.clock.now() - this.world.startedAt) / 1000;
    return (jumps.findLast((jump) => jump.at <= at)?.offset ?? 0) * 1000;
  }

  /** break -> watch -> death -> trouble -> the world. */
  #gate(
    holder: string,
    life: Life | null,
    offset: () => number,
    unread: Set<string>,
    die: (when: Death['when']) => void,
  ): Gate {
    const { world } = this;
    const trouble = createTrouble(world, this.#spec, holder, (fault) => {
      this.faults.add(fault);
      this.#tell(`${holder}   ! ${fault}`);
    });
    const counted = new Map<string, number>();
    let isDead = false;
    const isDying = (name: string, when: Death['when']): boolean => {
      if (life === null || life.death.when !== when || this.#isCalm()) return false;
      const { method, nth } = life.death;
      return (method === null || method === name) && counted.get(method ?? '') === nth;
    };
    const kill = (name: string, when: 'before' | 'after') => {
      isDead = true;
      this.faults.add(faultOf(name, `killed ${when}`));
      die(when);
      return NEVER;
    };
    const watched: Gate = async (call, act) => {
      const name = `${call.port}.${call.method}`;
      this.calls += 1;
      counted.set('', (counted.get('') ?? 0) + 1);
      counted.set(name, (counted.get(name) ?? 0) + 1);
      if (isDying(name, 'before')) return kill(name, 'before');
      if (isDying(name, 'stopped')) {
        this.faults.add(faultOf(name, 'stopped'));
        die('stopped');
      }
      const seen: WatchedCall = { service: holder, name, args: call.args, unread };
      let hasActed = false;
      try {
        const answer = await trouble(call, async () => {
          if (isDead) return NEVER;
          for (const one of this.#invariants) this.#judge(one, one.before?.(seen) ?? null);
          const answered = await act();
          hasActed = true;
          return answered;
        });
        if (isDead) return NEVER;
        this.#readAt.set(name, world.clock.now());
        // What is destroyed may be looked at once more just before.
        unread.delete(name);
        this.#tellCall(holder, name, call.args);
        return name === 'lease.acquire' ? byOwnClock(answer as LeaseHeld | null, offset()) : answer;
      } catch (error) {
        unread.add(name);
        throw error;
      } finally {
        if (hasActed) this.#acted(seen);
        if (!isDead && isDying(name, 'after')) await kill(name, 'after');
      }
    };
    const { breaks } = this.#options;
    if (breaks === undefined) return watched;
    const also = (port: string, method: string, ...args: readonly unknown[]) =>
      watched({ port, method, args }, async () =>
        Reflect.get(Reflect.get(world.ports, port), method).apply(Reflect.get(world.ports, port), args),
      );
    return (call, act) => breaks(call, () => watched(call, act), also, world);
  }

  #acted(call: WatchedCall): void {
    for (const one of this.#invariants) this.#judge(one, one.after?.(call) ?? null);
    const [name, value] = call.args;
    const isWrite = call.name === 'records.create' || call.name === 'records.replace';
    if (!isWrite || !String(name).startsWith('runs/')) return;
    for (const one of this.#invariants) this.#judge(one, one.wrote?.(value as RunRecord) ?? null);
  }

  #passed(holder: string): void {
    if (this.#options.tell !== undefined) this.#tellDecisions(holder);
    for (const one of this.#invariants) this.#judge(one, one.passed?.() ?? null);
  }

  /** A pass that breaks off over a port, or because it lost the lease, is made good by the next one. */
  #failed(holder: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#tell(`${holder} breaks off: ${text}`);
    if (isPortError(error) || text.startsWith('the lease was lost')) return;
    const stack = error instanceof Error ? (error.stack ?? text) : text;
    this.violation ??= { name: 'noCrash', what: `a pass threw: ${stack}` };
  }

  #judge({ name }: Invariant, what: string | null): void {
    if (what !== null) this.violation ??= { name, what };
  }

  /** Or will be before the next look. */
  #isInTrouble(): boolean {
    const at = (this.world.clock.now() - this.world.startedAt) / 1000;
    const ahead = STILL_MS.else / 1000;
    return this.#spec.troubles.some(({ from, to }) => at >= from - ahead && at < to);
  }

  #isCalm(): boolean {
    return this.world.clock.now() >= this.world.startedAt + this.#spec.calmAt * 1000;
  }

  #happen(happening: Happening): void {
    const { at: _, ...what } = happening;
    this.#tell(`* ${JSON.stringify(what)}`);
    switch (happening.kind) {
      case 'upload':
        this.#upload(happening);
        return;
      case 'takeAway':
        this.#buckets.takeAway(this.#shot(happening.shot), happening.what);
        return;
      case 'say':
        this.#say(happening.what, happening.shot);
        return;
      case 'order':
        this.#orders.add(happening.what);
        this.#command({
          kind: happening.what,
          by: 'anna',
          ...(happening.what === 'wake' ? { minutes: 20 } : {}),
        });
        return;
      case 'cluster':
        this.#shake(happening.what);
        return;
      case 'worker':
        this.#hit(happening);
        return;
    }
  }

  #upload({ shot: name, what, content, word, lateBy }: Extract<Happening, { kind: 'upload' }>): void {
    const { clock } = this.world;
    const shot = this.#shot(name);
    const parts = what === 'all' ? (['settings', 'blend'] as const) : ([what] as const);
    for (const part of parts) this.#buckets.put(shot, part, content);
    const path = pathOf(shot, what === 'all' ? 'blend' : what);
    const tell = () => tellUpload(this.world, path);
    if (word === 'lost') return;
    if (word === 'late' || word === 'twice') clock.at(clock.now() + lateBy * 1000, tell);
    if (word !== 'late') tell();
  }

  #shot(name: string): ShotSpec {
    const shot = this.#spec.shots.find((one) => one.name === name);
    if (shot === undefined) throw new Error(`this world has no shot ${name}`);
    return shot;
  }

  #say(kind: 'cancel' | 'again' | 'release', shot: string): void {
    const last = runsOf(this.world)
      .filter((run) => run.shot === shot)
      .toSorted((a, b) => b.count - a.count)[0];
    if (last === undefined) return;
    if (kind === 'cancel') this.#cancelled.add(shot);
    this.#command({ kind, runId: last.id, by: 'anna', ...(kind === 'again' ? { settings: {} } : {}) });
  }

  #command(command: Readonly<Record<string, unknown>>): void {
    const { records, clock, services } = this.world;
    this.#said += 1;
    void records.create(`commands/${clock.now()}-p${this.#said}.json`, command).catch(() => {});
    clock.changed();
    for (const service of services) service.kick();
  }

  #shake(what: 'restart' | 'forget' | 'vanish' | 'break'): void {
    const { cluster } = this.world;
    if (what === 'vanish') cluster.vanish();
    else if (what === 'break') cluster.breakWith('the control plane is gone');
    else cluster.loseManager({ keepsMemory: what === 'restart' });
  }

  #hit({ what, pick }: Extract<Happening, { kind: 'worker' }>): void {
    const { pool } = this.world;
    const running = pool.running();
    const name = running[Math.floor(pick * running.length)];
    if (name !== undefined) pool[what](name);
  }

  /** People come back: what was held goes on, what was paused is resumed. */
  #releaseAll(): void {
    if (this.violation !== null) return;
    this.#command({ kind: 'resume', by: 'anna' });
    for (const run of runsOf(this.world))
      if (!isFinal(run.state)) this.#command({ kind: 'release', runId: run.id, by: 'anna' });
  }

  /** Only people end what waits for money. */
  #lastWord(): void {
    this.#tell('* the last word');
    for (const run of runsOf(this.world)) {
      if (isFinal(run.state) || run.state !== 'waiting' || run.reason?.code !== 'budget') continue;
      this.#cancelled.add(run.shot);
      this.#command({ kind: 'cancel', runId: run.id, by: 'anna' });
    }
  }

  #tell(line: string): void {
    this.#options.tell?.(`${this.#time()}  ${line}`);
  }

  #time(): string {
    const seconds = Math.floor((this.world.clock.now() - this.world.startedAt) / 1000);
    const two = (number: number) => String(number).padStart(2, '0');
    return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  #tellCall(holder: string, name: string, args: readonly unknown[]): void {
    if (this.#options.tell === undefined || DULL.test(name)) return;
    const told = args.map((arg) => JSON.stringify(arg) ?? '').join(' ');
    this.#tell(`${holder}   ${name} ${told.length > 160 ? `${told.slice(0, 160)}…` : told}`);
  }

  #told = 0;

  #tellDecisions(holder: string): void {
    const memory = this.world.records.valueAt('farm.json') as
      | { decisions: readonly { at: number; what: string; reason: string }[] }
      | undefined;
    const fresh = (memory?.decisions ?? []).filter(({ at }) => at > this.#told);
    for (const { what, reason } of fresh.toReversed()) this.#tell(`${holder} decided ${what} (${reason})`);
    this.#told = Math.max(this.#told, ...fresh.map(({ at }) => at));
  }
}

const NEVER: Promise<never> = new Promise(() => {});
/** Calls of each pass that say nothing. */
const DULL =
  /^(lease|scenes|renders)\.|^records\.(read|list|overwrite|replace)|\.(look|list|jobs|tasks|workers|pushDeadman)$/;

/** The lease is kept by the storage server's clock, and shown to its holder by his own (ports). */
function byOwnClock(held: LeaseHeld | null, offset: number): LeaseHeld | null {
  return held === null ? null : { ...held, until: held.until + offset };
}

function variantsOf(pool: string): readonly PoolVariant[] {
  const pricePerHour = pool === 'big' ? 0.5 : 0.2;
  const onDemandPricePerHour = 4 * pricePerHour;
  return [
    { name: `${pool}-spot`, isSpot: true, pricePerHour, onDemandPricePerHour },
    { name: `${pool}-ordinary`, isSpot: false, pricePerHour: onDemandPricePerHour, onDemandPricePerHour },
  ];
}

function limitsOf({ pools, quota }: PolicySpec): readonly PoolLimit[] {
  const [first] = pools;
  if (first === undefined || quota === null) return [];
  return [{ pool: first.name, variant: null, workers: quota, message: 'CPUS in sim: all are in use' }];
}

function policyOf(spec: PolicySpec): Partial<Policy> {
  const [first, ...others] = spec.pools.map((pool) => ({
    ...POOL,
    ...pool,
    pricePerHour: pool.name === 'big' ? 0.5 : 0.2,
    variants: spec.hasFallback ? variantsOf(pool.name) : [],
    tag: pool.name === 'big' ? 'big-tag' : null,
    bootSeconds: 150,
    tailSeconds: 60,
  }));
  if (first === undefined) throw new Error('a world has a pool');
  return {
    pools: [first, ...others],
    idleTeardownMs: spec.idleTeardownSeconds * 1000,
    settleMs: spec.settleSeconds * 1000,
    maxFarmMs: spec.maxFarmHours * HOUR_MS,
    maxUnknownMs: spec.maxUnknownHours * HOUR_MS,
    droughtMs: spec.droughtMinutes * 60_000,
    missingFilesGraceMs: spec.missingFilesGraceHours * HOUR_MS,
    monthlyBudgetDollars: spec.monthlyBudgetDollars,
    budgetStop: spec.budgetStop,
    checkFirst: spec.checkFirst,
  };
}
