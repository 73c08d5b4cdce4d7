import type { Farm } from './farm.ts';
import { workerLabel } from './farm.ts';
import type { TaskRow, WorkerRow, WorkerStatus } from './model.ts';
import { requeueActiveTasks } from './requeue.ts';

export interface Registration {
  readonly name: string;
  readonly secretHash: string;
  readonly platform: string;
  readonly address: string;
  readonly taskTypes: readonly string[];
}

export interface SignOn {
  readonly name: string;
  readonly address: string;
  readonly taskTypes: readonly string[];
  readonly software: string;
  readonly canRestart: boolean;
}

/** Adds a row. Names need not be unique; no row is ever removed by the manager itself. */
export function registerWorker(farm: Farm, registration: Registration): WorkerRow {
  const worker: WorkerRow = {
    ...registration,
    id: farm.newId(),
    tagIds: new Set(),
    software: '',
    status: '',
    statusRequested: '',
    isRequestLazy: false,
    canRestart: false,
    updatedAt: farm.now(),
    lastSeenAt: null,
    deletedAt: null,
  };
  farm.workers.set(worker.id, worker);
  return worker;
}

export function seen(farm: Farm, worker: WorkerRow): void {
  worker.lastSeenAt = farm.now();
  worker.updatedAt = farm.now();
}

/** Returns the state that the worker is to go to. */
export function signOn(farm: Farm, worker: WorkerRow, update: SignOn): WorkerStatus {
  worker.status = 'starting';
  worker.name = update.name;
  worker.address = update.address;
  worker.software = update.software;
  worker.canRestart = update.canRestart;
  worker.taskTypes = update.taskTypes.map((type) => type.toLowerCase().trim());
  seen(farm, worker);
  return worker.statusRequested === '' ? 'awake' : worker.statusRequested;
}

export function signOff(farm: Farm, worker: WorkerRow): void {
  const former = worker.status;
  worker.status = 'offline';
  if (worker.statusRequested === 'offline' || worker.statusRequested === 'restart') clearRequest(worker);
  // Remembered for the next sign-on of this identity; so an offline row shows a request for "awake".
  if (worker.statusRequested === '' && (former === 'awake' || former === 'asleep'))
    request(worker, former, false);
  seen(farm, worker);
  requeueActiveTasks(farm, worker, 'worker signed off');
}

export function stateChanged(farm: Farm, worker: WorkerRow, status: WorkerStatus): void {
  const former = worker.status;
  worker.status = status;
  // A state that nobody asked for leaves the request standing.
  if (worker.statusRequested === status) clearRequest(worker);
  seen(farm, worker);
  if (former === 'awake' && status !== 'awake') {
    requeueActiveTasks(farm, worker, `worker ${workerLabel(worker)} changed status to '${status}'`);
  }
}

/** Asks a worker for another state. Asking for the state it has takes an earlier request back. */
export function requestStatus(farm: Farm, worker: WorkerRow, status: WorkerStatus, isLazy: boolean): void {
  if (worker.status === status) clearRequest(worker);
  else request(worker, status, isLazy);
  worker.updatedAt = farm.now();
}

export function deleteWorker(farm: Farm, worker: WorkerRow): void {
  requeueActiveTasks(farm, worker, 'worker is being deleted');
  worker.deletedAt = farm.now();
}

/** A worker that was not heard of: its task goes back, and it gets none until it is asked to be awake again. */
export function timeOutWorker(farm: Farm, worker: WorkerRow): void {
  worker.status = 'error';
  clearRequest(worker);
  worker.updatedAt = farm.now();
  requeueActiveTasks(farm, worker, 'worker timed out');
}

/** The active task of a worker, or else the one that it had last. */
export function taskOfWorker(farm: Farm, worker: WorkerRow): TaskRow | null {
  let best: TaskRow | null = null;
  for (const task of farm.tasks.values()) {
    if (task.workerId !== worker.id) continue;
    if (task.status === 'active' && farm.jobs.get(task.jobId)?.status === 'active') return task;
    if (best === null || task.updatedAt > best.updatedAt) best = task;
  }
  return best;
}

function request(worker: WorkerRow, status: WorkerStatus, isLazy: boolean): void {
  worker.statusRequested = status;
  worker.isRequestLazy = isLazy;
}

function clearRequest(worker: WorkerRow): void {
  worker.statusRequested = '';
  worker.isRequestLazy = false;
}
