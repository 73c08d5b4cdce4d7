import type { StatusDocument } from './status-document.ts';

/** How the pools and the money stood at one moment: what is drawn over time. */
export interface PoolSample {
  readonly at: string;
  /** Frames of queued and rendering runs that nobody works on yet. */
  readonly waiting: number;
  /** Workers that exist, in whatever state. */
  readonly ordered: number;
  readonly booting: number;
  readonly busy: number;
  readonly idle: number;
  /** Dollars spent on that day (UTC) until then. */
  readonly today: number;
}

export function sampleOf({ asOf, runs, pools, money }: StatusDocument): PoolSample {
  const sum = (count: (pool: StatusDocument['pools'][number]) => number) =>
    pools.reduce((all, pool) => all + count(pool), 0);
  const waiting = runs
    .filter(({ state }) => state === 'queued' || state === 'rendering')
    .reduce((all, { frames }) => all + Math.max(0, frames.total - frames.done - frames.active), 0);
  return {
    at: asOf,
    waiting,
    ordered: sum(({ booting, busy, idle, draining }) => booting + busy + idle + draining),
    booting: sum(({ booting }) => booting),
    busy: sum(({ busy, draining }) => busy + draining),
    idle: sum(({ idle }) => idle),
    today: money.today,
  };
}
