import { isFinal } from '../../../services/control/core/run.ts';
import { jobOf, liveWorker } from '../../../services/flamenco-lite/core/farm.ts';
import type { TaskRow } from '../../../services/flamenco-lite/core/model.ts';
import { memoryOf, runsOf } from '../../sim/world.ts';
import type { NewInvariant, Watched, WatchedCall } from '../watch.ts';

/** Clocks of services may be off by so much. */
const SKEW_MS = 5 * 60_000;
/** Frames that end while a spent budget drains have this share of MAX_FARM_HOURS (core/farm-life.ts). */
const DRAIN_SHARE = 0.25;

/** No busy worker is killed by us but by the named exceptions of design.md §1 (and strangers, §7), each counted. */
export const noBusyWorkerKilled: NewInvariant = (watched) => {
  let killed = 0;
  let excuse: string | null = null;
  let inHand: TaskRow | null = null;
  const spentForMs = followBudget(watched);
  return {
    name: 'noBusyWorkerKilled',
    before: (call) => {
      killed = watched.world.tally.killedByUs;
      const spentMs = spentForMs();
      if (call.name === 'farm.delete') excuse = whyDelete(watched, spentMs);
      else if (call.name === 'workers.remove') excuse = whyRemove(watched, String(call.args[0]));
      else if (call.name === 'manager.setJobStatus') return judgeCancel(watched, call);
      inHand = TAKES.has(call.name) ? taskInHand(watched, call) : null;
      return null;
    },
    after: (call) => {
      const { name, args } = call;
      if (inHand !== null && taskInHand(watched, call) === null) return judgeTake(watched, name, inHand);
      const lost = watched.world.tally.killedByUs - killed;
      if (lost === 0 || (name !== 'farm.delete' && name !== 'workers.remove')) return null;
      if (excuse === null) return `${name} ${args.join(' ')} killed ${lost} frames in hand`;
      watched.count(excuse);
      return null;
    },
  };
};

/** Asked before each call: for how long the month's budget has been spent, as far as it is counted; `null` = it is not. */
function followBudget({ world, spec }: Watched): () => number | null {
  const budget = spec.policy.monthlyBudgetDollars;
  let since: number | null = null;
  return () => {
    const isSpent = budget !== null && (memoryOf(world)?.ledger.thisMonth ?? 0) >= budget;
    since = isSpent ? (since ?? world.clock.now()) : null;
    return since === null ? null : world.clock.now() - since;
  };
}

/** Which of the exceptions it is; `null` = none. By what the world knows, not by what the service says. */
function whyDelete(watched: Watched, spentMs: number | null): string | null {
  const { world, spec, readAt } = watched;
  const { cluster, clock, policy, startedAt } = world;
  const now = clock.now();
  if (isTornDown(watched)) return 'a person tore the farm down';
  if (cluster.isBroken) return 'the farm was broken';
  if (cluster.upSince !== null && now - cluster.upSince >= policy.maxFarmMs - SKEW_MS)
    return 'MAX_FARM_HOURS';
  if (spentMs !== null && spec.policy.budgetStop === 'now') return 'the budget was spent';
  if (spentMs !== null && spentMs >= DRAIN_SHARE * policy.maxFarmMs - SKEW_MS)
    return 'the budget was spent, and a frame did not end';
  const seen = ['farm.look', 'manager.jobs', 'workers.list'].map((name) => readAt.get(name) ?? startedAt);
  return now - Math.min(...seen) >= policy.maxUnknownMs - SKEW_MS ? 'MAX_UNKNOWN_HOURS' : null;
}

function isTornDown({ world, orders }: Watched): boolean {
  return orders.has('teardown') && memoryOf(world)?.mustGo === true;
}

function whyRemove({ world: { manager } }: Watched, name: string): string | null {
  const rows = [...manager.farm.workers.values()].filter((row) => row.name === name);
  return rows.some(({ id }) => liveWorker(manager.farm, id) !== null)
    ? null
    : 'the manager did not know the worker';
}

