import type { JobOrder } from '../../../services/control/core/actions.ts';
import { chunkSizesFor, cutIntoChunks } from '../../../services/control/core/chunks.ts';
import { framesOfRange } from '../../../services/control/core/frames.ts';
import { NEW_RUN } from '../../../services/control/core/run.ts';
import type { Trace, TraceJob } from '../../sim/trace.ts';
import { createSimWorld, type SimWorld } from '../../sim/world.ts';
import type { Outcome } from './outcome.ts';
import { Pictures } from './pictures.ts';
import { shotName, shotOf } from './shots.ts';
import { outcomeOf, policyOf } from './tablao.ts';

const LONGEST_MS = 7 * 24 * 3_600_000;
/** People make tasks of short frames at least so long. */
const SHORTEST_TASK_SECONDS = 60;

/** What a rule sees of the farm when it looks. Seconds since the trace began. */
export interface RuleSight {
  readonly now: number;
  /** Tasks that wait, and tasks that run. */
  readonly queued: number;
  readonly active: number;
  /** What waiting and running tasks need by the mean of their job: what a person would have written down. */
  readonly secondsLeft: number;
  readonly workers: readonly RuleWorker[];
  readonly maxWorkers: number;
  /** Numbers of its own for chance, in [0, 1). */
  readonly random: () => number;
}

interface RuleWorker {
  readonly name: string;
  readonly isPending: boolean;
  readonly isBusy: boolean;
  /** Since when it has had no task; `null` = it has one, or has not started. */
  readonly idleSince: number | null;
}

/** What it does then. `end` is a SIGTERM, whatever the worker does; `drain` lets it finish. */
export interface RuleStep {
  readonly order: number;
  readonly end: readonly string[];
  readonly drain: readonly string[];
}

export const NOTHING: RuleStep = { order: 0, end: [], drain: [] };

/** A rule that somebody uses today. Each run of a trace gets a rule of its own, which may remember. */
interface Rule {
  /** How often it looks. */
  readonly everySeconds: number;
  /** Its workers take one task and end. */
  readonly isOneTaskEach?: boolean;
  readonly step: (seen: RuleSight) => RuleStep;
}

export type RuleMaker = () => Rule;

/** A rule on the same cloud: the cluster comes with the first job and goes when nothing is left, neither work nor workers. */
export async function runRule(trace: Trace, seed: number, makeRule: RuleMaker): Promise<Outcome> {
  const world = createSimWorld({ seed, cloud: trace.cloud, policy: policyOf(trace) });
  const farm = new RuleFarm(world, trace, seed, makeRule());
  return farm.run();
}

class RuleFarm {
  readonly #world: SimWorld;
  readonly #trace: Trace;
  readonly #rule: Rule;
  readonly #seed: number;
  readonly #pictures: Pictures;
  readonly #idleSince = new Map<string, number>();
  readonly #waiting: { readonly job: TraceJob; readonly index: number }[] = [];
  #arrived = 0;
  #serial = 0;
  #lastWork = 0;
  #randoms = 0;

  constructor(world: SimWorld, trace: Trace, seed: number, rule: Rule) {
    this.#world = world;
    this.#trace = trace;
    this.#rule = rule;
    this.#seed = seed;
    this.#pictures = new Pictures(world);
  }

  async run(): Promise<Outcome> {
    const { clock, startedAt, bill } = this.#world;
    const { jobs } = this.#trace;
    jobs.forEach((job, index) => {
      clock.at(startedAt + job.atSeconds * 1000, () => {
        this.#arrived += 1;
        this.#world.shots.set(shotName(index), shotOf(this.#seed, job, index));
        this.#waiting.push({ job, index });
        this.#keepFarm();
      });
    });
    const everyMs = this.#rule.everySeconds * 1000;
    const step = () => {
      this.#step();
      clock.resumeAt(clock.now() + everyMs, step);
    };
    clock.resumeAt(clock.now() + everyMs, step);
    const keep = () => {
      this.#keepFarm();
      clock.resumeAt(clock.now() + 5000, keep);
    };
    clock.resumeAt(clock.now(), keep);
    const isOver = () => this.#arrived === jobs.length && this.#isDone() && bill.isQuiet;
    if (!(await clock.run(startedAt + LONGEST_MS, isOver)))
      throw new Error(`${this.#trace.name}: a rule does not end`);
    return outcomeOf(this.#world, this.#trace, this.#pictures);
  }

  #now(): number {
    return (this.#world.clock.now() - this.#world.startedAt) / 1000;
  }

  #tasks() {
    return [...this.#world.manager.farm.tasks.values()].filter(
      ({ status }) => status === 'queued' || status === 'active',
    );
  }

