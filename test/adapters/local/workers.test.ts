import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeJson } from '../../../services/control/adapters/local/whole-files.ts';
import { isPortError } from '../../../services/control/ports/errors.ts';
import { describeWorkersContract, listUntil } from '../../contracts/workers.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeWorkers } from '../../fakes/fake-workers.ts';
import { killProcesses, localWorld } from './local-world.ts';

describeWorkersContract('fake', () => {
  const clock = new FakeClock();
  return { workers: new FakeWorkers({ clock }), step: async () => clock.advance(10_000) };
});

describeWorkersContract('local', async (t) => {
  const { newWorkers, step } = await worldWithPort(t);
  return { workers: newWorkers(), step };
});

describe('local workers', () => {
  test('cannot be ordered without a farm', async (t) => {
    const { newWorkers } = await localWorld(t);
    await assert.rejects(newWorkers().order('local', ['w-1']), (error) => isPortError(error, 'notFound'));
  });

  test('a name that is no name is refused', async (t) => {
    const { newWorkers } = await worldWithPort(t);
    for (const name of ['../w', '', '.w', 'a/b'])
      await assert.rejects(
        newWorkers().order('local', [name]),
        (error) => isPortError(error, 'invalid'),
        name,
      );
  });

  test('one that ends by itself with an error has failed, and its log is kept when it is forgotten', async (t) => {
    const { newWorkers, step, stateDir } = await worldWithPort(t, 'broken');
    await newWorkers().order('local', ['w-1']);
    const [ended] = await listUntil(newWorkers(), step, ([worker]) => worker?.state === 'ended');
    assert.equal(ended?.outcome, 'failed');
    await newWorkers().remove('w-1');
    const [log = ''] = readdirSync(join(stateDir, 'logs'));
    assert.match(readFileSync(join(stateDir, 'logs', log), 'utf8'), /the stand-in is broken/);
  });

  test('one whose processes were killed without a word ends as preempted, at one time', async (t) => {
    const { newWorkers, step, stateDir } = await worldWithPort(t);
    await newWorkers().order('local', ['w-1']);
    await listUntil(newWorkers(), step, ([worker]) => worker?.state === 'running');
    await killProcesses(stateDir, 'workers', 'w-1');
    const [ended] = await listUntil(newWorkers(), step, ([worker]) => worker?.state === 'ended');
    assert.equal(ended?.outcome, 'preempted');
    await step();
    assert.deepEqual(await newWorkers().list(), [ended]);
  });

  test('a pid that another process has by now is not taken for the worker', async (t) => {
    const { newWorkers, stateDir } = await worldWithPort(t);
    const folder = join(stateDir, 'farm', 'workers', 'w-1');
    await writeJson(join(folder, 'order.json'), {
      command: 'x',
      args: [],
      cwd: folder,
      env: {},
      label: 'local',
      orderedAt: Date.now(),
      deadman: '',
    });
    // This test's own pid, with the start of a process of long ago.
    await writeJson(join(folder, 'process.json'), { pid: process.pid, startMark: 'long ago' });
    await newWorkers().remove('w-1');
    const rest = await newWorkers().list();
    assert.ok(rest.every(({ state }) => state === 'ended'));
  });

  test('one that was ordered by a service that died before starting it is ended, and never starts', async (t) => {
    const { newWorkers, stateDir, advance } = await worldWithPort(t);
    const order = {
      command: 'x',
      args: [],
      cwd: stateDir,
      env: {},
      label: 'local',
      orderedAt: Date.now(),
      deadman: '',
    };
    await writeJson(join(stateDir, 'farm', 'workers', 'w-1', 'order.json'), order);
    assert.deepEqual(
      (await newWorkers().list()).map(({ state }) => state),
      ['waiting'],
    );
    advance(60_000);
    const [ended] = await newWorkers().list();
    assert.deepEqual([ended?.state, ended?.outcome], ['ended', 'failed']);
  });
});

/** Workers only want to know the manager's address; the stand-in does not call it. */
async function worldWithPort(t: { after(fn: () => unknown): void }, behaviour = '') {
  const world = await localWorld(t, { behaviour });
  await writeJson(join(world.stateDir, 'farm', 'manager', 'address.json'), { port: 1 });
  return world;
}
