import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import {
  begin,
  createWorld,
  endTasks,
  HOUR,
  memory,
  pass,
  restart,
  run,
  takeTasks,
  upload,
  type World,
  workOff,
} from './world.ts';

const settings = { chunkSize: 1, video: false };
const farmOf = (of: World) => (of.records.valueAt('status.json') as StatusDocument).farm;

/** Each farm breaks as soon as it is up, for so many passes. */
async function breakEach(of: World, passes: number): Promise<number> {
  const before = of.farm.callsOf('create').length;
  for (let done = 0; done < passes; done += 1) {
    if ((await of.farm.look()).state === 'up') of.farm.breakWith('the control plane is ill');
    await pass(of);
  }
  return of.farm.callsOf('create').length - before;
}

describe('a broken farm', () => {
  test('is made anew after a wait that grows up to half an hour, outlives the service and is stated', async () => {
    const of = createWorld();
    await upload(of, settings);
    await pass(of);
    const first = await breakEach(of, 60);
    assert.equal((await run(of)).reason?.code, 'farmBroken');
    assert.match(farmOf(of).reason ?? '', /control plane is ill; tried again at \d\d:\d\d UTC$/);
    restart(of, 'two');
    const second = await breakEach(of, 60);
    assert.ok(first > second && second >= 1, `${first}, then ${second}`);
    assert.ok((await breakEach(of, 180)) >= 4, 'it is tried for ever');
  });

  test('is forgotten once a worker runs', async () => {
    const of = createWorld();
    await upload(of, settings);
    await pass(of);
    await breakEach(of, 20);
    assert.ok((memory(of).setback?.times ?? 0) >= 2);
    await pass(of, 40);
    await workOff(of);
    assert.deepEqual([(await run(of)).state, memory(of).setback], ['completed', null]);
  });

  test('that cannot even be created is not asked for in each pass', async () => {
    const of = createWorld();
    of.farm.failUntilHealed('quota', 'create');
    await upload(of, settings);
    await pass(of, 60);
    assert.ok(of.farm.callsOf('create').length < 30, `${of.farm.callsOf('create').length} calls`);
    assert.match(farmOf(of).reason ?? '', /quota/);
    of.farm.heal();
    await pass(of, 60);
    assert.equal((await of.manager.jobs()).length, 1);
  });
});

describe('a farm that is degraded but works', () => {
  test('renders on, and its trouble is told', async () => {
    const of = createWorld();
    await begin(of, settings);
    of.farm.trouble = 'the control plane is being repaired';
    await pass(of);
    assert.equal(farmOf(of).reason, 'the control plane is being repaired');
    await workOff(of);
    assert.deepEqual([(await run(of)).state, of.farm.callsOf('delete').length], ['completed', 0]);
  });
});

describe('a farm whose manager does not come', () => {
  test('says what is missing for it', async () => {
    const of = createWorld();
    of.farm.trouble = 'its account needs container.services.proxy';
    await upload(of, settings);
    do await pass(of);
    while (farmOf(of).stage !== 'installing');
    assert.equal(farmOf(of).reason, 'its account needs container.services.proxy');
  });
});

describe('a drain because the budget is spent', () => {
  test('waits for the frame that is being rendered, but not for ever', async () => {
    const of = createWorld({ monthlyBudgetDollars: 0.5, maxFarmMs: 8 * HOUR });
    await begin(of, { ...settings, frameMinutesLimit: 10_000 });
    await takeTasks(of);
    of.clock.advance(HOUR);
    await pass(of, 100);
    assert.equal((await of.farm.look()).state, 'up', 'a frame is being rendered');
    await pass(of, 40);
    assert.equal((await of.farm.look()).state, 'absent', 'a quarter of MAX_FARM_HOURS has passed');
  });

  test('ends with its last frame', async () => {
    const of = createWorld({ monthlyBudgetDollars: 0.5 });
    await begin(of, settings);
    await takeTasks(of);
    of.clock.advance(HOUR);
    await pass(of, 3);
    await endTasks(of);
    await pass(of, 8);
    assert.equal((await of.farm.look()).state, 'absent');
  });
});
