import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPortError } from '../../services/control/ports/errors.ts';
import type { Lease } from '../../services/control/ports/lease.ts';

interface LeaseWorld {
  readonly lease: Lease;
  /** Lets time pass by the storage's clock and the caller's. */
  readonly advance: (ms: number) => void;
  readonly now: () => number;
}

const DURATION_MS = 30_000;

export function describeLeaseContract(
  name: string,
  makeWorld: (t: { after(fn: () => unknown): void }) => Promise<LeaseWorld> | LeaseWorld,
): void {
  describe(`lease contract: ${name}`, () => {
    test('gives a free lease, and to no one else while it is held', async (t) => {
      const { lease, now } = await makeWorld(t);
      const held = await lease.acquire('first', DURATION_MS);
      assert.ok(held !== null && held.until <= now() + DURATION_MS);
      assert.equal(await lease.acquire('second', DURATION_MS), null);
    });

    test('lets its holder take it again, under another fence', async (t) => {
      const { lease } = await makeWorld(t);
      const held = await lease.acquire('first', DURATION_MS);
      const again = await lease.acquire('first', DURATION_MS);
      assert.ok(held !== null && again !== null);
      assert.notEqual(again.fence, held.fence);
    });

    test('lets the next one in once it has expired, not a moment before', async (t) => {
      const { lease, advance } = await makeWorld(t);
      await lease.acquire('first', DURATION_MS);
      advance(DURATION_MS - 1000);
      assert.equal(await lease.acquire('second', DURATION_MS), null);
      advance(1001);
      assert.notEqual(await lease.acquire('second', DURATION_MS), null);
    });

    test('renewing extends it', async (t) => {
      const { lease, advance } = await makeWorld(t);
      const held = await lease.acquire('first', DURATION_MS);
      assert.ok(held !== null);
      advance(20_000);
      const renewed = await lease.renew(held, DURATION_MS);
      assert.ok(renewed.until > held.until);
      advance(20_000);
      assert.equal(await lease.acquire('second', DURATION_MS), null);
    });

    test('renewing a lease that was lost is a conflict', async (t) => {
      const { lease, advance } = await makeWorld(t);
      const held = await lease.acquire('first', DURATION_MS);
      assert.ok(held !== null);
      advance(DURATION_MS + 1000);
      await lease.acquire('second', DURATION_MS);
      await assert.rejects(lease.renew(held, DURATION_MS), (error) => isPortError(error, 'conflict'));
    });

    test('a lease that was given back is free at once', async (t) => {
      const { lease } = await makeWorld(t);
      const held = await lease.acquire('first', DURATION_MS);
      assert.ok(held !== null);
      await lease.release(held);
      assert.notEqual(await lease.acquire('second', DURATION_MS), null);
    });

    test('giving back a lease that was lost leaves its new holder alone', async (t) => {
      const { lease, advance } = await makeWorld(t);
      const held = await lease.acquire('first', DURATION_MS);
      assert.ok(held !== null);
      advance(DURATION_MS + 1000);
      const second = await lease.acquire('second', DURATION_MS);
      assert.ok(second !== null);
      await lease.release(held);
      assert.equal(await lease.acquire('third', DURATION_MS), null);
      await lease.renew(second, DURATION_MS);
    });

    test('of many who ask at once one gets it', async (t) => {
      const { lease } = await makeWorld(t);
      const asked = Array.from({ length: 8 }, (_, index) => lease.acquire(`holder-${index}`, DURATION_MS));
      const results = await Promise.allSettled(asked);
      const granted = results.filter((result) => result.status === 'fulfilled' && result.value !== null);
      assert.equal(granted.length, 1);
    });
  });
}
