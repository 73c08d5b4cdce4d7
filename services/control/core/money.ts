import { type CostKind, type Costs, moved, NO_COSTS, totalOf, withCost } from './costs.ts';
import { type Draft, lookAgain, openRuns, oweReport, remember, type Sight, updateRun } from './draft.ts';
import { type MachineUse, readMeters } from './machine-use.ts';
import { orderedMeter, type TaskInHand } from './meters.ts';
import type { FarmMemory, FarmObserved } from './model.ts';
import { poolOf, priceOf, variantOf } from './pools.ts';
import { isFinal, type RunRecord, wantsFarm } from './run.ts';
import { activeTasks } from './tasks.ts';
import type { EpochMs } from './time.ts';

const HOUR_MS = 3_600_000;
/** What is given up goes when GKE lets it go, and it is not asked about for anything else. */
const WHILE_GIVEN_UP_MS = 60_000;

/**
 * Adds what the farm cost since the last look, by the known beginnings and ends of it and of its machines, and charges the
 * runs that it was up for: as long as it stands also those that have ended, for what is left to pay after them.
 */
export function countMoney(sight: Sight, draft: Draft): void {
  const { day, month } = sight.observed;
  const { ledger } = draft.memory;
  const farms = farmsPaidFor(sight, draft);
  const isUp = farms > 0;
  if (!isUp && ledger.countedUntil === null) return;
  const since = ledger.countedUntil ?? beginningOf(sight, ledger.goneAt);
  // When it went is not known; nobody has put off the dead-man's switch meanwhile.
  const until = isUp ? sight.now : Math.min(sight.now, since + sight.policy.deadmanMs);
  const charged = chargedRuns(draft.memory);
  // What is given back when a clock that was ahead is put back belongs to the month in which it was counted.
  const counted = until < since ? { day: ledger.day, month: ledger.month } : { day, month };
  const before = spentIn(ledger, counted);
  const { meters, uses } = readMeters(sight, draft.memory, since, until);
  const bill = createBill(sight, draft, before.unshared);
  // Below nothing when a clock is put back.
  const hours = (until - since) / HOUR_MS;
  bill.charge('fees', hours * Math.max(1, farms) * sight.policy.fixedPricePerHour, bill.payers(null));
  for (const use of uses) chargeUse(sight, bill, use);
  const { unshared, dollars, wanting } = bill.close();
  const sum = {
    ...{ day: counted.day, today: Math.max(0, before.today + dollars) },
    ...{ month: counted.month, thisMonth: Math.max(0, before.month + dollars), unshared },
    otherMonth: ledger.month === counted.month ? ledger.otherMonth : monthOf(ledger),
  };
  remember(draft, {
    ledger: {
      countedUntil: isUp ? sight.now : null,
      goneAt: isUp ? ledger.goneAt : until,
      ...sumIn(sum, { day, month }),
      meters: isUp ? meters : {},
      payers: isUp ? (wanting.length > 0 ? wanting.map(({ id }) => id) : ledger.payers) : [],
    },
  });
  settle(draft, charged);
  if (farmOf(sight)?.givenUp !== undefined) lookAgain(draft, sight.now + WHILE_GIVEN_UP_MS);
}

/** Workers that are ordered in this pass are paid for from now on, whether anybody lives to see them or not. */
export function expectMachines({ policy, now }: Sight, draft: Draft): void {
  const orders = draft.actions.filter((action) => action.kind === 'orderWorkers');
  if (orders.length === 0) return;
  const { ledger } = draft.memory;
  const meters = { ...ledger.meters };
  for (const { pool: name, names, variant } of orders) {
    const pool = policy.pools.find((each) => each.name === name);
    if (pool === undefined || priceOf(policy, pool, variant, now) === 0) continue;
    const own = variantOf(pool, variant)?.name ?? null;
    for (const worker of names) meters[worker] ??= orderedMeter(name, own, now);
  }
  remember(draft, { ledger: { ...ledger, meters } });
}

/** What was loaded for frames that have come out since the last look was counted as rendering until now. */
export function countLoading({ observed, policy, now }: Sight, draft: Draft): void {
  for (const run of openRuns(draft)) {
    const before = observed.runs.get(run.id)?.times ?? null;
    const seconds = run.times.sumLoadSeconds - (before?.sumLoadSeconds ?? 0);
    // What a frame that still runs says of it is counted when it has come out.
    const isEarly = (before?.loads ?? 0) === 0 && seconds === observed.details.get(run.id)?.loadSeconds;
    if (seconds <= 0 || isEarly) continue;
    const pool = poolOf(policy, run);
    const price = priceOf(policy, pool, draft.memory.variants[pool.name]?.name, now);
    const dollars = (seconds * 1000 * price) / HOUR_MS;
    updateRun(draft, run, { costs: moved(run.costs, 'rendering', 'loading', dollars) });
  }
}

