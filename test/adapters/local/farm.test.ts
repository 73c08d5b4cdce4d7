import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { findFlamenco } from '../../../services/control/adapters/local/flamenco-programs.ts';
import { startMarkOf } from '../../../services/control/adapters/local/process-table.ts';
import { describeFarmContract, lookUntil } from '../../contracts/farm.ts';
import { listUntil } from '../../contracts/workers.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeFarm } from '../../fakes/fake-farm.ts';
import { killProcesses, localWorld, processesOf, servicesDir } from './local-world.ts';

describeFarmContract('fake', () => {
  const clock = new FakeClock();
  return { farm: new FakeFarm({ clock }), step: async () => clock.advance(10_000) };
});

describeFarmContract('local', async (t) => {
  const { newFarm, step } = await localWorld(t);
  return { farm: newFarm(), step };
});

const isLinux = process.platform === 'linux';

describe('local farm', () => {
  test('a restarted service finds the farm that it had started', async (t) => {
    const { newFarm, step } = await localWorld(t);
    await newFarm().create();
    await newFarm().install();
    const before = await lookUntil(newFarm(), step, isReady);
    await newFarm().install();
    assert.deepEqual(await newFarm().look(), before);
    assert.equal((await newFarm().leftovers()).length, 1);
  });

  test('a manager that was killed is started again on the same port, as another', async (t) => {
    const { newFarm, step, stateDir } = await localWorld(t);
    const farm = newFarm();
    await farm.create();
    await farm.install();
    let before = await lookUntil(farm, step, isReady);
    const killed: string[] = [];
    // Somebody else on this machine may take the port in between: then it gets another one, and is tried again.
    for (const chance of [1, 2, 3]) {
      const name = readdirSync(join(stateDir, 'farm', 'managers')).find((one) => !killed.includes(one)) ?? '';
      killed.push(name);
      await killProcesses(stateDir, 'managers', name);
      await lookUntil(farm, step, (seen) => seen.state === 'up' && seen.manager === 'absent');
      await farm.install();
      const after = await lookUntil(farm, step, isReady);
      assert.ok(before.state === 'up' && after.state === 'up');
      assert.notEqual(after.managerId, before.managerId);
      if (after.managerUrl === before.managerUrl) return;
      assert.ok(chance < 3, `${after.managerUrl} after ${before.managerUrl}`);
      before = after;
    }
  });

  test('the configuration names each Blender, the kit, and nobody but this machine', async (t) => {
    const { newFarm, stateDir } = await localWorld(t);
    await newFarm().create();
    await newFarm().install();
    const folder = join(stateDir, 'farm', 'manager');
    const config = JSON.parse(readFileSync(join(folder, 'flamenco-manager.yaml'), 'utf8'));
    assert.match(config.listen, /^127\.0\.0\.1:\d+$/);
    assert.deepEqual(Object.keys(config.variables).sort(), [
      'blender',
      'blender-4.5.3',
      'tablao-kit',
      'tablao-run',
    ]);
    assert.ok(existsSync(join(folder, 'scripts', 'tablao_render.js')));
  });

  test('a manager that ends as soon as it starts makes the farm broken, with its last words', async (t) => {
    const { newFarm, step } = await localWorld(t, { behaviour: 'broken' });
    const farm = newFarm();
    await farm.create();
    for (let starts = 0; starts < 3; starts += 1) {
      await farm.install();
      await lookUntil(
        farm,
        step,
        (seen) => seen.state === 'broken' || (seen.state === 'up' && seen.manager === 'absent'),
      );
    }
    const seen = await farm.look();
    assert.ok(seen.state === 'broken');
    assert.match(seen.message, /the stand-in is broken/);
    await farm.delete();
    await lookUntil(farm, step, ({ state }) => state === 'absent');
  });

  test('deleting ends the workers first, then the manager, then removes every trace', async (t) => {
    const { newFarm, newWorkers, step, stateDir } = await localWorld(t);
    const farm = newFarm();
    await farm.create();
    await farm.install();
    await lookUntil(farm, step, isReady);
    await newWorkers().order('local', ['w-1', 'w-2']);
    await listUntil(newWorkers(), step, (seen) => seen.every(({ state }) => state === 'running'));
    await farm.delete();
    // From here on a service that was started anew only looks.
    await lookUntil(newFarm(), step, ({ state }) => state === 'absent');
    assert.deepEqual(
      readdirSync(stateDir).filter((name) => name.startsWith('farm')),
      [],
    );
    assert.deepEqual(await newWorkers().list(), []);
  });

  test('what does not hear is killed, with all that it started elsewhere', { skip: !isLinux }, async (t) => {
    const { newFarm, newWorkers, step, advance, stateDir } = await localWorld(t, { behaviour: 'stubborn' });
    const farm = newFarm();
    await farm.create();
    await farm.install();
    await lookUntil(farm, step, isReady);
    await newWorkers().order('local', ['w-1']);
    await untilCount(() => processesOf(stateDir, 'workers', 'w-1'), 3, step);
    await farm.delete();
    await step();
    assert.equal((await farm.look()).state, 'deleting');
    const isGone = async () => {
      advance(1000);
      await step();
    };
    const marked = await processesOf(stateDir, 'workers', 'w-1');
    await lookUntil(farm, isGone, ({ state }) => state === 'absent');
    for (const pid of marked) assert.equal(await startMarkOf(pid), null);
  });

  test('runs with flamenco-lite where no Flamenco is at hand', async (t) => {
    const lite = { env: {}, platform: process.platform, flamencoDir: null, servicesDir };
    const programs = await findFlamenco(lite);
    assert.deepEqual([programs.manager.kind, programs.worker.kind], ['lite', 'lite']);
    if (!programs.manager.args.every((script) => existsSync(script)))
      return t.skip('flamenco-lite is not there yet');
    const { newFarm, newWorkers, step } = await localWorld(t, { programs });
    const farm = newFarm();
    await farm.create();
    await farm.install();
    const ready = await lookUntil(farm, step, isReady);
    assert.ok(ready.state === 'up');
    await newWorkers().order('local', ['w-1']);
    const url = `${ready.managerUrl}/api/v3/worker-mgt/workers`;
    await untilCount(() => workersOf(url), 1, step);
    await newWorkers().remove('w-1');
    const [ended] = await listUntil(newWorkers(), step, ([worker]) => worker?.state === 'ended');
    assert.equal(ended?.outcome, 'done');
    await farm.delete();
    await lookUntil(farm, step, ({ state }) => state === 'absent');
  });
});

function isReady(seen: Awaited<ReturnType<FakeFarm['look']>>): boolean {
  return seen.state === 'up' && seen.manager === 'ready';
}

async function workersOf(url: string): Promise<readonly unknown[]> {
  const answer = await (await fetch(url)).json();
  return z.object({ workers: z.array(z.unknown()) }).parse(answer).workers;
}

async function untilCount(
  list: () => Promise<readonly unknown[]>,
  count: number,
  step: () => Promise<void>,
): Promise<void> {
  for (let steps = 0; steps < 400; steps += 1) {
    if ((await list()).length === count) return;
    await step();
  }
  assert.fail(`${(await list()).length} instead of ${count}`);
}
