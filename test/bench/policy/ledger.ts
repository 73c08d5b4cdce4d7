import { type Costs, NO_COSTS, totalOf } from '../../../services/control/core/costs.ts';
import { memoryOf } from '../../sim/world.ts';
import { shotName } from './shots.ts';
import type { Tablao } from './tablao.ts';

/** Where the dollars of a trace went, as the service counted them. */
export interface Ledger {
  /** By job of the trace. */
  readonly scenes: readonly Costs[];
  /** What no run was charged with. */
  readonly unshared: Costs;
  /** What the simulated cloud billed. */
  readonly billedDollars: number;
}

/** The same over all seeds, on average. */
export interface LedgerResult {
  readonly scenes: readonly { readonly shot: string; readonly dollars: number; readonly costs: Costs }[];
  readonly unshared: Costs;
  /** Of all scenes and none. */
  readonly dollars: number;
  readonly billedDollars: number;
  /** Share of its bill by which the seed that is off most is off. */
  readonly worstOff: number;
}

export function ledgerOf({ world, runs, jobs }: Tablao): Ledger {
  return {
    scenes: Array.from({ length: jobs }, (_, index) =>
      sumOf(runs.filter(({ shot }) => shot === shotName(index)).map(({ costs }) => costs)),
    ),
    unshared: memoryOf(world)?.ledger.unshared ?? NO_COSTS,
    billedDollars: world.bill.dollars(world.clock.now()),
  };
}

/** `null` = there is none. */
export function ledgerResult(ledgers: readonly Ledger[]): LedgerResult | null {
  const [first] = ledgers;
  if (first === undefined) return null;
  const mean = (all: readonly Costs[]) => times(sumOf(all), 1 / ledgers.length);
  const scenes = first.scenes.map((_, index) => {
    const costs = mean(ledgers.flatMap((each) => each.scenes[index] ?? []));
    return { shot: shotName(index), dollars: totalOf(costs), costs };
  });
  const unshared = mean(ledgers.map((each) => each.unshared));
  return {
    scenes,
    unshared,
    dollars: scenes.reduce((sum, one) => sum + one.dollars, totalOf(unshared)),
    billedDollars: ledgers.reduce((sum, one) => sum + one.billedDollars, 0) / ledgers.length,
    worstOff: Math.max(...ledgers.map(offOf)),
  };
}

function offOf({ scenes, unshared, billedDollars }: Ledger): number {
  return Math.abs(totalOf(sumOf([...scenes, unshared])) / billedDollars - 1);
}

export function sumOf(all: readonly Costs[]): Costs {
  const kinds = Object.keys(NO_COSTS) as (keyof Costs)[];
  const sums = kinds.map((kind) => [kind, all.reduce((sum, one) => sum + one[kind], 0)]);
  return Object.fromEntries(sums) as Costs;
}

function times(costs: Costs, factor: number): Costs {
  const scaled = Object.entries(costs).map(([kind, dollars]) => [kind, dollars * factor]);
  return Object.fromEntries(scaled) as Costs;
}
