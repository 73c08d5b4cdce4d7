import type { JobOrder } from '../../services/control/core/actions.ts';
import type { EpochMs } from '../../services/control/core/time.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import type { FlamencoWorker, JobSeen, Manager, TaskSeen } from '../../services/control/ports/manager.ts';
import { Fake } from './fake.ts';

export interface TaskPlan {
  readonly name: string;
  readonly steps: number;
}

interface Options {
  readonly clock: { now(): EpochMs };
  /** The tasks of a submitted job; throw `PortError('invalid')` for one that cannot be compiled. */
  readonly compile?: (job: JobOrder) => readonly TaskPlan[];
  /** A drained worker has finished and signed off: a test ends its process. */
  readonly onSignedOff?: (workerName: string) => void;
  /** Whether a worker's process lives: `forget` of a living one fails the test. */
  readonly isAlive?: (workerName: string) => boolean;
}

interface JobHeld {
  readonly seen: JobSeen;
  readonly submitted: JobOrder | null;
  readonly taskIds: readonly string[];
}

/** Flamenco Manager in memory. It hands out nothing by itself: the test starts and ends tasks. */
export class FakeManager extends Fake<Manager> implements Manager {
  readonly #options: Options;
  readonly #jobs = new Map<string, JobHeld>();
  readonly #tasks = new Map<string, TaskSeen>();
  readonly #workers = new Map<string, FlamencoWorker>();
  readonly #logs = new Map<string, string>();
  #ids = 0;

  constructor(options: Options) {
    super();
    this.#options = options;
  }

