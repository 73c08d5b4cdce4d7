import { withLearnedBoot } from '../core/boot-times.ts';
import { CHECK_TASK, VIDEO_TASK } from '../core/chunks.ts';
import type { FarmMemory, Observed, Policy, TaskObserved } from '../core/model.ts';
import { poolOf } from '../core/pools.ts';
import { type Reason, type RunRecord, wantsFarm } from '../core/run.ts';
import { whenAgain } from '../core/setback.ts';
import type { PoolStatus } from '../core/status-document.ts';
import { runnableTasks } from '../core/tasks.ts';
import type { EpochMs } from '../core/time.ts';
import { tasksOf } from './frame-counts.ts';

interface Seen {
  readonly observed: Observed;
  readonly policy: Policy;
  readonly memory: FarmMemory;
  readonly now: EpochMs;
}

/** A run that wants a farm and has been told nothing that says more than that it waits. */
const SAYS_LITTLE: ReadonlySet<string | undefined> = new Set([undefined, 'queued', 'submitted']);

/** Why none of its frames is being rendered, or seen to be, although it wants to be; `null` = one is, or it has a reason of its own. */
export function whyStill(
  seen: Seen,
  run: RunRecord,
  pools: readonly PoolStatus[],
  active: number,
): Reason | null {
  if (!wantsFarm(run.state) || !SAYS_LITTLE.has(run.reason?.code)) return null;
  if (active > 0 && tasksOf(seen.observed, run) !== 'unknown') return null;
  return whyNoFarm(seen, run) ?? whyNoTask(seen, run) ?? whyNoWorker(seen, run, pools);
}

function whyNoFarm({ observed: { farm }, memory, now }: Seen, { jobId }: RunRecord): Reason | null {
  const { setback, stageReason } = memory;
  if (farm === 'unknown') return because('farmUnknown', 'The farm cannot be seen at the moment.');
  if (setback !== null && now < setback.until) return because('noFarm', `${whenAgain(setback)}.`);
  if (farm.state === 'absent') return because('noFarm', 'The farm is about to be created.');
  if (farm.state === 'creating')
    return because('farmComes', 'The farm is being created, which takes a few minutes.');
  if (farm.state !== 'up')
    return because('noFarm', `The farm is going down${stageReason === null ? '' : ` (${stageReason})`}.`);
  if (farm.manager === 'ready') return null;
  const trouble = stageReason === null ? '' : ` (${stageReason})`;
  const inHand = jobId === null ? '' : ' Frames that workers have in hand go on.';
  return because('noManager', `Flamenco Manager does not answer yet${trouble}.${inHand}`);
}

function whyNoTask({ observed }: Seen, { id }: RunRecord): Reason | null {
  const { job, tasks } = observed.details.get(id) ?? { job: 'unknown', tasks: 'unknown' };
  if (job === 'unknown' || tasks === 'unknown')
    return because('noManager', 'Flamenco Manager could not say how far it is at this look.');
  if (job === null) return because('queued', 'Its frames are about to be handed to Flamenco.');
  const runnable = runnableTasks(tasks);
  if (runnable.length === 0) return because('proving', 'Its frames are being looked at.');
  const isAtWork = (name: string) => runnable.some((task) => task.name === name && isActive(task));
  if (isAtWork(CHECK_TASK))
    return because('checking', 'A worker opens the shot and looks for what is missing before frames begin.');
  return isAtWork(VIDEO_TASK) ? because('video', 'Its preview video is being made.') : null;
}

const isActive = ({ status }: TaskObserved) => status === 'active';

function whyNoWorker(seen: Seen, run: RunRecord, pools: readonly PoolStatus[]): Reason {
  const { observed, memory, policy, now } = seen;
  const configured = poolOf(policy, run);
  const pool = pools.find(({ name }) => name === configured.name);
  if (observed.workers === 'unknown' || observed.managerWorkers === 'unknown' || pool === undefined)
    return because('noManager', 'Its workers cannot be seen at the moment.');
  if (pool.booting > 0) {
    const { bootSeconds } = withLearnedBoot(configured, memory);
    const since = observed.workers
      .filter((worker) => worker.pool === pool.name && worker.state === 'waiting')
      .reduce((first, { orderedAt }) => Math.min(first, orderedAt), now);
    const left = Math.max(0, bootSeconds - (now - since) / 1000);
    const when = left === 0 ? 'longer than usual' : `about ${lengthOf(left)} more`;
    const said = pool.reason ?? null;
    if (said !== null) return because('noMachines', said);
    return because('booting', `${workersText(pool.booting, 'boots', 'boot')}; that takes ${when}.`);
  }
  if (pool.busy > 0)
    return because('otherShots', `${workersText(pool.busy, 'renders', 'render')} other shots first.`);
  if (pool.idle + pool.draining > 0)
    return because('taking', `${workersText(pool.idle + pool.draining, 'takes', 'take')} tasks in a moment.`);
  return because('noWorkers', pool.reason ?? 'Workers are about to be ordered.');
}

function because(code: string, message: string): Reason {
  return { code, message, action: null };
}

function lengthOf(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds / 10) * 10} s` : `${Math.round(seconds / 60)} min`;
}

function workersText(count: number, one: string, many: string): string {
  return count === 1 ? `A worker ${one}` : `${count} workers ${many}`;
}