/** Dollars of this day and this month, and of the month's what no run was charged with. */
export function spentIn(
  ledger: Sum,
  { day, month }: { readonly day: string; readonly month: string },
): { readonly today: number; readonly month: number; readonly unshared: Costs } {
  const counted = [monthOf(ledger), ledger.otherMonth].find((one) => one?.month === month);
  return {
    today: ledger.day === day ? ledger.today : 0,
    month: counted?.thisMonth ?? 0,
    unshared: counted?.unshared ?? NO_COSTS,
  };
}

type Sum = Pick<FarmMemory['ledger'], 'day' | 'today' | 'month' | 'thisMonth' | 'unshared' | 'otherMonth'>;

/** What was counted, as it stands on this day of this month. */
function sumIn(sum: Sum, at: { readonly day: string; readonly month: string }): Sum {
  const { today, month: thisMonth, unshared } = spentIn(sum, at);
  const otherMonth = sum.month === at.month ? sum.otherMonth : monthOf(sum);
  return { ...at, today, thisMonth, unshared, otherMonth };
}

function monthOf({ month, thisMonth, unshared }: Omit<Sum, 'otherMonth'>): Sum['otherMonth'] {
  return { month, thisMonth, unshared };
}

/** What was spent in the present month. */
export function spentThisMonth(sight: Sight, draft: Draft): number {
  const { ledger } = draft.memory;
  return spentIn(ledger, sight.observed).month;
}

/** Runs that are charged as long as the farm stands, whether they have ended or not. */
export function chargedRuns({ ledger }: FarmMemory): ReadonlySet<string> {
  const ofMachines = Object.values(ledger.meters).flatMap(({ run, task }) => [run, task?.run ?? null]);
  return new Set([...ledger.payers, ...ofMachines.filter((id) => id !== null)]);
}

/** `null` = it cannot be read. */
function farmOf({ observed: { farm } }: Sight): FarmObserved | null {
  return farm === 'unknown' ? null : farm;
}

/** With those whose creation came to nothing; one that cannot be read is there as long as nobody has seen it go. */
function farmsPaidFor(sight: Sight, { memory }: Draft): number {
  const farm = farmOf(sight);
  if (farm === null) return memory.stage === 'absent' ? 0 : 1;
  return (farm.state === 'absent' ? 0 : 1) + (farm.givenUp ?? 0);
}

/** A farm that nobody has counted before is counted from its beginning; one that was only taken to be gone, from then on. */
function beginningOf(sight: Sight, goneAt: EpochMs | null): EpochMs {
  const farm = farmOf(sight);
  if (farm === null || !('since' in farm)) return sight.now;
  return Math.min(Math.max(farm.since, goneAt ?? farm.since), sight.now);
}

/** Nothing is charged to them any more: the records of ended runs and their reports say the last. */
function settle(draft: Draft, charged: ReadonlySet<string>): void {
  const still = chargedRuns(draft.memory);
  const ended = [...charged]
    .filter((id) => !still.has(id))
    .flatMap((id) => draft.runs.get(id) ?? [])
    .filter(({ state }) => isFinal(state))
    .sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  for (const run of ended) oweReport(draft, updateRun(draft, run, { isPaid: true }));
}

type Bill = ReturnType<typeof createBill>;

/** Boots and idle machines are paid for by those whose work waits; what one that is let go still costs, by its last run. */
function chargeUse({ policy, now }: Sight, bill: Bill, use: MachineUse): void {
  const { pool, variant, task, run } = use;
  const perMs = priceOfMachine(policy, pool, variant, now) / HOUR_MS;
  const last = bill.known(run);
  const others = bill.payers(pool);
  bill.charge('boot', use.boot * perMs, last ?? others);
  bill.charge('idle', use.empty * perMs, last ?? others);
  const owner = bill.known(task?.run ?? null);
  if (task !== null && owner !== null) bill.charge(kindOf(task), use.worker * perMs, owner);
  else bill.charge('idle', use.worker * perMs, bill.isWanted(pool) ? others : (last ?? others));
  const { lost } = use;
  if (lost.task !== null)
    bill.move(kindOf(lost.task), 'lost', lost.ms * perMs, bill.known(lost.task.run) ?? []);
}

function kindOf({ isCheck }: TaskInHand): CostKind {
  return isCheck ? 'loading' : 'rendering';
}

/** One of a pool that is not configured any more costs as much as the dearest, as far as anybody knows. */
function priceOfMachine(policy: Sight['policy'], name: string, variant: string | null, now: EpochMs): number {
  const pool = policy.pools.find((each) => each.name === name);
  if (pool !== undefined) return priceOf(policy, pool, variant, now);
  return Math.max(...policy.pools.map((each) => priceOf(policy, each, null, now)));
}

interface Share {
  readonly run: RunRecord;
  readonly part: number;
}

