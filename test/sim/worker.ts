import { CHECK_TASK, chunkOfTask } from '../../services/control/core/chunks.ts';
import { framesOf } from '../../services/control/core/frames.ts';
import { frameFiles } from '../../services/control/core/output-names.ts';
import { jobOf, liveWorker } from '../../services/flamenco-lite/core/farm.ts';
import type { TaskRow, WorkerRow } from '../../services/flamenco-lite/core/model.ts';
import { mayRun, schedule } from '../../services/flamenco-lite/core/schedule.ts';
import { type TaskUpdate, updateTask } from '../../services/flamenco-lite/core/task-updates.ts';
import { registerWorker, signOff, signOn, stateChanged } from '../../services/flamenco-lite/core/workers.ts';
import { workerTiming } from '../../services/flamenco-lite/timing.ts';
import type { Cancel, SimClock } from './clock.ts';
import type { SimManager, WorkerProgram } from './manager.ts';
import type { SimRenders } from './renders.ts';
import type { ShotPhysics } from './shots.ts';
import type { Tally } from './tally.ts';

/** Opening the shot and looking at everything in it, beyond loading it. */
const CHECK_SECONDS = 15;
const VIDEO_SECONDS = 10;
/** A worker waits when its task is done, and as long as before its first one when it asks for the next. */
const BETWEEN_TASKS_MS = workerTiming.taskComplete + workerTiming.firstPoll;
/** A frame for which the memory does not suffice gets so far. */
const OUT_OF_MEMORY_AFTER = 0.3;

export type Outcome = 'done' | 'failed' | 'outOfMemory' | 'preempted';

export interface WorkerOptions {
  readonly name: string;
  readonly tag: string | null;
  readonly memoryGiB: number;
  readonly clock: SimClock;
  readonly manager: SimManager;
  readonly renders: SimRenders;
  readonly tally: Tally;
  readonly rendersRoot: string;
  /** What the shot of this name (`film/sh010`) is like. */
  readonly physicsOf: (shot: string) => ShotPhysics;
  /** The process has ended. */
  readonly onExit: (outcome: Outcome) => void;
}

interface JobInHand {
  readonly run: string;
  /** In the renders bucket: `film/sh010/v001`. */
  readonly folder: string;
  readonly shot: string;
  readonly physics: ShotPhysics;
  readonly fileOf: (frame: number) => string;
}

interface InHand {
  readonly taskId: string;
  readonly startedAt: number;
  readonly job: JobInHand;
  /** The frame that is being rendered, since when; `null` = it loads, checks or makes the video. */
  frame: number | null;
  since: number;
}

/** A Flamenco worker: polls, renders with the kit, asks whether it may go on, signs off. */
export class SimWorker implements WorkerProgram {
  readonly #options: WorkerOptions;
  #id: string | null = null;
  #inHand: InHand | null = null;
  #cancelNext: Cancel = () => {};
  #cancelAbort: Cancel | null = null;
  #hasEnded = false;
  #isFrozen = false;
  #unsent: { readonly taskId: string; readonly update: TaskUpdate }[] = [];

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  get id(): string | null {
    return this.#id;
  }

  get isInTouch(): boolean {
    return !this.#hasEnded && !this.#isFrozen;
  }

  get isBusy(): boolean {
    return this.#inHand !== null;
  }

  start(): void {
    this.#options.manager.programs.add(this);
    this.#next(0, () => this.#register());
  }