  jobs(): Promise<readonly JobSeen[]> {
    return this.answer('jobs', [], () => [...this.#jobs.keys()].map((id) => this.jobSeen(id)));
  }

  tasks(jobId: string): Promise<readonly TaskSeen[]> {
    return this.answer('tasks', [jobId], () => this.tasksOf(jobId));
  }

  workers(): Promise<readonly FlamencoWorker[]> {
    return this.answer('workers', [], () => [...this.#workers.values()]);
  }

  logTail(taskId: string): Promise<string> {
    return this.answer('logTail', [taskId], () => (this.#logs.get(taskId) ?? '').slice(-2048));
  }

  submit(job: JobOrder): Promise<string> {
    return this.answer('submit', [job], () => {
      const same = [...this.#jobs.values()].find(
        ({ seen }) => seen.runId === job.runId && seen.round === job.round,
      );
      return same === undefined ? this.#addJob(job) : same.seen.id;
    });
  }

  setJobStatus(
    jobId: string,
    status: 'requeueing' | 'cancel-requested' | 'pause-requested',
    reason: string,
  ): Promise<void> {
    return this.answer('setJobStatus', [jobId, status, reason], () => {
      const { seen } = this.#job(jobId);
      if (status === 'cancel-requested') this.#cancel(seen);
      else if (status === 'pause-requested') this.#pause(seen);
      else this.#requeue(seen);
    });
  }

  requeueTask(taskId: string, updatedAt: EpochMs | null, reason: string): Promise<void> {
    return this.answer('requeueTask', [taskId, updatedAt, reason], () => {
      if (updatedAt !== null && this.#task(taskId).updatedAt !== updatedAt) return;
      this.setTask(taskId, { status: 'queued', stepsCompleted: 0 });
    });
  }

  closeTask(taskId: string, updatedAt: EpochMs, reason: string): Promise<void> {
    return this.answer('closeTask', [taskId, updatedAt, reason], () => {
      if (this.#task(taskId).updatedAt === updatedAt) this.endTask(taskId, 'completed');
    });
  }

  drain(workerId: string): Promise<void> {
    return this.answer('drain', [workerId], () => {
      this.setWorker(workerId, { isDraining: true });
      this.#signOffIfIdle(workerId);
    });
  }

  keep(workerId: string): Promise<void> {
    return this.answer('keep', [workerId], () => this.setWorker(workerId, { isDraining: false }));
  }

  forget(workerId: string): Promise<void> {
    return this.answer('forget', [workerId], () => {
      const worker = this.#workers.get(workerId);
      if (worker !== undefined && this.#options.isAlive?.(worker.name) === true)
        throw new Error(`forgot ${worker.name} whose process lives`);
      this.#workers.delete(workerId);
    });
  }

  // What the test does:

  /** Somebody's job that we did not submit, or any job in any state. */
  putJob(job: JobSeen, tasks: readonly TaskSeen[] = []): void {
    for (const task of tasks) this.#tasks.set(task.id, task);
    this.#jobs.set(job.id, { seen: job, submitted: null, taskIds: tasks.map((task) => task.id) });
  }

  setJob(jobId: string, patch: Partial<JobSeen>): void {
    const job = this.#job(jobId);
    const seen = { ...job.seen, updatedAt: this.#options.clock.now(), ...patch };
    this.#jobs.set(jobId, { ...job, seen });
  }

  jobSeen(jobId: string): JobSeen {
    const { seen } = this.#job(jobId);
    const tasks = this.tasksOf(jobId);
    if (tasks.length === 0) return seen;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const stepsCompleted = sum(tasks.map((task) => task.stepsCompleted));
    return { ...seen, stepsCompleted, stepsTotal: sum(tasks.map((task) => task.stepsTotal)) };
  }

  submittedAs(jobId: string): JobOrder | null {
    return this.#job(jobId).submitted;
  }

  tasksOf(jobId: string): readonly TaskSeen[] {
    return this.#job(jobId).taskIds.map((id) => this.#task(id));
  }

  setTask(taskId: string, patch: Partial<TaskSeen>): void {
    const task = this.#task(taskId);
    this.#tasks.set(taskId, { ...task, updatedAt: this.#options.clock.now(), ...patch });
  }

  setLog(taskId: string, text: string): void {
    this.#logs.set(taskId, text);
  }

  /** The worker takes the task: task and job become `active`. */
  startTask(taskId: string, workerId: string): void {
    this.setTask(taskId, { status: 'active', workerId });
    this.setJob(this.#jobIdOf(taskId), { status: 'active' });
  }

  /** The task ends; the job with its last one. A draining worker signs off. */
  endTask(taskId: string, status: 'completed' | 'failed'): void {
    const task = this.#task(taskId);
    const stepsCompleted = status === 'completed' ? task.stepsTotal : task.stepsCompleted;
    this.setTask(taskId, { status, stepsCompleted });
    const jobId = this.#jobIdOf(taskId);
    const isDone = this.tasksOf(jobId).every((each) => each.status === 'completed');
    if (isDone) this.setJob(jobId, { status: 'completed' });
    else this.#pauseWhenQuiet(jobId);
    if (task.workerId !== null) this.#signOffIfIdle(task.workerId);
  }

  /** A worker signs on under `name`, awake; its id. */
  addWorker(name: string, patch: Partial<FlamencoWorker> = {}): string {
    const id = this.#newId('worker');
    const lastSeenAt = this.#options.clock.now();
    this.#workers.set(id, { id, name, status: 'awake', isDraining: false, lastSeenAt, ...patch });
    return id;
  }

  setWorker(workerId: string, patch: Partial<FlamencoWorker>): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) throw new PortError('notFound', `worker ${workerId}`);
    this.#workers.set(workerId, { ...worker, ...patch });
  }

  workerIdOf(name: string): string | null {
    return [...this.#workers.values()].find((worker) => worker.name === name)?.id ?? null;
  }

  /** A worker's process has gone: signed off (its task is queued again at once), or without a word. */
  loseWorker(name: string, how: 'signedOff' | 'silently'): void {
    const id = this.workerIdOf(name);
    if (id === null || how === 'silently') return;
    this.setWorker(id, { status: 'offline', isDraining: false });
    for (const task of this.#tasks.values())
      if (task.status === 'active' && task.workerId === id)
        this.setTask(task.id, { status: 'queued', stepsCompleted: 0 });
  }

  /** A manager with a new memory. */
  forgetEverything(): void {
    for (const memory of [this.#jobs, this.#tasks, this.#workers, this.#logs]) memory.clear();
  }

  #addJob(job: JobOrder): string {
    const plans = this.#options.compile?.(job) ?? [{ name: 'render-1', steps: 1 }];
    const now = this.#options.clock.now();
    const id = this.#newId('job');
    const taskIds = plans.map((plan) => this.#addTask(plan));
    const { runId, round, name } = job;
    const times = { createdAt: now, updatedAt: now };
    const steps = { stepsCompleted: 0, stepsTotal: 0 };
    const seen: JobSeen = { id, name, status: 'queued', ...times, runId, round, ...steps, isDeleting: false };
    this.#jobs.set(id, { seen, submitted: job, taskIds });
    return id;
  }

  #addTask({ name, steps }: TaskPlan): string {
    const id = this.#newId('task');
    const updatedAt = this.#options.clock.now();
    const progress = { stepsCompleted: 0, stepsTotal: steps };
    this.#tasks.set(id, { id, name, status: 'queued', updatedAt, ...progress, workerId: null });
    return id;
  }

  #cancel(job: JobSeen): void {
    for (const task of this.tasksOf(job.id))
      if (['active', 'queued', 'soft-failed'].includes(task.status))
        this.setTask(task.id, { status: 'canceled' });
    this.setJob(job.id, { status: 'canceled' });
  }

  #pause(job: JobSeen): void {
    for (const task of this.tasksOf(job.id))
      if (['queued', 'soft-failed'].includes(task.status)) this.setTask(task.id, { status: 'paused' });
    this.setJob(job.id, { status: 'pause-requested' });
    this.#pauseWhenQuiet(job.id);
  }

  #pauseWhenQuiet(jobId: string): void {
    const isBusy = this.tasksOf(jobId).some((task) => task.status === 'active');
    if (this.#job(jobId).seen.status === 'pause-requested' && !isBusy)
      this.setJob(jobId, { status: 'paused' });
  }

  #requeue(job: JobSeen): void {
    for (const task of this.tasksOf(job.id))
      if (job.status === 'completed' || ['canceled', 'failed', 'paused', 'soft-failed'].includes(task.status))
        this.setTask(task.id, { status: 'queued', stepsCompleted: 0 });
    this.setJob(job.id, { status: 'queued' });
  }

  #signOffIfIdle(workerId: string): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined || !worker.isDraining) return;
    const isBusy = [...this.#tasks.values()].some(
      (task) => task.status === 'active' && task.workerId === workerId,
    );
    if (isBusy) return;
    this.setWorker(workerId, { status: 'offline', isDraining: false });
    this.#options.onSignedOff?.(worker.name);
  }

  #job(jobId: string): JobHeld {
    const job = this.#jobs.get(jobId);
    if (job === undefined) throw new PortError('notFound', `job ${jobId}`);
    return job;
  }

  #task(taskId: string): TaskSeen {
    const task = this.#tasks.get(taskId);
    if (task === undefined) throw new PortError('notFound', `task ${taskId}`);
    return task;
  }

  #jobIdOf(taskId: string): string {
    const job = [...this.#jobs.values()].find(({ taskIds }) => taskIds.includes(taskId));
    if (job === undefined) throw new PortError('notFound', `the job of task ${taskId}`);
    return job.seen.id;
  }

  #newId(kind: string): string {
    this.#ids += 1;
    return `${kind}-${this.#ids}`;
  }
}
