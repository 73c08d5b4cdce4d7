import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerSeen, Workers } from '../../services/control/ports/workers.ts';

interface WorkersWorld {
  readonly workers: Workers;
  /** Lets the world come a bit further. */
  readonly step: () => Promise<void>;
}

const MAX_STEPS = 400;

export function describeWorkersContract(
  name: string,
  makeWorld: (t: { after(fn: () => unknown): void }) => Promise<WorkersWorld> | WorkersWorld,
): void {
  describe(`workers contract: ${name}`, () => {
    test('there are none at first, and removing one that is not there is a success', async (t) => {
      const { workers } = await makeWorld(t);
      assert.deepEqual(await workers.list(), []);
      await workers.remove('w-1');
    });

    test('what was ordered is listed at once and runs after a while; a repeat orders nothing', async (t) => {
      const { workers, step } = await makeWorld(t);
      await workers.order('local', ['w-1', 'w-2']);
      await workers.order('local', ['w-2']);
      const listed = (await workers.list()).map((worker) => [worker.name, worker.pool, worker.outcome]);
      assert.deepEqual(listed.sort(), [
        ['w-1', 'local', null],
        ['w-2', 'local', null],
      ]);
      await listUntil(workers, step, (seen) => seen.every(({ state }) => state === 'running'));
    });

    test('a living worker that is removed ends without having failed, stays listed, and is then forgotten', async (t) => {
      const { workers, step } = await makeWorld(t);
      await workers.order('local', ['w-1']);
      await listUntil(workers, step, ([worker]) => worker?.state === 'running');
      await workers.remove('w-1');
      const [ended] = await listUntil(workers, step, ([worker]) => worker?.state === 'ended');
      assert.ok(ended?.outcome === 'done' || ended?.outcome === 'preempted', `${ended?.outcome}`);
      assert.ok(ended?.endedAt !== null);
      await workers.remove('w-1');
      assert.deepEqual(await workers.list(), []);
    });

    test('a worker that is removed while it boots never runs', async (t) => {
      const { workers, step } = await makeWorld(t);
      await workers.order('local', ['w-1']);
      await workers.remove('w-1');
      const [ended] = await listUntil(workers, step, ([worker]) => worker?.state === 'ended');
      assert.notEqual(ended?.outcome, null);
    });
  });
}

export async function listUntil(
  workers: Workers,
  step: () => Promise<void>,
  isSo: (seen: readonly WorkerSeen[]) => boolean,
): Promise<readonly WorkerSeen[]> {
  let seen = await workers.list();
  for (let steps = 0; steps < MAX_STEPS && !isSo(seen); steps += 1) {
    await step();
    seen = await workers.list();
  }
  assert.ok(isSo(seen), `the workers stay ${JSON.stringify(seen)}`);
  return seen;
}
