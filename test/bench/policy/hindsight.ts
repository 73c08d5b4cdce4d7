import {
  bootSeconds,
  isHitByZoneEvent,
  preemptedAfterSeconds,
  zoneEventAfterSeconds,
} from '../../sim/machines.ts';
import { lognormal, randomOf } from '../../sim/random.ts';
import type { ShotPhysics } from '../../sim/shots.ts';
import type { Trace, TraceJob } from '../../sim/trace.ts';

/** The same waits as in test/sim: helm and the manager, a pod on a machine, Flamenco's polls. */
const INSTALL_SECONDS = 30;
const POD_SECONDS = 5;
const FIRST_POLL_SECONDS = 3;
const BETWEEN_TASKS_SECONDS = 5;
const NOTICE_SECONDS = 30;
const LEAST_SECONDS = 60;
const HOUR = 3600;

/** Jobs that come one upon the other, and whether the cluster still stands when the first of them comes. */
export interface BusyPeriod {
  readonly jobs: readonly { readonly job: TraceJob; readonly index: number }[];
  /** Which creation of a cluster it is, from 1; `null` = the one before still stands. */
  readonly creation: number | null;
  /**
   * Where the cluster still stands, seconds for which it is paid before this period; less those of its end, which the period
   * before has paid, and which did not come.
   */
  readonly keptSeconds: number;
}

export interface Pool {
  readonly workers: number;
  /** Tasks that a worker gets of a job, on average: what the chunk size comes from; `Infinity` = one frame a task. */
  readonly tasksPerWorker: number;
}

interface Task {
  readonly shot: ShotPhysics;
  frames: number[];
}

interface Worker {
  readonly number: number;
  readonly orderedAt: number;
  readyAt: number;
  readonly goneAt: number;
}

/**
 * A pool of a fixed size with hindsight: it knows the work, is ordered the moment that the cluster is there (and again when
 * more work comes than it has workers), replaces what is taken away if there is work for it, and lets each worker go the
 * instant that no task is left for it. Same physics and draws as the simulated cloud; seconds from the trace's beginning.
 */
export function runHindsight(
  trace: Trace,
  seed: number,
  period: BusyPeriod,
  pool: Pool,
  shotOf: (job: TraceJob, index: number) => ShotPhysics,
): { readonly endSeconds: number; readonly dollars: number } {
  const { cloud, policy } = trace;
  const first = period.jobs[0]?.job.atSeconds ?? 0;
  const createSeconds = period.creation === null ? 0 : clusterSeconds(seed, cloud, period.creation);
  const upAt = first + createSeconds;
  const readyAt = upAt + (period.creation === null ? 0 : INSTALL_SECONDS);
  const run = new Run(trace, seed, readyAt);
  for (const { job, index } of period.jobs)
    run.add(Math.max(job.atSeconds, upAt), tasksOf(job, shotOf(job, index), pool));
  const { endSeconds, workerSeconds } = run.toEnd(pool.workers);
  const upSeconds = endSeconds - first + policy.idleTeardownSeconds + cloud.clusterDeleteSeconds;
  const fixed = (upSeconds + period.keptSeconds) * (cloud.clusterFeePerHour + cloud.managerPricePerHour);
  return { endSeconds, dollars: (workerSeconds * cloud.spotPricePerHour + fixed) / HOUR };
}

function clusterSeconds(seed: number, { clusterCreateSeconds }: Trace['cloud'], creation: number): number {
  return lognormal(
    randomOf(seed, 'cluster', creation),
    clusterCreateSeconds.median,
    clusterCreateSeconds.sigma,
  );
}

function tasksOf(job: TraceJob, shot: ShotPhysics, { workers, tasksPerWorker }: Pool): readonly Task[] {
  const size = job.chunkSize ?? Math.max(1, Math.ceil(job.frames / (workers * tasksPerWorker)));
  const tasks: Task[] = [];
  for (let from = 1; from <= job.frames; from += size) {
    const count = Math.min(size, job.frames - from + 1);
    tasks.push({ shot, frames: Array.from({ length: count }, (_, offset) => from + offset) });
  }
  return tasks;
}

class Run {
  readonly #trace: Trace;
  readonly #seed: number;
  readonly #readyAt: number;
  readonly #arrivals: { readonly at: number; readonly tasks: readonly Task[] }[] = [];
  readonly #queue: Task[] = [];
  /** When a worker asks for its next task. */
  readonly #asks: { readonly at: number; readonly worker: Worker }[] = [];
  /** Tasks come back from machines that were taken away. */
  readonly #returns: { readonly at: number; readonly task: Task }[] = [];
  readonly #zoneEvents: number[] = [];
  #machines = 0;
  #alive = 0;
  #workerSeconds = 0;
  #end = 0;

  constructor(trace: Trace, seed: number, readyAt: number) {
    this.#trace = trace;
    this.#seed = seed;
    this.#readyAt = readyAt;
  }

  add(at: number, tasks: readonly Task[]): void {
    this.#arrivals.push({ at, tasks });
  }

