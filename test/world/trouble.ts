import { PortError, type PortErrorCode } from '../../services/control/ports/errors.ts';
import { type Random, randomOf } from '../sim/random.ts';
import type { Call } from '../sim/service.ts';
import type { SimWorld } from '../sim/world.ts';
import { faultOf, MAY_BE_PARTIAL, MAY_BE_STALE } from './faults.ts';
import type { Mishap, TroubleKind, TroubleWindow, WorldSpec } from './spec.ts';

/** Less than the time-out of a call. */
const SLOWEST_MS = 9000;
const OLDEST_MS = 60_000;
const STAYS = 0.7;

/** Lets calls go wrong as the world has it. `tell` hears of each that does; of an answer only when it is another one. */
export function createTrouble(
  world: SimWorld,
  { troubles, mishaps, calmAt }: Pick<WorldSpec, 'troubles' | 'mishaps' | 'calmAt'>,
  service: string,
  tell: (fault: string) => void,
): (call: Call, act: () => Promise<unknown>) => Promise<unknown> {
  const random = randomOf(world.seed, 'calls', service);
  const answers = new Map<string, { readonly at: number; readonly answer: unknown }>();
  const counted = new Map<string, number>();
  if (troubles.length + mishaps.length === 0) return (_call, act) => act();
  const isEverStale =
    troubles.some(({ kinds }) => kinds.includes('stale')) || mishaps.some(({ kind }) => kind === 'stale');
  return async (call, act) => {
    const name = `${call.port}.${call.method}`;
    const at = (world.clock.now() - world.startedAt) / 1000;
    const nth = (counted.get(name) ?? 0) + 1;
    counted.set(name, nth);
    const mishap = at < calmAt ? mishapOf(mishaps, name, nth) : undefined;
    const trouble = mishap ?? troubleAt(at, troubles, call, random);
    if (trouble === null) return remember(await act());
    switch (trouble.kind) {
      case 'fails':
        tell(faultOf(name, trouble.code));
        throw new PortError(trouble.code, `${name} (trouble)`);
      case 'actsAndFails':
        tell(faultOf(name, 'actsAndFails'));
        await act();
        throw new PortError('transient', `${name} (acted, timed out)`);
      case 'slow':
        tell(faultOf(name, 'slow'));
        await world.clock.sleep(Math.ceil(random() * SLOWEST_MS));
        return remember(await act());
      case 'stale': {
        const old = MAY_BE_STALE.test(name) ? answers.get(keyOf(call)) : undefined;
        if (old === undefined || world.clock.now() - old.at > OLDEST_MS) return remember(await act());
        tell(faultOf(name, 'stale'));
        return old.answer;
      }
      case 'partial': {
        const answer = await act();
        if (!MAY_BE_PARTIAL.test(name)) return answer;
        const all = answer as readonly unknown[];
        const part = all.filter(() => random() < STAYS);
        if (part.length < all.length) tell(faultOf(name, 'partial'));
        return part;
      }
    }

    function remember(answer: unknown): unknown {
      if (isEverStale && MAY_BE_STALE.test(name)) answers.set(keyOf(call), { at: world.clock.now(), answer });
      return answer;
    }
  };
}

function keyOf({ port, method, args }: Call): string {
  return `${port}.${method} ${String(args[0] ?? '')}`;
}

function mishapOf(mishaps: readonly Mishap[], name: string, count: number): Mishap | undefined {
  return mishaps.find(({ method, nth, times }) => method === name && count >= nth && count < nth + times);
}

function troubleAt(
  at: number,
  windows: readonly TroubleWindow[],
  { port }: Call,
  random: Random,
): { readonly kind: TroubleKind; readonly code: PortErrorCode } | null {
  for (const { from, to, port: only, share, kinds, codes } of windows) {
    if (at < from || at >= to || (only !== null && only !== port) || random() >= share) continue;
    return { kind: pick(random, kinds), code: pick(random, codes) };
  }
  return null;
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}
