import { PortError, type PortErrorCode } from '../../services/control/ports/errors.ts';
import { type Random, randomOf } from '../sim/random.ts';
import type { Call } from '../sim/service.ts';
import type { SimWorld } from '../sim/world.ts';
import type { TroubleKind, TroubleWindow } from './spec.ts';

/** Less than the time-out of a call. */
const SLOWEST_MS = 9000;
/** Answers that may be a little old. Our own records, the lease and the workers never are, by the contracts of their ports. */
const MAY_BE_STALE =
  /^(farm\.(look|leftovers)|manager\.(jobs|tasks|workers)|scenes\.(list|look)|renders\.list)$/;
const OLDEST_MS = 60_000;
/** Lists of which something may be missing; the others say all, or fail (ports). */
const MAY_BE_PARTIAL = /^(scenes\.list|renders\.list)$/;
const STAYS = 0.7;

/** Lets calls go wrong as the world has it. `tell` hears of each that does. */
export function createTrouble(
  world: SimWorld,
  windows: readonly TroubleWindow[],
  service: string,
  tell: (what: string) => void,
): (call: Call, act: () => Promise<unknown>) => Promise<unknown> {
  const random = randomOf(world.seed, 'calls', service);
  const answers = new Map<string, { readonly at: number; readonly answer: unknown }>();
  if (windows.length === 0) return (_call, act) => act();
  const isEverStale = windows.some(({ kinds }) => kinds.includes('stale'));
  return async (call, act) => {
    const name = `${call.port}.${call.method}`;
    const trouble = troubleNow(world, windows, call, random);
    if (trouble === null) return remember(await act());
    tell(`${name} ${trouble.kind}${trouble.kind.endsWith('ails') ? ` ${trouble.code}` : ''}`);
    switch (trouble.kind) {
      case 'fails':
        throw new PortError(trouble.code, `${name} (trouble)`);
      case 'actsAndFails':
        await act();
        throw new PortError('transient', `${name} (acted, timed out)`);
      case 'slow':
        await world.clock.sleep(Math.ceil(random() * SLOWEST_MS));
        return remember(await act());
      case 'stale': {
        const old = MAY_BE_STALE.test(name) ? answers.get(keyOf(call)) : undefined;
        if (old !== undefined && world.clock.now() - old.at <= OLDEST_MS) return old.answer;
        return remember(await act());
      }
      case 'partial': {
        const answer = await act();
        if (!MAY_BE_PARTIAL.test(name)) return answer;
        return (answer as readonly unknown[]).filter(() => random() < STAYS);
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

function troubleNow(
  { clock, startedAt }: SimWorld,
  windows: readonly TroubleWindow[],
  { port }: Call,
  random: Random,
): { readonly kind: TroubleKind; readonly code: PortErrorCode } | null {
  const at = (clock.now() - startedAt) / 1000;
  for (const { from, to, port: only, share, kinds, codes } of windows) {
    if (at < from || at >= to || (only !== null && only !== port) || random() >= share) continue;
    return { kind: pick(random, kinds), code: pick(random, codes) };
  }
  return null;
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}
