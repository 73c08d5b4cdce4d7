import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';
import {
  begin,
  command,
  createWorld,
  endTasks,
  HOUR,
  MINUTE,
  memory,
  POOL,
  pass,
  putFrame,
  restart,
  run,
  takeTasks,
  type World,
  workOff,
} from './world.ts';

const settings = { chunkSize: 1, video: false };

function told(of: World): RunStatus {
  const [first] = (of.records.valueAt('status.json') as StatusDocument).runs;
  if (first === undefined) throw new Error('no run is told of');
  return first;
}

describe('the dollars of a run', () => {
  test('are no band while nothing is known, the forecast while nobody works, and what it cost once it has ended', async () => {
    const of = createWorld();
    await begin(of, settings);
    const { soFar, ...unknown } = told(of).dollars;
    assert.deepEqual(unknown, { p10: null, p50: null, p90: null });
    assert.equal(soFar, (await run(of)).dollars);
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 3600 });
    await pass(of);
    const { dollars } = told(of);
    // 20 frames are left of 24, an hour each, on 4 workers at $0.20 and a farm at $0.20; loading and release are a little more.
    const rest = 20 * 0.2 + (20 / 4) * 0.2;
    const forecast = (dollars.p50 ?? 0) - dollars.soFar;
    assert.ok(forecast > rest && forecast < rest * 1.05, JSON.stringify(dollars));
    assert.ok((dollars.p10 ?? 0) <= (dollars.p50 ?? 0) && (dollars.p50 ?? 0) <= (dollars.p90 ?? 0));
    await workOff(of, 3600);
    const end = told(of).dollars;
    assert.deepEqual(end, { soFar: end.soFar, p10: end.soFar, p50: end.soFar, p90: end.soFar });
  });
});

/** Four frames of 24 have come out, ten minutes each. */
async function withFrames(of: World): Promise<void> {
  await begin(of, settings);
  await takeTasks(of);
  await pass(of);
  await endTasks(of, { seconds: 600 });
  await pass(of);
}

