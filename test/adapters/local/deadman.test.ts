import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pushDeadman, watchDeadman } from '../../../services/control/adapters/local/deadman.ts';
import { lookUntil } from '../../contracts/farm.ts';
import { listUntil } from '../../contracts/workers.ts';
import { localWorld, processesOf } from './local-world.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SHORT_MS = 500;

describe("the dead-man's switch", () => {
  test('goes off when nobody pushes it, and not before', async (t) => {
    const file = join(temporaryFolder(t), 'deadman.json');
    await pushDeadman(file, 0, SHORT_MS);
    let isDead = false;
    watchDeadman(file, () => {
      isDead = true;
    });
    for (let push = 1; push <= 12; push += 1) {
      await pause(SHORT_MS / 6);
      await pushDeadman(file, push, SHORT_MS);
      assert.equal(isDead, false, `after ${push} pushes`);
    }
    for (let waits = 0; waits < 100 && !isDead; waits += 1) await pause(SHORT_MS / 10);
    assert.ok(isDead);
  });

  test('ends manager and workers by themselves; a service that comes later finds them gone', async (t) => {
    const { newFarm, newWorkers, step, stateDir } = await localWorld(t, { deadmanMs: SHORT_MS * 4 });
    const farm = newFarm();
    await farm.create();
    await farm.install();
    await lookUntil(farm, step, (seen) => seen.state === 'up' && seen.manager === 'ready');
    await newWorkers().order('local', ['w-1']);
    // Restarted services push on what they find.
    for (let pushes = 0; pushes < 12; pushes += 1) {
      await newFarm().pushDeadman();
      await pause(SHORT_MS / 2);
    }
    const living = await newWorkers().list();
    assert.deepEqual(
      living.map(({ state }) => state),
      ['running'],
    );
    const [manager = ''] = readdirSync(join(stateDir, 'farm', 'managers'));
    const isGone = async () =>
      (await processesOf(stateDir, 'managers', manager)).length +
        (await processesOf(stateDir, 'workers', 'w-1')).length ===
      0;
    for (let waits = 0; waits < 100 && !(await isGone()); waits += 1) await pause(SHORT_MS / 5);
    assert.ok(await isGone());
    const [ended] = await listUntil(newWorkers(), step, ([worker]) => worker?.state === 'ended');
    assert.equal(ended?.outcome, 'done');
    assert.match(
      readFileSync(join(stateDir, 'farm', 'workers', 'w-1', 'log.txt'), 'utf8'),
      /dead-man's switch/,
    );
    await lookUntil(newFarm(), step, (seen) => seen.state === 'up' && seen.manager === 'absent');
  });

  test('is left alone by a farm that is not there or is being deleted', async (t) => {
    const { newFarm, stateDir } = await localWorld(t);
    await newFarm().pushDeadman();
    assert.equal(existsSync(join(stateDir, 'farm')), false);
  });
});
