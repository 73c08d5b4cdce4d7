/**
 * What dollars were paid for: frames that came out or are being rendered; opening shots (the check included); machines that
 * boot; machines without a task, until they are released; what was begun on machines that died or were taken away; and the
 * farm itself: the manager's machine and the cluster's fee.
 */
export type CostKind = 'rendering' | 'loading' | 'boot' | 'idle' | 'lost' | 'fees';

/** Dollars by what they were paid for. */
export type Costs = Readonly<Record<CostKind, number>>;

export const NO_COSTS: Costs = { rendering: 0, loading: 0, boot: 0, idle: 0, lost: 0, fees: 0 };

export function withCost(costs: Costs, kind: CostKind, dollars: number): Costs {
  return { ...costs, [kind]: costs[kind] + dollars };
}

/** Without changing the sum; no more than there is. */
export function moved(costs: Costs, from: CostKind, to: CostKind, dollars: number): Costs {
  const most = Math.max(0, Math.min(dollars, costs[from]));
  return withCost(withCost(costs, from, -most), to, most);
}

/** Dollars of all kinds. */
export function totalOf(costs: Costs): number {
  return Object.values(costs).reduce((sum, dollars) => sum + dollars, 0);
}