  toEnd(size: number): { readonly endSeconds: number; readonly workerSeconds: number } {
    for (;;) {
      const arrival = this.#arrivals[0];
      const back = this.#returns[0];
      const ask = this.#asks[0];
      const next = Math.min(arrival?.at ?? Infinity, back?.at ?? Infinity, ask?.at ?? Infinity);
      if (next === Infinity) break;
      if (arrival?.at === next) {
        this.#arrivals.shift();
        this.#queue.push(...arrival.tasks);
        this.#order(next, size);
      } else if (back?.at === next) {
        this.#returns.shift();
        this.#queue.push(back.task);
        this.#order(next, size);
      } else if (ask !== undefined) {
        pop(this.#asks);
        this.#ask(ask.worker, ask.at);
      }
    }
    return { endSeconds: this.#end, workerSeconds: this.#workerSeconds };
  }

  /** Up to the pool's size, and no more than there are tasks to be taken. */
  #order(at: number, size: number): void {
    const booting = this.#asks.filter(({ worker, at: asks }) => asks === worker.readyAt).length;
    const missing = Math.min(size - this.#alive, this.#queue.length - booting);
    for (let each = 0; each < missing; each += 1) this.#boot(at);
  }

  #boot(at: number): void {
    const { cloud } = this.#trace;
    this.#machines += 1;
    const number = this.#machines;
    const orderedAt = this.#whenInStock(at);
    const there = orderedAt + bootSeconds(this.#seed, cloud, number) + POD_SECONDS;
    const readyAt = Math.max(there, this.#readyAt) + FIRST_POLL_SECONDS;
    const taken = orderedAt + preemptedAfterSeconds(this.#seed, cloud, number);
    const goneAt = Math.min(taken, this.#zoneEventFor(number, orderedAt));
    this.#alive += 1;
    const worker = { number, orderedAt, readyAt, goneAt };
    if (goneAt <= readyAt) {
      // Its boot was for nothing: another one is ordered then.
      this.#leave(worker, goneAt, NOTICE_SECONDS);
      this.#asks.push({ at: goneAt, worker: { ...worker, readyAt: -1 } });
      siftUp(this.#asks);
      return;
    }
    this.#asks.push({ at: readyAt, worker });
    siftUp(this.#asks);
  }

  #ask(worker: Worker, at: number): void {
    if (worker.readyAt === -1) {
      this.#order(at, this.#alive + 1);
      return;
    }
    const task = this.#queue.shift();
    if (task === undefined) {
      // It was let go when its last task ended, before it asked; one that never had any, now.
      const endedAt = at === worker.readyAt ? at : at - BETWEEN_TASKS_SECONDS;
      this.#leave(worker, endedAt, this.#trace.cloud.nodeReleaseSeconds);
      return;
    }
    this.#work(worker, task, at);
  }

  #work(worker: Worker, task: Task, from: number): void {
    let at = from + task.shot.loadSeconds;
    for (let done = 0; done < task.frames.length; done += 1) {
      const seconds = task.shot.secondsOf(task.frames[done] ?? 0);
      if (at + seconds > worker.goneAt) {
        this.#leave(worker, worker.goneAt, NOTICE_SECONDS);
        const left = { shot: task.shot, frames: task.frames.slice(done) };
        this.#returns.push({ at: worker.goneAt, task: left });
        this.#returns.sort((a, b) => a.at - b.at);
        return;
      }
      at += seconds;
      this.#end = Math.max(this.#end, at);
    }
    this.#asks.push({ at: at + BETWEEN_TASKS_SECONDS, worker });
    siftUp(this.#asks);
  }

  #leave({ orderedAt }: Worker, at: number, paidOn: number): void {
    this.#alive -= 1;
    this.#workerSeconds += Math.max(LEAST_SECONDS, at + paidOn - orderedAt);
  }

  #whenInStock(at: number): number {
    const shortage = this.#trace.cloud.stockouts.find((one) => at >= one.fromSeconds && at < one.toSeconds);
    // Another one may have begun before this one ends.
    return shortage === undefined ? at : this.#whenInStock(shortage.toSeconds);
  }

  #zoneEventFor(machine: number, since: number): number {
    if (this.#trace.cloud.zoneEventsPerHour === 0) return Infinity;
    for (let event = 1; ; event += 1) {
      const before = this.#zoneEvents[event - 2] ?? 0;
      const at =
        this.#zoneEvents[event - 1] ?? before + zoneEventAfterSeconds(this.#seed, this.#trace.cloud, event);
      this.#zoneEvents[event - 1] = at;
      if (at > since && isHitByZoneEvent(this.#seed, event, machine)) return at;
    }
  }
}

interface Timed {
  readonly at: number;
}

/** A binary heap by time; `siftUp` after a push. */
function siftUp<T extends Timed>(heap: T[]): void {
  let at = heap.length - 1;
  const item = heap[at] as T;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as T;
    if (above.at <= item.at) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = item;
}

function pop<T extends Timed>(heap: T[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    let least = heap[child];
    if (least === undefined) break;
    const right = heap[child + 1];
    if (right !== undefined && right.at < least.at) {
      child += 1;
      least = right;
    }
    if (last.at <= least.at) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = last;
}
