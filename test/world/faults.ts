import type { PortErrorCode } from '../../services/control/ports/errors.ts';
import type { TroubleKind } from './spec.ts';

export const CODES = [
  'notFound',
  'conflict',
  'noCapacity',
  'quota',
  'denied',
  'invalid',
  'transient',
] as const satisfies readonly PortErrorCode[];

/** Every call that a service makes. */
export const METHODS = [
  'lease.acquire',
  'lease.release',
  'farm.look',
  'farm.create',
  'farm.install',
  'farm.delete',
  'farm.pushDeadman',
  'farm.quotas',
  'farm.leftovers',
  'workers.list',
  'workers.order',
  'workers.remove',
  'manager.jobs',
  'manager.tasks',
  'manager.workers',
  'manager.logTail',
  'manager.submit',
  'manager.setJobStatus',
  'manager.requeueTask',
  'manager.closeTask',
  'manager.drain',
  'manager.keep',
  'manager.forget',
  'records.read',
  'records.create',
  'records.replace',
  'records.overwrite',
  'records.delete',
  'records.list',
  'scenes.list',
  'scenes.look',
  'scenes.listUnder',
  'scenes.read',
  'renders.list',
  'renders.read',
  'renders.write',
  'messenger.send',
] as const;

/** What a service may end at. The lease is given back by one that ends already. */
export const ENDS_AT = METHODS.filter((method) => method !== 'lease.release');

/** Answers that may be a little old. Our own records, the lease and the workers never are, by the contracts of their ports. */
export const MAY_BE_STALE =
  /^(farm\.(look|leftovers)|manager\.(jobs|tasks|workers)|scenes\.(list|look)|renders\.list)$/;
/** Lists of which something may be missing; the others say all, or fail (ports). */
export const MAY_BE_PARTIAL = /^(scenes\.list|renders\.list)$/;

type Kind = Exclude<TroubleKind, 'fails'> | PortErrorCode | 'killed before' | 'killed after' | 'stopped';

/** The name of what happened at a call. */
export function faultOf(method: string, kind: Kind): string {
  return `${method} ${kind}`;
}

/** Everything that can happen at a call. */
export const FAULTS: readonly string[] = METHODS.flatMap((method) => {
  const kinds: Kind[] = [...CODES, 'actsAndFails', 'slow'];
  if (method !== 'lease.release') kinds.push('killed before', 'killed after', 'stopped');
  if (MAY_BE_STALE.test(method)) kinds.push('stale');
  if (MAY_BE_PARTIAL.test(method)) kinds.push('partial');
  return kinds.map((kind) => faultOf(method, kind));
});
