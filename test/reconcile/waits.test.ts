import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  begin,
  createWorld,
  endTasks,
  memory,
  pass,
  restart,
  run,
  takeTasks,
  upload,
  type World,
  workOff,
} from './world.ts';

const stateOf = async (of: World) => {
  const { state, reason } = await run(of);
  return [state, reason?.code];
};

/** All frames are rendered, and their job has ended. */
async function renderAll(of: World): Promise<void> {
  for (let go = 0; go < 10; go += 1) {
    await takeTasks(of);
    await pass(of);
    await endTasks(of);
  }
}

describe('a run whose job has ended', () => {
  test('says that it waits for its inputs to be compared, and orders nobody meanwhile', async () => {
    const of = createWorld();
    await begin(of);
    of.scenes.failUntilHealed('transient');
    await renderAll(of);
    await pass(of, 3);
    assert.deepEqual(await stateOf(of), ['rendering', 'proving']);
    of.scenes.heal();
    await pass(of, 2);
    assert.deepEqual(await stateOf(of), ['completed', 'proved']);
  });

  test('says that it waits for its frames to be seen', async () => {
    const of = createWorld();
    await begin(of);
    of.renders.failUntilHealed('transient', 'list');
    await renderAll(of);
    await pass(of, 3);
    assert.deepEqual(await stateOf(of), ['rendering', 'proving']);
    of.renders.heal();
    await pass(of, 3);
    assert.deepEqual(await stateOf(of), ['completed', 'proved']);
  });

  test('is not complete without a frame that was there and is gone', async () => {
    const of = createWorld();
    await begin(of);
    of.scenes.failUntilHealed('transient');
    await renderAll(of);
    await pass(of, 2);
    assert.equal((await run(of)).proved, '1-24');
    of.renders.remove('film/sh010/v001/tablao_0007.png');
    of.scenes.heal();
    await pass(of, 2);
    assert.deepEqual([(await run(of)).state, (await run(of)).proved], ['queued', '1-6,8-24']);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('is looked at as a whole before the budget sends it back to wait', async () => {
    const of = createWorld({ monthlyBudgetDollars: 0.5 });
    await begin(of);
    of.renders.failUntilHealed('transient', 'list');
    await renderAll(of);
    of.clock.advance(4 * 60 * 60_000);
    await pass(of, 3);
    assert.ok(memory(of).ledger.thisMonth > 0.5);
    of.renders.heal();
    await pass(of, 3);
    assert.deepEqual(await stateOf(of), ['completed', 'proved']);
  });
});

describe('a run whose job was paused in Flamenco', () => {
  test('says so, and goes on when it is set going again', async () => {
    const of = createWorld();
    await begin(of);
    const [job] = await of.manager.jobs();
    await takeTasks(of);
    await pass(of);
    await of.manager.setJobStatus(job?.id ?? '', 'pause-requested', 'by hand');
    await endTasks(of);
    await pass(of, 2);
    assert.deepEqual(await stateOf(of), ['rendering', 'pausedElsewhere']);
    await of.manager.setJobStatus(job?.id ?? '', 'requeueing', 'by hand');
    await pass(of, 2);
    assert.deepEqual(await stateOf(of), ['rendering', undefined]);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });
});

describe('a run that waits', () => {
  test('has waited since the same moment after a restart, although its inputs are read anew then', async () => {
    const of = createWorld({ blenders: [{ version: '2.93.1', hasDenoiser: true, devices: [] }] });
    await upload(of);
    await pass(of, 3);
    assert.deepEqual(await stateOf(of), ['waiting', 'needsBlender']);
    const { stateSince } = await run(of);
    restart(of, 'two');
    of.scenes.failUntilHealed('transient', 'look');
    await pass(of, 2);
    assert.deepEqual(await stateOf(of), ['waiting', 'needsBlender'], 'and for the same');
    of.scenes.heal();
    await pass(of, 2);
    assert.equal((await run(of)).stateSince, stateSince);
  });
});