describe('what is forecast of a run', () => {
  const p50 = (of: World) => told(of).etaSeconds?.p50 ?? 0;
  const rest = (of: World) => (told(of).dollars.p50 ?? 0) - told(of).dollars.soFar;

  test('counts with no more workers than the quotas leave', async () => {
    const of = createWorld();
    of.farm.limits = [{ pool: 'p', variant: null, workers: 1, message: 'one is left' }];
    await withFrames(of);
    assert.equal(told(of).frames.done, 1);
    assert.ok(p50(of) > 23 * 600, `${p50(of)} s for 23 frames of 600 s on one worker`);
    of.farm.limits = [{ pool: 'p', variant: null, workers: 0, message: 'none is left' }];
    await pass(of, 6);
    for (const { name } of await of.workers.list()) of.workers.end(name, 'preempted');
    await pass(of, 2);
    assert.equal(told(of).etaSeconds, null);
    assert.deepEqual(told(of).dollars, { soFar: told(of).dollars.soFar, p10: null, p50: null, p90: null });
  });

  test('does not count for long on those that wait for a machine in vain', async () => {
    const of = createWorld();
    of.workers.capacity = 1;
    await withFrames(of);
    const atFirst = p50(of);
    assert.ok(atFirst < 8 * 600, `${atFirst} s for 23 frames of 600 s with three more to come at once`);
    for (let frames = 0; frames < 6; frames += 1) {
      await takeTasks(of);
      await pass(of, 10);
      await endTasks(of, { seconds: 600 });
    }
    await pass(of);
    const left = 24 - told(of).frames.done;
    // An hour more, in which one renders six; then four of them the others.
    const likely = 3600 + Math.ceil((left - 6) / 4) * 600;
    assert.ok(p50(of) > 0.9 * likely && p50(of) < 1.2 * likely, `${p50(of)} s, about ${likely} s`);
    for (let frames = left; frames > 4; frames -= 1) {
      await takeTasks(of);
      await pass(of, 10);
      await endTasks(of, { seconds: 600 });
    }
    await pass(of);
    // All is done before they are likely to have one, and they will not be paid: four frames of ten minutes on one worker.
    const dollars = 4 * (600 / 3600) * (0.2 + 0.2);
    assert.ok(rest(of) > 0.9 * dollars && rest(of) < 1.3 * dollars, `$${rest(of)}, about $${dollars}`);
  });

  test('leaves out what an earlier attempt at a task has delivered, while it waits and while it runs again', async () => {
    const of = createWorld({ pools: [{ ...POOL, max: 1 }] });
    await begin(of, { ...settings, frames: '1-8', chunkSize: 4 });
    await takeTasks(of);
    await pass(of);
    const { id } = await run(of);
    const [first] = of.manager.tasksOf((await of.manager.jobs())[0]?.id ?? '');
    for (const frame of [1, 2, 3])
      await putFrame(of, { frame, run: id, worker: 'w', seconds: 600, isBad: false });
    of.manager.setTask(first?.id ?? '', { stepsCompleted: 3 });
    await pass(of);
    assert.equal((await run(of)).proved, '1-3');
    of.manager.setTask(first?.id ?? '', { status: 'queued', stepsCompleted: 0, workerId: null });
    await pass(of);
    assert.ok(p50(of) > 0.8 * 5 * 600 && p50(of) < 1.2 * 5 * 600, `${p50(of)} s for five frames of 600 s`);
    await takeTasks(of);
    await pass(of);
    assert.ok(p50(of) > 0.8 * 5 * 600 && p50(of) < 1.2 * 5 * 600, `${p50(of)} s for five frames of 600 s`);
  });

  test('is by the work that is left where the queue is too long to be handed out task by task', async () => {
    const of = createWorld();
    await begin(of, { ...settings, frames: '1-25000' });
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 600 });
    await pass(of);
    const { done } = told(of).frames;
    const each = ((25_000 - done) * 600) / 4;
    assert.ok(p50(of) > 0.98 * each && p50(of) < 1.05 * each, `${p50(of)} s, about ${each} s`);
    const dollars = (25_000 - done) * (600 / 3600) * (0.2 + 0.2 / 4);
    assert.ok(rest(of) > 0.98 * dollars && rest(of) < 1.05 * dollars, `$${rest(of)}, about $${dollars}`);
  });

  test('is a sum also when all that it has begun was lost with its machines', async () => {
    const of = createWorld();
    await begin(of, settings);
    const like = { version: 1, seconds: 600, spread: 0.1, loadSeconds: 5 };
    const before = await run(of);
    await of.records.overwrite(`runs/${before.id}.json`, { ...before, like });
    restart(of, 'two');
    await pass(of);
    await takeTasks(of);
    await pass(of, 3);
    const dollars = rest(of);
    for (const { name } of await of.workers.list()) of.workers.end(name, 'preempted');
    await pass(of);
    const { lost, rendering } = memory(of).costs[before.id] ?? {};
    assert.ok(rendering === 0 && (lost ?? 0) > 0, `$${rendering} rendered, $${lost} lost`);
    assert.ok(rest(of) > dollars && rest(of) < 3 * dollars, `$${rest(of)} after $${dollars}`);
  });

  test('has the price of the machines that are used, not of those that were wanted', async () => {
    const variant = (name: string, pricePerHour: number) => ({
      ...{ name, pricePerHour, isSpot: true, onDemandPricePerHour: null },
    });
    const pools = [{ ...POOL, variants: [variant('cheap', 0.2), variant('dear', 2)] }] as const;
    const of = createWorld({ pools });
    of.farm.limits = [{ pool: 'p', variant: 'cheap', workers: 0, message: 'none is left' }];
    await withFrames(of);
    const hours = (20 * 600) / 3600;
    assert.ok(rest(of) > hours * 2, `$${rest(of)} for ${hours} worker-hours at $2`);
  });

  test('does not believe in frames that took less than nothing, or for ever', async () => {
    for (const seconds of [-1000, 1e308]) {
      const of = createWorld();
      await begin(of, settings);
      await takeTasks(of);
      await pass(of);
      await endTasks(of, { seconds });
      await pass(of);
      assert.equal(told(of).frames.done, 4, 'they are there all the same');
      assert.equal((await run(of)).times.frames, 0);
      assert.equal(told(of).dollars.p50, null);
    }
  });

  test('while a farm is tried again later: the wait, and all frames that are not there', async () => {
    const of = createWorld({ droughtMs: 5 * MINUTE });
    await withFrames(of);
    const [seconds, dollars] = [p50(of), rest(of)];
    of.workers.without.set(null, 'FailedScaleUp: GCE out of resources');
    for (const { name } of await of.workers.list()) of.workers.end(name, 'preempted');
    for (let passes = 0; memory(of).setback === null && passes < 30; passes += 1) await pass(of);
    await pass(of, 3);
    assert.equal(told(of).frames.done, 4);
    const waits = ((memory(of).setback?.until ?? 0) - of.clock.now()) / 1000;
    assert.ok(waits > 5 * 60, `${waits} s`);
    assert.ok(p50(of) > seconds + waits, `${p50(of)} s, ${seconds} s before, and ${waits} s until then`);
    assert.ok(rest(of) > dollars && rest(of) < dollars * 1.2, `$${rest(of)}, $${dollars} before`);
  });

  test('is nothing while its job is paused by a person, and the same again afterwards', async () => {
    const of = createWorld();
    await withFrames(of);
    const before = p50(of);
    const [job] = await of.manager.jobs();
    await of.manager.setJobStatus(job?.id ?? '', 'pause-requested', 'test');
    await pass(of, 2);
    assert.equal(told(of).reason?.code, 'pausedElsewhere');
    assert.equal(told(of).etaSeconds, null);
    assert.equal(told(of).dollars.p50, null);
    await of.manager.setJobStatus(job?.id ?? '', 'requeueing', 'test');
    await pass(of, 6);
    assert.ok(p50(of) >= before * 0.9, `${p50(of)} s, ${before} s before`);
  });
});

describe('a deadline that has passed', () => {
  test('is said in a sentence, with an estimate or without, and not of a run that was cancelled', async () => {
    const of = createWorld();
    await begin(of, { ...settings, finishBy: new Date(of.clock.now() - HOUR).toISOString() });
    assert.match((await run(of)).warnings[0] ?? '', /^finishBy passed 1 h \d+ min ago\.$/);
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 600 });
    await pass(of);
    assert.match((await run(of)).warnings[0] ?? '', /^finishBy passed 1 h \d+ min ago; about \d+ min are/);
    assert.equal((await run(of)).warnings.length, 1);
    await command(of, { kind: 'cancel', runId: (await run(of)).id });
    await pass(of);
    assert.deepEqual([(await run(of)).state, (await run(of)).warnings], ['cancelled', []]);
  });
});
