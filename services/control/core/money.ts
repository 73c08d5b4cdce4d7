import { type Draft, openRuns, remember, type Sight, updateRun } from './draft.ts';
import type { PoolPolicy } from './model.ts';
import { poolOf } from './pools.ts';
import { type RunRecord, wantsFarm } from './run.ts';
import { activeTasks } from './tasks.ts';

const HOUR_MS = 3_600_000;

/** Adds what the farm cost since the last look, and shares it out over the runs that it was up for. */
export function countMoney(sight: Sight, draft: Draft): void {
  const { day, month, farm } = sight.observed;
  const { ledger } = draft.memory;
  const isUp = farm === 'unknown' ? draft.memory.stage !== 'absent' : farm.state !== 'absent';
  const since = ledger.countedUntil ?? sight.now;
  const hours = isUp ? Math.max(0, sight.now - since) / HOUR_MS : 0;
  const pools = sight.policy.pools.map((pool) => ({
    pool,
    dollars: hours * runningWorkers(sight, pool) * pool.pricePerHour,
  }));
  const fixed = hours * sight.policy.fixedPricePerHour;
  const dollars = pools.reduce((sum, each) => sum + each.dollars, fixed);
  const isQuiet = dollars === 0 && !isUp && ledger.countedUntil === null;
  if (isQuiet) return;
  remember(draft, {
    ledger: {
      countedUntil: isUp ? sight.now : null,
      day,
      month,
      today: (ledger.day === day ? ledger.today : 0) + dollars,
      thisMonth: (ledger.month === month ? ledger.thisMonth : 0) + dollars,
    },
  });
  const sharing = runsThatPay(draft);
  share(sight, draft, sharing, fixed);
  for (const { pool, dollars: cost } of pools)
    share(
      sight,
      draft,
      sharing.filter((run) => poolOf(sight.policy, run) === pool),
      cost,
    );
}

/** What was spent in the present month. */
export function spentThisMonth(sight: Sight, draft: Draft): number {
  const { ledger } = draft.memory;
  return ledger.month === sight.observed.month ? ledger.thisMonth : 0;
}

/** Unknown is not free: a list that cannot be read counts as a full pool, but not before there is a farm to run them. */
function runningWorkers({ observed }: Sight, pool: PoolPolicy): number {
  const { workers, farm } = observed;
  if (farm !== 'unknown' && farm.state === 'creating') return 0;
  if (workers === 'unknown') return pool.max;
  return workers.filter((worker) => worker.pool === pool.name && worker.state === 'running').length;
}

/** Those that render; while none does yet, those that the farm was raised for. */
function runsThatPay(draft: Draft): readonly RunRecord[] {
  const wanting = openRuns(draft).filter((run) => wantsFarm(run.state));
  const rendering = wanting.filter((run) => run.state === 'rendering');
  return rendering.length > 0 ? rendering : wanting;
}

/** By the tasks that each has running; alike where none has. */
function share(sight: Sight, draft: Draft, runs: readonly RunRecord[], dollars: number): void {
  if (dollars === 0) return;
  const tasks = runs.map((run) => activeTasks(sight.observed.details.get(run.id)).length);
  const all = tasks.reduce((sum, count) => sum + count, 0);
  for (const [index, run] of runs.entries()) {
    const part = all === 0 ? 1 / runs.length : (tasks[index] ?? 0) / all;
    const now = draft.runs.get(run.id) ?? run;
    updateRun(draft, now, { dollars: now.dollars + dollars * part });
  }
}
