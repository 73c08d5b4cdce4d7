import type { EpochMs } from '../../services/control/core/time.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import type { Lease, LeaseHeld } from '../../services/control/ports/lease.ts';
import { Fake } from './fake.ts';

interface Held extends LeaseHeld {
  readonly holder: string;
}

/** A lease in memory, by the test's clock. */
export class FakeLease extends Fake<Lease> implements Lease {
  readonly #clock: { now(): EpochMs };
  #held: Held | null = null;
  #fence = 0;

  constructor({ clock }: { readonly clock: { now(): EpochMs } }) {
    super();
    this.#clock = clock;
  }

  acquire(holder: string, durationMs: number): Promise<LeaseHeld | null> {
    return this.answer('acquire', [holder, durationMs], () => {
      const isTaken = this.#held !== null && this.#held.until > this.#clock.now();
      if (isTaken && this.#held?.holder !== holder) return null;
      return this.#grant(holder, durationMs);
    });
  }

  renew(held: LeaseHeld, durationMs: number): Promise<LeaseHeld> {
    return this.answer('renew', [held, durationMs], () => {
      if (this.#held?.fence !== held.fence) throw new PortError('conflict', 'renewing the lease');
      return this.#grant(this.#held.holder, durationMs);
    });
  }

  release(held: LeaseHeld): Promise<void> {
    return this.answer('release', [held], () => {
      if (this.#held?.fence === held.fence) this.#held = null;
    });
  }

  /** Somebody else holds it from now on, whoever held it before. */
  steal(holder: string, durationMs: number): void {
    this.#grant(holder, durationMs);
  }

  #grant(holder: string, durationMs: number): LeaseHeld {
    this.#fence += 1;
    this.#held = { holder, fence: String(this.#fence), until: this.#clock.now() + durationMs };
    return { fence: this.#held.fence, until: this.#held.until };
  }
}
