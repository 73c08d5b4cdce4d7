import type { JobOrder } from '../../services/control/core/actions.ts';
import { CHECK_TASK, VIDEO_TASK } from '../../services/control/core/chunks.ts';
import { framesOf } from '../../services/control/core/frames.ts';
import type { EpochMs } from '../../services/control/core/time.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import type { FlamencoWorker, JobSeen, Manager, TaskSeen } from '../../services/control/ports/manager.ts';
import { createFarm, type Farm, liveWorker } from '../../services/flamenco-lite/core/farm.ts';
import { clearFailures, storeJob } from '../../services/flamenco-lite/core/jobs.ts';
import type { AuthoredTask, JobRow, TaskRow, WorkerRow } from '../../services/flamenco-lite/core/model.ts';
import { touch } from '../../services/flamenco-lite/core/schedule.ts';
import { changeJobStatus, changeTaskStatus } from '../../services/flamenco-lite/core/status.ts';
import { createTimeoutChecker } from '../../services/flamenco-lite/core/timeouts.ts';
import { deleteWorker, requestStatus, seen } from '../../services/flamenco-lite/core/workers.ts';
import { managerTiming } from '../../services/flamenco-lite/timing.ts';
import type { Cancel, SimClock } from './clock.ts';

/** As the chart sets them (charts/flamenco/values.yaml), and design.md §6. */
const LIMITS = { blocklistThreshold: 65_535, taskFailAfterSoftFailCount: 1 };
const TASK_TIMEOUT_MS = 60 * 60_000;
const WORKER_TIMEOUT_MS = 3 * 60_000;
const CHECK_PRIORITY = 100;

/** A worker program as its manager needs to know it. */
export interface WorkerProgram {
  /** Its Flamenco id; `null` = it has not registered. */
  readonly id: string | null;
  /** It asks and reports; a frozen one does not. */
  readonly isInTouch: boolean;
  /** Something of its manager's changed: it will notice when it next asks. */
  notice(): void;
}

/** Flamenco Manager: flamenco-lite's core by simulated time, behind our port. */
export class SimManager implements Manager {
  readonly #clock: SimClock;
  /** The programs that run: they ask it for work. */
  readonly programs = new Set<WorkerProgram>();
  #farm: Farm;
  #isUp = false;
  #ids = 0;
  #cancelTimeouts: Cancel = () => {};

  constructor(clock: SimClock) {
    this.#clock = clock;
    this.#farm = this.#newFarm();
  }

  /** Whether it answers. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Its memory, for the programs that talk to it. */
  get farm(): Farm {
    return this.#farm;
  }

  /** It begins to answer, with what it remembers. */
  start(): void {
    this.#isUp = true;
    this.#watchTimeouts();
    this.#changed();
  }

  /** It does not answer any more; it forgets all unless its memory is kept. */
  stop({ keepsMemory }: { readonly keepsMemory: boolean }): void {
    this.#isUp = false;
    this.#cancelTimeouts();
    if (!keepsMemory) this.#farm = this.#newFarm();
    this.#clock.changed();
  }

