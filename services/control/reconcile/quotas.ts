import type { PoolLimit, Unknown } from '../core/model.ts';
import { orUnknown } from './or-unknown.ts';
import type { Ports } from './ports.ts';

/** Others use the account, too; one look is several calls. */
const LOOK_EVERY_MS = 5 * 60_000;

/** What the quotas allow, looked up now and then while there is a farm or one is wanted; `[]` when there is none. */
export type QuotaLook = (isWanted: boolean) => Promise<readonly PoolLimit[] | Unknown>;

export function createQuotaLook({ farm, clock }: Pick<Ports, 'farm' | 'clock'>): QuotaLook {
  let last: { readonly quotas: readonly PoolLimit[] | Unknown; readonly until: number } | null = null;
  return async (isWanted) => {
    if (!isWanted || farm.quotas === undefined) return [];
    if (last === null || clock.now() >= last.until)
      last = { quotas: await orUnknown(farm.quotas()), until: clock.now() + LOOK_EVERY_MS };
    return last.quotas;
  };
}
