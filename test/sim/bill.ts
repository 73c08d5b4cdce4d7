import type { EpochMs } from '../../services/control/core/time.ts';

/** What a machine is billed for at least. */
const LEAST_MS = 60_000;
const HOUR_MS = 3_600_000;

export type BillKind = 'worker' | 'manager' | 'cluster';

interface Item {
  readonly kind: BillKind;
  readonly name: string;
  readonly perHour: number;
  readonly from: EpochMs;
  until: EpochMs | null;
}

/** What the cloud charges: by the second, machines for a minute at least. */
export class Bill {
  readonly #open = new Map<string, Item>();
  readonly #items: Item[] = [];

  /** Begins charging; what is charged already goes on. */
  begin(kind: BillKind, name: string, perHour: number, from: EpochMs): void {
    const key = `${kind} ${name}`;
    if (this.#open.has(key)) return;
    const item: Item = { kind, name, perHour, from, until: null };
    this.#open.set(key, item);
    this.#items.push(item);
  }

  /** Ends it; unknown or ended already is fine. */
  end(kind: BillKind, name: string, until: EpochMs): void {
    const key = `${kind} ${name}`;
    const item = this.#open.get(key);
    if (item !== undefined) item.until = until;
    this.#open.delete(key);
  }

  /** What is being charged for now. */
  charged(kind: BillKind): readonly string[] {
    return [...this.#open.values()].filter((item) => item.kind === kind).map(({ name }) => name);
  }

  /** Names of all that was ever charged for. */
  items(kind: BillKind): readonly string[] {
    return this.#items.filter((item) => item.kind === kind).map(({ name }) => name);
  }

  get isQuiet(): boolean {
    return this.#open.size === 0;
  }

  /** What had come up until this moment. */
  dollars(now: EpochMs, ...kinds: readonly BillKind[]): number {
    return this.#items
      .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
      .reduce((sum, item) => sum + costOf(item, now), 0);
  }
}

function costOf({ kind, perHour, from, until }: Item, now: EpochMs): number {
  if (from >= now) return 0;
  const ms = Math.max(0, Math.min(until ?? now, now) - from);
  // The cluster's fee is no machine's price.
  return (perHour * (kind === 'cluster' ? ms : Math.max(LEAST_MS, ms))) / HOUR_MS;
}