  /** SIGTERM by us: what it renders is lost, and it signs off. */
  terminate(): void {
    // What a frozen one had in hand was given to others.
    if (!this.#isFrozen && this.#inHand !== null && this.#isRendering()) this.#options.tally.killedByUs += 1;
    this.#leave('done');
  }

  /** The machine is taken away: SIGTERM and half a minute. */
  preempt(): void {
    if (this.#inHand !== null && this.#isRendering()) this.#options.tally.lostToPreemption += 1;
    this.#leave('preempted');
  }

  /** Gone without a word: no sign-off. */
  die(outcome: Outcome): void {
    if (this.#hasEnded) return;
    this.#drop();
    this.#end(outcome);
  }

  /** The machine stands still for ever: nothing of it is heard any more. */
  freeze(): void {
    this.#isFrozen = true;
    this.#cancelNext();
    this.#cancelAbort?.();
  }

  /** Its manager changed something: it will see at its next question whether it may go on. */
  notice(): void {
    if (!this.isInTouch || !this.#options.manager.isUp) return;
    if (this.#unsent.length > 0) this.#sendAll();
    const inHand = this.#inHand;
    if (inHand === null || this.#cancelAbort !== null || this.#mayGoOn(inHand)) return;
    const { clock } = this.#options;
    const asked = Math.ceil((clock.now() - inHand.startedAt + 1) / workerTiming.mayIRun);
    this.#cancelAbort = clock.at(inHand.startedAt + asked * workerTiming.mayIRun, () => this.#ask(inHand));
  }

  #ask(inHand: InHand): void {
    this.#cancelAbort = null;
    if (this.#inHand !== inHand || this.#mayGoOn(inHand)) return;
    this.#drop();
    this.#next(BETWEEN_TASKS_MS, () => this.#poll());
  }

  #mayGoOn({ taskId }: InHand): boolean {
    const { manager } = this.#options;
    if (!manager.isUp) return true;
    const row = this.#row();
    return row !== null && mayRun(manager.farm, row, taskId).mayKeepRunning;
  }

  #register(): void {
    const { manager, name, tag } = this.#options;
    if (!manager.isUp) {
      this.#next(workerTiming.signOnRetry, () => this.#register());
      return;
    }
    const { farm } = manager;
    const taskTypes = ['blender', 'ffmpeg'];
    const row = registerWorker(farm, { name, secretHash: '', platform: 'linux', address: '', taskTypes });
    if (tag !== null) row.tagIds.add(tag);
    this.#id = row.id;
    signOn(farm, row, { name, address: '', taskTypes, software: 'sim', canRestart: false });
    stateChanged(farm, row, 'awake');
    manager.told();
    this.#next(workerTiming.firstPoll, () => this.#poll());
  }

  #poll(): void {
    const { manager } = this.#options;
    const row = manager.isUp ? this.#row() : null;
    if (row === null) {
      this.#next(workerTiming.fetchFailed, () => this.#poll());
      return;
    }
    const answer = schedule(manager.farm, row);
    if (answer.kind === 'task') {
      this.#begin(answer.task);
      manager.told();
    } else if (answer.kind === 'changeStatus' && answer.status === 'offline') this.#leave('done');
    else if (answer.kind === 'changeStatus') this.#change(row, answer.status);
    else this.#next(workerTiming.noTask, () => this.#poll());
  }

  #change(row: WorkerRow, status: 'awake' | string): void {
    if (status === 'awake') stateChanged(this.#options.manager.farm, row, 'awake');
    this.#options.manager.told();
    this.#next(workerTiming.firstPoll, () => this.#poll());
  }

  #begin(task: TaskRow): void {
    const { clock } = this.#options;
    const job = this.#jobOf(task);
    const inHand: InHand = { taskId: task.id, startedAt: clock.now(), job, frame: null, since: clock.now() };
    this.#inHand = inHand;
    this.#report(inHand, { activity: 'Started', taskStatus: 'active' });
    const chunk = chunkOfTask(task.name);
    if (chunk === null) {
      const seconds = task.name === CHECK_TASK ? job.physics.loadSeconds + CHECK_SECONDS : VIDEO_SECONDS;
      this.#next(seconds * 1000, () => this.#endOther(inHand, task.name));
      return;
    }
    const frames = this.#framesLeft(job, framesOf(chunk));
    this.#next(job.physics.loadSeconds * 1000, () => {
      this.#options.tally.of(job.shot).loading += job.physics.loadSeconds;
      const done = task.stepsTotal - frames.length;
      this.#render(inHand, frames, done, job.physics.loadSeconds);
    });
  }

