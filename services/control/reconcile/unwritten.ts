import { totalOf } from '../core/costs.ts';
import type { FarmMemory } from '../core/model.ts';
import { chargedRuns } from '../core/money.ts';
import { isFinal, type RunRecord, wantsFarm } from '../core/run.ts';
import type { EpochMs } from '../core/time.ts';

/** Whoever reads a record sees what it has cost until then. */
const WRITE_EVERY_MS = 5 * 60_000;

/**
 * Tells runs whose record must be written from those that are as they were, or of which only the cost has moved, as it does
 * in each pass while they render: that stands in the farm's memory, too.
 */
export function createUnwritten(clock: { now(): EpochMs }) {
  const writtenAt = new Map<string, EpochMs>();

  /** `later`: of these nothing is lost that matters if they are not written now. */
  function sort(
    changed: readonly RunRecord[],
    before: ReadonlyMap<string, RunRecord>,
  ): { readonly due: readonly RunRecord[]; readonly later: readonly RunRecord[] } {
    const due: RunRecord[] = [];
    const later: RunRecord[] = [];
    for (const run of changed) {
      const old = before.get(run.id);
      const isLate = clock.now() - (writtenAt.get(run.id) ?? clock.now()) >= WRITE_EVERY_MS;
      const isDue = old === undefined || isLate || hasChanged(run, old);
      (isDue ? due : later).push(run);
      if (isFinal(run.state)) writtenAt.delete(run.id);
      else if (isDue || !writtenAt.has(run.id)) writtenAt.set(run.id, clock.now());
    }
    return { due, later };
  }

  return { sort };
}

function hasChanged(run: RunRecord, old: RunRecord): boolean {
  const keys = Object.keys(run) as (keyof RunRecord)[];
  return keys.some((key) => key !== 'dollars' && key !== 'costs' && !isSame(run[key], old[key]));
}

/** What is written the same is the same. Most fields are the very same objects as before, and need not be written out to tell. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isRecord(a) || !isRecord(b)) return JSON.stringify(a) === JSON.stringify(b);
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key] || JSON.stringify(a[key]) === JSON.stringify(b[key]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The memory with what runs have cost so far that still cost something; `runs`: the later of two of the same id counts. Of one
 * that will be charged next also that it was nothing: its record may be written before the ledger is, and the service die between.
 */
export function withCosts(memory: FarmMemory, runs: readonly RunRecord[]): FarmMemory {
  const known = new Map(runs.map((run) => [run.id, run.costs]));
  const next = new Set(runs.filter(({ state }) => wantsFarm(state)).map(({ id }) => id));
  const ids = new Set([...memory.openRuns, ...chargedRuns(memory)]);
  const costs = Object.fromEntries(
    [...ids].flatMap((id) => {
      const spent = known.get(id) ?? memory.costs[id];
      return spent === undefined || (totalOf(spent) === 0 && !next.has(id)) ? [] : [[id, spent] as const];
    }),
  );
  return { ...memory, costs };
}

/** The run with what it has cost by the memory, which is of the same moment as the rest of the ledger. */
export function withCostsOf(run: RunRecord, { costs }: FarmMemory): RunRecord {
  const spent = costs[run.id];
  if (spent === undefined) return run;
  return { ...run, costs: spent, dollars: run.dollars - totalOf(run.costs) + totalOf(spent) };
}