function judgeCancel(watched: Watched, { args }: WatchedCall): string | null {
  const { world, spec, count } = watched;
  const job = world.manager.farm.jobs.get(String(args[0]));
  if (args[1] !== 'cancel-requested' || job === undefined) return null;
  if (!job.tasks.some(({ status }) => status === 'active')) return null;
  const run = runsOf(world).find(({ id }) => id === job.metadata.run);
  const isPeople = run?.state === 'cancelled' || run?.state === 'superseded';
  const mayPark = ['paused', ...(spec.policy.budgetStop === 'now' ? ['budget'] : [])];
  const isParked = run?.state === 'waiting' && mayPark.includes(run.reason?.code ?? '');
  const isHopeless = run !== undefined && isFinal(run.state) && run.state !== 'completed';
  const cap = run?.settings?.maxDollars.value ?? null;
  // Its record is of the last pass, and its clock may be ahead; all runs together have not cost less than this one.
  const billed = world.bill.dollars(world.clock.now() + SKEW_MS);
  const isSpent = spec.policy.budgetStop === 'now' && cap !== null && billed >= cap;
  if (!isPeople && !isParked && !isHopeless && !isSpent && !isTornDown(watched))
    return `a job that renders was cancelled; its run is ${run?.state}`;
  count(`the run was ${run?.state} (${run?.reason?.code})`);
  return null;
}

const TAKES = new Set(['manager.requeueTask', 'manager.closeTask']);

/** The task of this call, while a worker renders it. */
function taskInHand({ world }: Watched, { args }: WatchedCall): TaskRow | null {
  const { farm } = world.manager;
  const task = farm.tasks.get(String(args[0]));
  if (task?.status !== 'active' || task.name === 'preview-video') return null;
  const worker = liveWorker(farm, task.workerId ?? '');
  return worker !== null && world.pool.isBusy(worker.name) ? task : null;
}

/** Only of a worker that stands still: its shot hangs, or its machine does. */
function judgeTake({ spec, world, count }: Watched, name: string, task: TaskRow): string | null {
  const shot = spec.shots.find((one) => jobOf(world.manager.farm, task).name.startsWith(`${one.name} `));
  const mayHang = shot?.fate === 'oneHangs' || shot?.fate === 'oneHangsOnce';
  const mayFreeze = spec.happenings.some((one) => one.kind === 'worker' && one.what === 'freeze');
  if (!mayHang && !mayFreeze) return `${name} of ${task.name}, which renders`;
  count('a frame stood still');
  return null;
}

/** Reads without which nothing may be destroyed, unless nothing was read for MAX_UNKNOWN_HOURS. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  'farm.delete': ['farm.look', 'manager.jobs', 'workers.list'],
  'workers.remove': ['farm.look', 'workers.list', 'manager.workers'],
  'manager.forget': ['farm.look', 'workers.list', 'manager.workers'],
  'manager.drain': ['farm.look', 'workers.list', 'manager.workers'],
  'manager.setJobStatus': ['manager.jobs'],
};

/** Nothing is destroyed out of an unknown. */
export const nothingFromUnknown: NewInvariant = (watched) => {
  const spentForMs = followBudget(watched);
  return {
    name: 'nothingFromUnknown',
    before: ({ name, unread }) => {
      const spentMs = spentForMs();
      const missing = NEEDS[name]?.find(
        (read) => unread.has(read) && !isNeedless(watched, name, read, spentMs),
      );
      if (missing === undefined) return null;
      // One that goes already is only told so once more, by a look that was a little old.
      if (
        name === 'farm.delete' &&
        (watched.world.cluster.isDeleting || whyDelete(watched, spentMs) !== null)
      )
        return null;
      return `${name} in a pass that could not read ${missing}`;
    },
  };
};

/**
 * A farm without machines goes whatever its jobs are: none of its workers runs, and that is looked at once more. So does one whose
 * workers have all ended because the budget is spent.
 */
function isNeedless({ world, spec }: Watched, name: string, read: string, spentMs: number | null): boolean {
  if (name !== 'farm.delete' || read !== 'manager.jobs') return false;
  const hasDrained =
    spentMs !== null && spec.policy.pools.every((pool) => world.pool.living(pool.name) === 0);
  return hasDrained || memoryOf(world)?.setback?.kind === 'noMachines';
}
