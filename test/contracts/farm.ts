import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPortError } from '../../services/control/ports/errors.ts';
import type { Farm, FarmSeen } from '../../services/control/ports/farm.ts';

interface FarmWorld {
  readonly farm: Farm;
  /** Lets the world come a bit further. */
  readonly step: () => Promise<void>;
}

const MAX_STEPS = 400;

export function describeFarmContract(
  name: string,
  makeWorld: (t: { after(fn: () => unknown): void }) => Promise<FarmWorld> | FarmWorld,
): void {
  describe(`farm contract: ${name}`, () => {
    test('no farm is absent, has no leftovers, and can be deleted', async (t) => {
      const { farm } = await makeWorld(t);
      assert.deepEqual(await farm.look(), { state: 'absent' });
      assert.deepEqual(await farm.leftovers(), []);
      await farm.delete();
      await farm.pushDeadman();
      assert.deepEqual(await farm.look(), { state: 'absent' });
    });

    test('a manager can only be installed on a farm that is up', async (t) => {
      const { farm } = await makeWorld(t);
      await assert.rejects(farm.install(), (error) => isPortError(error, 'notFound', 'transient'));
    });

    test('comes up, gets ready and goes, and every step may be asked for twice', async (t) => {
      const { farm, step } = await makeWorld(t);
      const until = async (isSo: (seen: FarmSeen) => boolean) => lookUntil(farm, step, isSo);

      await farm.create();
      await farm.create();
      const up = await until((seen) => seen.state === 'up');
      assert.ok(up.state === 'up' && up.manager === 'absent' && up.managerUrl === null);

      await farm.install();
      await farm.install();
      const ready = await until((seen) => seen.state === 'up' && seen.manager === 'ready');
      assert.ok(ready.state === 'up' && ready.managerUrl !== null && ready.managerId !== null);
      await farm.install();
      await farm.pushDeadman();
      assert.deepEqual(await farm.look(), ready);

      await farm.delete();
      await farm.delete();
      await until((seen) => seen.state === 'absent');
      assert.deepEqual(await farm.leftovers(), []);
    });

    test('a new farm can be created after one was deleted', async (t) => {
      const { farm, step } = await makeWorld(t);
      await farm.create();
      await farm.delete();
      await lookUntil(farm, step, (seen) => seen.state === 'absent');
      await farm.create();
      await lookUntil(farm, step, (seen) => seen.state === 'up');
    });
  });
}

export async function lookUntil(
  farm: Farm,
  step: () => Promise<void>,
  isSo: (seen: FarmSeen) => boolean,
): Promise<FarmSeen> {
  let seen = await farm.look();
  for (let steps = 0; steps < MAX_STEPS && !isSo(seen); steps += 1) {
    await step();
    seen = await farm.look();
  }
  assert.ok(isSo(seen), `the farm stays ${JSON.stringify(seen)}`);
  return seen;
}