  #isDone(): boolean {
    return this.#waiting.length === 0 && this.#tasks().length === 0;
  }

  /** The farm is raised and taken down as ours is: this is not what the rules are about. */
  #keepFarm(): void {
    const { cluster, manager, pool } = this.#world;
    void cluster.pushDeadman();
    if (!this.#isDone()) this.#lastWork = this.#now();
    if (manager.isUp)
      for (const one of this.#waiting.splice(0)) void manager.submit(this.#orderOf(one.job, one.index));
    void pool.list().then((workers) => {
      for (const { name, state } of workers) if (state === 'ended') void pool.remove(name);
      const isQuiet = workers.every(({ state }) => state === 'ended') && this.#isDone();
      if (this.#waiting.length > 0) void this.#raise();
      else if (isQuiet && this.#now() - this.#lastWork >= this.#trace.policy.idleTeardownSeconds)
        void cluster.delete();
    });
  }

  async #raise(): Promise<void> {
    const { cluster } = this.#world;
    const { state } = await cluster.look();
    if (state === 'absent') await cluster.create();
    else if (state === 'up') await cluster.install();
  }

  #step(): void {
    const { manager, pool, cluster } = this.#world;
    if (!manager.isUp || cluster.upSince === null) return;
    if (this.#rule.isOneTaskEach === true) this.#drainOneTaskers();
    void pool.list().then((workers) => {
      const living = workers.filter(({ state }) => state !== 'ended');
      const tasks = this.#tasks();
      const active = tasks.filter(({ status }) => status === 'active').length;
      const seen: RuleSight = {
        now: this.#now(),
        queued: tasks.length - active,
        active,
        secondsLeft: this.#secondsLeft(),
        workers: living.map(({ name, state }) => this.#workerSeen(name, state === 'waiting')),
        maxWorkers: this.#trace.policy.maxWorkers,
        random: () => {
          this.#randoms += 1;
          return ((this.#randoms * 2654435761) % 4294967296) / 4294967296;
        },
      };
      const { order, end, drain } = this.#rule.step(seen);
      for (const name of end) void pool.remove(name);
      for (const name of drain) this.#drain(name);
      const room = Math.max(0, Math.min(order, this.#trace.policy.maxWorkers - living.length + end.length));
      const names = Array.from({ length: room }, (_, index) => `cpu-${this.#serial + index + 1}`);
      this.#serial += room;
      if (room > 0) void pool.order('cpu', names);
    });
  }

  #workerSeen(name: string, isPending: boolean): RuleWorker {
    const isBusy = this.#world.pool.isBusy(name);
    if (isBusy || isPending) this.#idleSince.delete(name);
    else if (!this.#idleSince.has(name)) this.#idleSince.set(name, this.#now());
    return { name, isPending, isBusy, idleSince: this.#idleSince.get(name) ?? null };
  }

  /** Once they have a task, or when there is none for them: a pod that works off a queue ends when it is empty. */
  #drainOneTaskers(): void {
    const isEmpty = this.#tasks().every(({ status }) => status !== 'queued');
    for (const name of this.#world.pool.running())
      if (isEmpty || this.#world.pool.isBusy(name)) this.#drain(name);
  }

  #drain(name: string): void {
    const { manager } = this.#world;
    const row = [...manager.farm.workers.values()].find((one) => one.name === name && one.deletedAt === null);
    if (row !== undefined && row.status === 'awake' && row.statusRequested === '') void manager.drain(row.id);
  }

  #secondsLeft(): number {
    const { manager } = this.#world;
    let seconds = 0;
    for (const job of manager.farm.jobs.values()) {
      const index = Number(job.name);
      const mean = this.#trace.jobs[index]?.secondsPerFrame.mean ?? 0;
      for (const task of job.tasks)
        if (task.status === 'queued' || task.status === 'active')
          seconds += (task.stepsTotal - task.stepsCompleted) * mean;
    }
    return seconds;
  }

  #orderOf(job: TraceJob, index: number): JobOrder {
    const shot = shotName(index);
    const size = job.chunkSize ?? Math.max(1, Math.round(SHORTEST_TASK_SECONDS / job.secondsPerFrame.mean));
    const sizes = chunkSizesFor(job.frames, NEW_RUN.times, 1, size);
    const plan = Buffer.from(JSON.stringify({ name: 'f_####', extension: '.png' })).toString('base64url');
    return {
      runId: shot,
      round: 1,
      name: String(index),
      priority: 50,
      workerTag: null,
      settings: {
        render_dir: `${this.#world.policy.rendersRoot}/${shot}/v001`,
        chunks: cutIntoChunks(framesOfRange(1, job.frames, 1), sizes).join(';'),
        plan,
      },
    };
  }
}