  async jobs(): Promise<readonly JobSeen[]> {
    this.#reach('listing jobs');
    return Array.from(this.#farm.jobs.values(), toJobSeen);
  }

  async tasks(jobId: string): Promise<readonly TaskSeen[]> {
    this.#reach('listing tasks');
    return this.#job(jobId).tasks.map(toTaskSeen);
  }

  async workers(): Promise<readonly FlamencoWorker[]> {
    this.#reach('listing workers');
    const rows = [...this.#farm.workers.values()].filter(({ deletedAt }) => deletedAt === null);
    return rows.map(toWorker);
  }

  async logTail(taskId: string): Promise<string> {
    this.#reach('reading a log');
    return `pid=1 > ${this.#task(taskId).name}\n`;
  }

  async submit(order: JobOrder): Promise<string> {
    this.#reach('submitting');
    const own = [...this.#farm.jobs.values()].find(
      ({ metadata }) => metadata.run === order.runId && metadata.round === String(order.round),
    );
    const job = own ?? this.#store(order);
    if (job.status === 'paused') changeJobStatus(this.#farm, job, 'queued', 'submitted');
    this.#changed();
    return job.id;
  }

  async setJobStatus(
    jobId: string,
    status: 'requeueing' | 'cancel-requested' | 'pause-requested',
    reason: string,
  ): Promise<void> {
    this.#reach('setting a job');
    const job = this.#job(jobId);
    changeJobStatus(this.#farm, job, status, reason);
    if (status === 'requeueing') clearFailures(job);
    this.#changed();
  }

  async requeueTask(taskId: string, updatedAt: EpochMs | null): Promise<void> {
    this.#reach('queueing a task');
    const task = this.#task(taskId);
    if (updatedAt !== null && task.updatedAt !== updatedAt) return;
    changeTaskStatus(this.#farm, task, 'queued');
    task.failedBy.clear();
    this.#changed();
  }

  async closeTask(taskId: string, updatedAt: EpochMs): Promise<void> {
    this.#reach('closing a task');
    const task = this.#task(taskId);
    if (task.updatedAt !== updatedAt) return;
    changeTaskStatus(this.#farm, task, 'completed');
    this.#changed();
  }

  async drain(workerId: string): Promise<void> {
    this.#reach('draining');
    requestStatus(this.#farm, this.#worker(workerId), 'offline', true);
    this.#changed();
  }

  async keep(workerId: string): Promise<void> {
    this.#reach('keeping');
    requestStatus(this.#farm, this.#worker(workerId), 'awake', false);
    this.#changed();
  }

  async forget(workerId: string): Promise<void> {
    this.#reach('forgetting');
    const worker = liveWorker(this.#farm, workerId);
    if (worker !== null) deleteWorker(this.#farm, worker);
    this.#changed();
  }

  /** A program told it something. */
  told(): void {
    this.#changed();
  }

  #changed(): void {
    this.#clock.changed();
    for (const program of this.programs) program.notice();
  }

  /** Workers that live are heard of every few seconds: so they are all heard of just before somebody asks since when not. */
  #watchTimeouts(): void {
    const { timeoutGrace: graceMs, timeoutCheckPeriod: periodMs } = managerTiming;
    const limits = { taskTimeoutMs: TASK_TIMEOUT_MS, workerTimeoutMs: WORKER_TIMEOUT_MS, graceMs, periodMs };
    const checker = createTimeoutChecker(this.#farm, limits);
    const check = () => {
      this.#hearOfWorkers();
      checker.tick();
      this.#changedWorkers();
      this.#cancelTimeouts = this.#clock.at(checker.nextAt() ?? 0, check);
    };
    this.#cancelTimeouts = this.#clock.at(checker.nextAt() ?? 0, check);
  }

  /** A check that found nothing is no change. */
  #changedWorkers(): void {
    const isNew = [...this.#farm.workers.values()].some(
      ({ updatedAt, status }) => status === 'error' && updatedAt === this.#clock.now(),
    );
    if (isNew) this.#changed();
  }

  #hearOfWorkers(): void {
    const farm = this.#farm;
    const inTouch = new Set([...this.programs].filter(({ isInTouch }) => isInTouch).map(({ id }) => id));
    for (const worker of farm.workers.values())
      if (inTouch.has(worker.id) && worker.status !== 'error') seen(farm, worker);
    for (const task of farm.tasks.values())
      if (task.status === 'active' && inTouch.has(task.workerId)) touch(farm, task);
  }

  #reach(doing: string): void {
    if (!this.#isUp) throw new PortError('transient', doing);
  }

  #newFarm(): Farm {
    return createFarm({
      now: this.#clock.now,
      newId: () => {
        this.#ids += 1;
        return `f${this.#ids}`;
      },
      limits: () => LIMITS,
      logTask: () => {},
    });
  }

  #store(order: JobOrder): JobRow {
    return storeJob(
      this.#farm,
      {
        name: order.name,
        type: 'tablao-render',
        priority: order.priority,
        settings: order.settings,
        metadata: { run: order.runId, round: String(order.round) },
        workerTagId: order.workerTag,
        shamanCheckoutId: null,
        tasks: tasksOf(order, () => this.#farm.newId()),
      },
      'paused',
    );
  }

  #job(id: string): JobRow {
    const job = this.#farm.jobs.get(id);
    if (job === undefined) throw new PortError('notFound', `job ${id}`);
    return job;
  }

  #task(id: string): TaskRow {
    const task = this.#farm.tasks.get(id);
    if (task === undefined) throw new PortError('notFound', `task ${id}`);
    return task;
  }

  #worker(id: string): WorkerRow {
    const worker = liveWorker(this.#farm, id);
    if (worker === null) throw new PortError('notFound', `worker ${id}`);
    return worker;
  }
}

/** The tasks that our job type makes: check, frames, video (services/blender-kit/tablao_render.js). */
function tasksOf({ settings }: JobOrder, newId: () => string): readonly AuthoredTask[] {
  const task = (
    name: string,
    steps: number,
    dependencies: readonly string[],
    priority = 50,
  ): AuthoredTask => ({
    id: newId(),
    name,
    type: 'blender',
    priority,
    commands: [{ name: 'exec', parameters: {}, totalStepCount: steps }],
    dependencies,
  });
  const check = settings.check === true ? [task(CHECK_TASK, 1, [], CHECK_PRIORITY)] : [];
  const before = check.map(({ id }) => id);
  const chunks = String(settings.chunks).split(';');
  const renders = chunks.map((chunk) => task(`render-${chunk}`, framesOf(chunk).length, before));
  const ids = renders.map(({ id }) => id);
  return [...check, ...renders, ...(settings.video === true ? [task(VIDEO_TASK, 1, ids)] : [])];
}

function toJobSeen(job: JobRow): JobSeen {
  const { id, name, status, createdAt, updatedAt, metadata, stepsCompleted, stepsTotal } = job;
  const isDeleting = job.deleteRequestedAt !== null;
  const runId = metadata.run ?? null;
  const round = metadata.round === undefined ? null : Number(metadata.round);
  return { id, name, status, createdAt, updatedAt, runId, round, stepsCompleted, stepsTotal, isDeleting };
}

function toTaskSeen({
  id,
  name,
  status,
  updatedAt,
  stepsCompleted,
  stepsTotal,
  workerId,
}: TaskRow): TaskSeen {
  return { id, name, status, updatedAt, stepsCompleted, stepsTotal, workerId };
}

function toWorker({ id, name, status, statusRequested, lastSeenAt }: WorkerRow): FlamencoWorker {
  return { id, name, status, isDraining: status !== 'offline' && statusRequested === 'offline', lastSeenAt };
}