  /** As the kit does: what this run has done is skipped, what broke before goes last. */
  #framesLeft(job: JobInHand, frames: readonly number[]): readonly number[] {
    const left = frames.filter((frame) => {
      const record = this.#recordOf(job, frame);
      return !(record?.run === job.run && record.state === 'done' && this.#isThere(job, frame));
    });
    const broke = (frame: number) => Number(this.#recordOf(job, frame)?.run === job.run);
    return left.sort((a, b) => broke(a) - broke(b));
  }

  #render(inHand: InHand, frames: readonly number[], done: number, loadSeconds: number): void {
    const [frame, ...rest] = frames;
    if (frame === undefined) {
      this.#complete(inHand);
      return;
    }
    const { clock, name, memoryGiB } = this.#options;
    const { job } = inHand;
    inHand.frame = frame;
    inHand.since = clock.now();
    const before = this.#recordOf(job, frame);
    const attempt = before?.run === job.run ? before.attempt + 1 : 1;
    this.#record(job, frame, { state: 'rendering', attempt, loadSeconds });
    const seconds = job.physics.secondsOf(frame);
    if (job.physics.memoryGiB > memoryGiB) {
      this.#next(seconds * OUT_OF_MEMORY_AFTER * 1000, () => this.die('outOfMemory'));
      return;
    }
    const fate = job.physics.fateOf?.(frame, attempt, name) ?? 'done';
    if (fate === 'hangs') return;
    this.#next(seconds * 1000, () => {
      if (fate === 'fails') this.#failFrame(inHand, frame, attempt, seconds);
      else {
        this.#finishFrame(inHand, frame, attempt, seconds, loadSeconds, done + 1);
        this.#render(inHand, rest, done + 1, 0);
      }
    });
  }

  #finishFrame(
    inHand: InHand,
    frame: number,
    attempt: number,
    seconds: number,
    loadSeconds: number,
    done: number,
  ): void {
    const { renders, tally } = this.#options;
    const { job } = inHand;
    tally.of(job.shot).rendering += seconds;
    const path = `${job.folder}/${job.fileOf(frame)}`;
    renders.putPicture(path);
    job.physics.onPicture?.(path);
    this.#record(job, frame, { state: 'done', attempt, seconds, loadSeconds });
    inHand.frame = null;
    inHand.since = this.#options.clock.now();
    this.#report(inHand, { activity: 'Progress', stepsCompleted: done });
  }

  #failFrame(inHand: InHand, frame: number, attempt: number, seconds: number): void {
    this.#options.tally.of(inHand.job.shot).lost += seconds;
    this.#record(inHand.job, frame, { state: 'failed', attempt, error: 'it broke' });
    this.#inHand = null;
    this.#report(inHand, { activity: 'Failed: exit status 1', taskStatus: 'failed' });
    this.#next(BETWEEN_TASKS_MS, () => this.#poll());
  }

  #endOther(inHand: InHand, name: string): void {
    const { renders } = this.#options;
    const { folder, run, physics } = inHand.job;
    const findings = physics.findings ?? [];
    if (name === CHECK_TASK) renders.putValue(`${folder}/records/check.json`, { schema: 1, run, findings });
    else renders.putPicture(`${folder}/preview.mp4`);
    const isBad = name === CHECK_TASK && findings.some(({ level }) => level === 'error');
    if (isBad) {
      this.#inHand = null;
      this.#report(inHand, { activity: 'Failed: exit status 1', taskStatus: 'failed' });
      this.#next(BETWEEN_TASKS_MS, () => this.#poll());
      return;
    }
    this.#complete(inHand);
  }

  #complete(inHand: InHand): void {
    this.#inHand = null;
    this.#report(inHand, { activity: 'Completed', taskStatus: 'completed' });
    this.#next(BETWEEN_TASKS_MS, () => this.#poll());
  }

  /** Sent as soon as the manager can be reached. */
  #report({ taskId }: InHand, update: TaskUpdate): void {
    this.#unsent.push({ taskId, update });
    if (this.#options.manager.isUp) this.#sendAll();
  }

  /** A manager that knows the task no more takes nothing. */
  #sendAll(): void {
    const { manager } = this.#options;
    const unsent = this.#unsent;
    this.#unsent = [];
    const row = this.#row();
    if (row === null) return;
    for (const { taskId, update } of unsent) {
      const task = manager.farm.tasks.get(taskId);
      if (task?.workerId === row.id) updateTask(manager.farm, row, task, update);
    }
    manager.told();
  }

  #isRendering(): boolean {
    return this.#inHand?.frame !== null;
  }

  /** Nothing is done with what it had in hand; the time for it is lost. */
  #drop(): void {
    const inHand = this.#inHand;
    this.#inHand = null;
    this.#cancelNext();
    this.#cancelAbort?.();
    this.#cancelAbort = null;
    if (inHand === null) return;
    this.#options.tally.of(inHand.job.shot).lost += (this.#options.clock.now() - inHand.since) / 1000;
  }

  #leave(outcome: Outcome): void {
    if (this.#hasEnded) return;
    this.#drop();
    const { manager } = this.#options;
    const row = manager.isUp ? this.#row() : null;
    if (row !== null && !this.#isFrozen) signOff(manager.farm, row);
    this.#end(outcome);
  }

  #end(outcome: Outcome): void {
    const { manager, onExit } = this.#options;
    this.#hasEnded = true;
    manager.programs.delete(this);
    onExit(outcome);
    manager.told();
  }

  #row(): WorkerRow | null {
    return this.#id === null ? null : liveWorker(this.#options.manager.farm, this.#id);
  }

  #next(ms: number, happen: () => void): void {
    this.#cancelNext();
    this.#cancelNext = this.#options.clock.at(this.#options.clock.now() + Math.round(ms), happen);
  }

  #jobOf(task: TaskRow): JobInHand {
    const { manager, rendersRoot, physicsOf } = this.#options;
    const { settings, metadata } = jobOf(manager.farm, task);
    const folder = String(settings.render_dir).slice(rendersRoot.length + 1);
    const shot = folder.slice(0, folder.lastIndexOf('/'));
    const plan = JSON.parse(Buffer.from(String(settings.plan), 'base64url').toString()) as {
      readonly name: string;
      readonly extension: string;
    };
    const names = { pattern: plan.name, extension: plan.extension, views: [''] };
    const fileOf = (frame: number) => frameFiles(names, frame)[0] ?? '';
    return { run: metadata.run ?? '', folder, shot, physics: physicsOf(shot), fileOf };
  }

  #recordOf(job: JobInHand, frame: number): FrameRecordWritten | undefined {
    return this.#options.renders.valueAt(recordPath(job, frame)) as FrameRecordWritten | undefined;
  }

  #isThere(job: JobInHand, frame: number): boolean {
    return this.#options.renders.seen(`${job.folder}/${job.fileOf(frame)}`) !== null;
  }

  #record(job: JobInHand, frame: number, said: Omit<FrameRecordWritten, 'run'>): void {
    const { renders, name, clock } = this.#options;
    const peakMemoryMiB = Math.round(job.physics.memoryGiB * 1024);
    renders.putValue(recordPath(job, frame), {
      ...{ schema: 1, frame, run: job.run, worker: name, peakMemoryMiB },
      startedAt: new Date(clock.now()).toISOString(),
      ...said,
    });
  }
}

/** What a frame's record says, as far as it matters here (services/blender-kit/README.md). */
interface FrameRecordWritten {
  readonly run: string;
  readonly state: 'rendering' | 'done' | 'failed';
  readonly attempt: number;
  readonly seconds?: number;
  readonly loadSeconds?: number;
  readonly error?: string;
}

function recordPath({ folder }: JobInHand, frame: number): string {
  return `${folder}/records/${String(frame).padStart(4, '0')}.json`;
}
