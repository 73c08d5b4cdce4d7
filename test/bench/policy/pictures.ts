import type { EpochMs } from '../../../services/control/core/time.ts';
import type { SimWorld } from '../../sim/world.ts';

/** The pictures of each shot, from now on. */
export class Pictures {
  readonly #paths = new Map<string, Set<string>>();
  readonly #lastAt = new Map<string, EpochMs>();

  constructor({ renders, clock }: Pick<SimWorld, 'renders' | 'clock'>) {
    renders.onPicture = (path) => {
      const shot = path.split('/v')[0] ?? '';
      const paths = this.#paths.get(shot) ?? new Set();
      // One that is rendered again counts once.
      this.#paths.set(shot, paths.add(path));
      this.#lastAt.set(shot, clock.now());
    };
  }

  countOf(shot: string): number {
    return this.#paths.get(shot)?.size ?? 0;
  }

  /** When the last one came. */
  lastAt(shot: string): EpochMs | undefined {
    return this.#lastAt.get(shot);
  }
}