/** Who pays what of this look. */
function createBill(sight: Sight, draft: Draft, unsharedBefore: Costs) {
  const { observed, policy } = sight;
  const costs = new Map<string, Costs>();
  const byPool = new Map<string | null, readonly Share[]>();
  const wanting = runsThatWant(draft);
  const going = isKept(sight, draft) ? [] : draft.memory.ledger.payers.flatMap((id) => known(id) ?? []);
  let unshared = NO_COSTS;

  function known(id: string | null): readonly Share[] | null {
    const run = id === null ? undefined : draft.runs.get(id);
    return run === undefined ? null : [{ run, part: 1 }];
  }

  function shared(runs: readonly RunRecord[]): readonly Share[] {
    const tasks = runs.map(({ id }) => activeTasks(observed.details.get(id)).length);
    const all = tasks.reduce((sum, count) => sum + count, 0);
    return runs.map((run, index) => ({ run, part: all === 0 ? 1 / runs.length : (tasks[index] ?? 0) / all }));
  }

  function wantingOf(pool: string | null): readonly RunRecord[] {
    return pool === null ? wanting : wanting.filter((run) => poolOf(policy, run).name === pool);
  }

  function byPaid(kind: CostKind, shares: readonly Share[]): readonly Share[] {
    const paid = shares.map(({ run: { id, costs: own } }) => own[kind] + (costs.get(id)?.[kind] ?? 0));
    const all = paid.reduce((sum, dollars) => sum + dollars, 0);
    return all <= 0 ? shares : shares.map(({ run }, index) => ({ run, part: (paid[index] ?? 0) / all }));
  }

  return {
    wanting,
    /** `null` = nobody knows of such a run. */
    known,
    isWanted: (pool: string) => wantingOf(pool).length > 0,
    /** Those who want the pool (`null` = the farm); when nobody does any more, those who were the last. */
    payers(pool: string | null): readonly Share[] {
      const found = byPool.get(pool);
      if (found !== undefined) return found;
      const runs = wantingOf(pool);
      const shares = shared(runs.length > 0 ? runs : going.map(({ run }) => run));
      byPool.set(pool, shares);
      return shares;
    },
    /** What is given back goes to those who have paid it. */
    charge(kind: CostKind, dollars: number, shares: readonly Share[]): void {
      if (dollars === 0) return;
      if (shares.length === 0) unshared = withCost(unshared, kind, dollars);
      for (const { run, part } of dollars > 0 ? shares : byPaid(kind, shares))
        costs.set(run.id, withCost(costs.get(run.id) ?? NO_COSTS, kind, dollars * part));
    },
    move(from: CostKind, to: CostKind, dollars: number, shares: readonly Share[]): void {
      if (dollars === 0) return;
      for (const { run, part } of shares) {
        const own = plus(run.costs, costs.get(run.id) ?? NO_COSTS);
        costs.set(run.id, plus(moved(own, from, to, dollars * part), run.costs, -1));
      }
    },
    /** Writes it down. No more is given back than was paid: what belongs to a run that is settled stays counted. */
    close() {
      let dollars = 0;
      let rest = unshared;
      for (const [id, more] of costs) {
        const run = draft.runs.get(id);
        if (run === undefined) continue;
        const { paid, missing } = notBelowNothing(plus(run.costs, more));
        const spent = totalOf(plus(paid, run.costs, -1));
        updateRun(draft, run, { costs: paid, dollars: run.dollars + spent });
        rest = withCost(rest, 'idle', -missing);
        dollars += spent;
      }
      const { paid } = notBelowNothing(plus(unsharedBefore, rest));
      return { unshared: paid, dollars: dollars + totalOf(plus(paid, unsharedBefore, -1)), wanting };
    },
  };
}

/** What is below nothing is taken from the other kinds, the dearest first; `missing` = dollars that are not there. */
function notBelowNothing(costs: Costs): { readonly paid: Costs; readonly missing: number } {
  const kinds = (Object.keys(costs) as CostKind[]).sort((a, b) => costs[b] - costs[a]);
  let missing = kinds.reduce((sum, kind) => sum + Math.max(0, -costs[kind]), 0);
  let paid = NO_COSTS;
  for (const kind of kinds) {
    const there = Math.max(0, costs[kind]);
    const taken = Math.min(missing, there);
    paid = withCost(paid, kind, there - taken);
    missing -= taken;
  }
  return { paid, missing };
}

/** Those that render; while none does yet, those that the farm was raised for. */
function runsThatWant(draft: Draft): readonly RunRecord[] {
  const wanting = openRuns(draft).filter((run) => wantsFarm(run.state));
  const rendering = wanting.filter((run) => run.state === 'rendering');
  return rendering.length > 0 ? rendering : wanting;
}

/** It stands although no run wants it: a person, the configuration or somebody else's job keeps it, and no run pays. */
function isKept({ policy }: Sight, { memory }: Draft): boolean {
  return policy.keepControlPlane || memory.stage === 'ready' || memory.stage === 'installing';
}

function plus(a: Costs, b: Costs, times = 1): Costs {
  return {
    rendering: a.rendering + times * b.rendering,
    loading: a.loading + times * b.loading,
    boot: a.boot + times * b.boot,
    idle: a.idle + times * b.idle,
    lost: a.lost + times * b.lost,
    fees: a.fees + times * b.fees,
  };
}
