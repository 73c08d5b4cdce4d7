import type { Action } from '../core/actions.ts';
import { type RunRecord, rendersFolder } from '../core/run.ts';
import { isPortError, PortError } from '../ports/errors.ts';
import type { Ports } from './ports.ts';

export interface Applied {
  readonly action: Action;
  readonly kind: Action['kind'];
  readonly reason: string;
  readonly outcome: 'done' | 'failed' | 'skipped';
  readonly error: unknown;
}

const DESTRUCTIVE = new Set<Action['kind']>(['withdrawWorker', 'removeWorker', 'deleteFarm']);
/** What they are to make is not there because something else is not: a namespace, a bucket, the manager. */
const MAKING = new Set<Action['kind']>([
  'createFarm',
  'installManager',
  'submitJob',
  'orderWorkers',
  'writeReport',
]);
const AT_WORK = new Set(['queued', 'active', 'requeueing', 'pause-requested']);

/** What `report.json` says of a run, in this order. */
const REPORTED = [
  'schema',
  'id',
  'shot',
  'version',
  'state',
  'reason',
  'frames',
  'proved',
  'troubles',
  'times',
  'inputs',
  'settings',
  'blender',
  'dollars',
  'costs',
] as const satisfies readonly (keyof RunRecord)[];

/**
 * Performs the actions in order. One that fails is left to the next pass; after a failed one nothing is destroyed any
 * more in this pass (a report that cannot be written keeps no farm up). `mayGoOn` says before each whether the lease still holds.
 */
export async function applyActions(
  ports: Ports,
  actions: readonly Action[],
  mayGoOn: () => boolean,
): Promise<readonly Applied[]> {
  const applied: Applied[] = [];
  for (const action of actions) {
    const hasFailed = applied.some(({ kind, outcome }) => outcome === 'failed' && kind !== 'writeReport');
    const isSkipped = !mayGoOn() || (hasFailed && DESTRUCTIVE.has(action.kind) && !isForced(action));
    applied.push(isSkipped ? result(action, 'skipped') : await applyOne(ports, action));
  }
  return applied;
}

async function applyOne(ports: Ports, action: Action): Promise<Applied> {
  try {
    await perform(ports, action);
    return result(action, 'done');
  } catch (error) {
    if (!isPortError(error)) throw error;
    const isDone = isPortError(error, 'notFound') && !MAKING.has(action.kind);
    return isDone ? result(action, 'done') : result(action, 'failed', error);
  }
}

function perform(ports: Ports, action: Action): Promise<unknown> {
  switch (action.kind) {
    case 'createFarm':
      return ports.farm.create();
    case 'installManager':
      return ports.farm.install();
    case 'submitJob':
      return ports.manager.submit(action.job);
    case 'cancelJob':
      return ports.manager.setJobStatus(action.jobId, 'cancel-requested', action.reason);
    case 'pauseJob':
      return ports.manager.setJobStatus(action.jobId, 'pause-requested', action.reason);
    case 'resumeJob':
      return ports.manager.setJobStatus(action.jobId, 'requeueing', action.reason);
    case 'requeueTask':
      return ports.manager.requeueTask(action.taskId, action.updatedAt, action.reason);
    case 'closeTask':
      return ports.manager.closeTask(action.taskId, action.updatedAt, action.reason);
    case 'orderWorkers':
      return ports.workers.order(action.pool, action.names, action.variant);
    case 'drainWorker':
      return ports.manager.drain(action.workerId);
    case 'keepWorker':
      return ports.manager.keep(action.workerId);
    case 'writeReport':
      return writeReport(ports, action.run);
    case 'forgetWorker':
      return forgetWorker(ports, action.workerId, action.name);
    case 'withdrawWorker':
      return withdrawWorker(ports, action.name);
    case 'removeWorker':
      return ports.workers.remove(action.name);
    case 'deleteFarm':
      return deleteFarm(ports, action);
    default:
      return assertNever(action);
  }
}

/** Looked at once more just before: a worker's record may go only when its process is gone. */
async function forgetWorker(ports: Ports, workerId: string, name: string): Promise<void> {
  const workers = await known(ports.workers.list());
  if (workers.some((worker) => worker.name === name && worker.state !== 'ended')) return;
  await ports.manager.forget(workerId);
}

/** Looked at once more just before: one that has begun meanwhile may have a frame in hand. */
async function withdrawWorker(ports: Ports, name: string): Promise<void> {
  const workers = await known(ports.workers.list());
  if (workers.some((worker) => worker.name === name && worker.state === 'waiting'))
    await ports.workers.remove(name);
}

/** What is gone already is as good as deleted; a look that finds nothing to ask tells nothing, so nothing is deleted on it. */
async function known<T>(look: Promise<T>): Promise<T> {
  return look.catch((cause: unknown) => {
    throw isPortError(cause, 'notFound')
      ? new PortError('transient', 'looking once more before a deletion', { cause })
      : cause;
  });
}

type DeleteFarm = Extract<Action, { kind: 'deleteFarm' }>;

/** Looked at once more just before: a job may have come since the plan was made. */
async function deleteFarm(ports: Ports, { isForced, sparesRunning }: DeleteFarm): Promise<void> {
  if (sparesRunning === true && (await known(ports.workers.list())).some(({ state }) => state === 'running'))
    return;
  if (!isForced) {
    const farm = await known(ports.farm.look());
    const isUp = farm.state === 'up' && farm.manager === 'ready';
    if (isUp && (await known(ports.manager.jobs())).some((job) => AT_WORK.has(job.status))) return;
  }
  await ports.farm.delete();
}

function writeReport(ports: Ports, run: RunRecord): Promise<void> {
  const report = Object.fromEntries(REPORTED.map((key) => [key, run[key]]));
  const bytes = new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`);
  return ports.renders.write(`${rendersFolder(run)}/report.json`, bytes, 'application/json');
}

function isForced(action: Action): boolean {
  return action.kind === 'deleteFarm' && action.isForced;
}

function result(action: Action, outcome: Applied['outcome'], error: unknown = null): Applied {
  return { action, kind: action.kind, reason: action.reason, outcome, error };
}

function assertNever(action: never): never {
  throw new Error(`no such action: ${JSON.stringify(action)}`);
}
