import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rendersFolder } from '../../services/control/core/run.ts';
import { allTasks, begin, createWorld, MINUTE, pass, run, takeTasks, type World } from './world.ts';

const PNG = new Uint8Array([
  ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  ...[0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82],
]);

async function record(
  of: World,
  frame: number,
  state: 'rendering' | 'done',
  startedAt: string,
  attempt = 1,
  seconds = 1,
): Promise<void> {
  const now = await run(of);
  const name = String(frame).padStart(4, '0');
  const folder = rendersFolder(now);
  if (state === 'done') of.renders.put(`${folder}/tablao_${name}.png`, PNG);
  const value = { schema: 1, frame, run: now.id, state, attempt, worker: 'w', seconds, startedAt };
  of.renders.put(`${folder}/records/${name}.json`, JSON.stringify(value));
}

/** Until the only task is at work and nothing is heard of it for longer than the limit. */
async function standStill(of: World): Promise<void> {
  await takeTasks(of);
  await pass(of, 8);
}

/** After how many minutes each attempt at frame 1 is taken from its worker, to the nearest ten. */
async function minutesOfAttempts(of: World): Promise<readonly number[]> {
  const minutes: number[] = [];
  for (const attempt of [1, 2, 3]) {
    for (let tries = 0; attempt > 1 && tries < 10 && (await takeTasks(of)) === 0; tries += 1) await pass(of);
    await record(of, 1, 'rendering', '2026-01-01T00:00:01Z', attempt);
    const from = of.clock.now();
    const isCounted = async () => (await run(of)).troubles[0]?.attempts === attempt;
    for (let passes = 0; passes < 400 && !(await isCounted()); passes += 1) await pass(of);
    minutes.push(Math.round((of.clock.now() - from) / MINUTE / 10) * 10);
  }
  return minutes;
}

describe('what hangs', () => {
  test('is the frame that was begun last, in whatever order its chunk is rendered', async () => {
    const of = createWorld();
    await begin(of, { frames: '1-6', chunkSize: 6, frameMinutesLimit: 5, video: false });
    // Frame 2 broke before and goes last; of 4 an earlier attempt has left its traces.
    for (const frame of [1, 3, 5, 6]) await record(of, frame, 'done', '2026-01-01T00:00:01Z');
    await record(of, 4, 'rendering', '2026-01-01T00:00:02Z');
    await record(of, 2, 'rendering', '2026-01-01T00:00:03Z');
    await standStill(of);
    const { troubles, proved } = await run(of);
    assert.deepEqual(
      troubles.map(({ frame, attempts, message, workers }) => ({ frame, attempts, message, workers })),
      [{ frame: 2, attempts: 1, message: 'it stood still for 5 minutes', workers: ['w'] }],
    );
    assert.equal(proved, '1,3,5-6');
    assert.deepEqual(
      (await allTasks(of)).map(({ status }) => status),
      ['queued'],
    );
  });

  test('is closed when all its frames are there, and no frame is blamed', async () => {
    const of = createWorld();
    await begin(of, { frames: '1-2', chunkSize: 2, frameMinutesLimit: 5, video: false });
    for (const frame of [1, 2]) await record(of, frame, 'done', '2026-01-01T00:00:01Z');
    await standStill(of);
    assert.equal((await run(of)).state, 'completed');
    assert.deepEqual((await run(of)).troubles, []);
  });

  test('is taken away only as it was seen: somebody else may have its task in hand by now', async () => {
    const of = createWorld();
    await begin(of, { frames: '1', frameMinutesLimit: 5, video: false });
    await takeTasks(of);
    const [task] = await allTasks(of);
    await pass(of, 8);
    const seen = of.manager.callsOf('requeueTask').map(([id, updatedAt]) => [id, updatedAt]);
    assert.deepEqual(seen, [[task?.id, task?.updatedAt]]);
  });

  test('is not what somebody else was given between two looks', async () => {
    const of = createWorld();
    await begin(of, { frames: '1', frameMinutesLimit: 5, video: false });
    await takeTasks(of);
    await pass(of, 4);
    const [task] = await allTasks(of);
    of.manager.startTask(task?.id ?? '', of.manager.addWorker('another'));
    await pass(of, 4);
    assert.deepEqual(of.manager.callsOf('requeueTask'), []);
    await pass(of, 4);
    assert.equal(of.manager.callsOf('requeueTask').length, 1);
  });

  test('is not what nobody looked at meanwhile', async () => {
    const of = createWorld();
    await begin(of, { frames: '1', frameMinutesLimit: 5, video: false });
    await takeTasks(of);
    await pass(of, 2);
    of.clock.advance(40 * MINUTE);
    await pass(of);
    assert.deepEqual(of.manager.callsOf('requeueTask'), []);
    await pass(of, 5);
    assert.equal(of.manager.callsOf('requeueTask').length, 1);
  });

  test('is none of the first frames for three hours: nobody knows yet how long they take', async () => {
    const of = createWorld();
    await begin(of, { frames: '1', video: false });
    await takeTasks(of);
    await pass(of, 179);
    assert.deepEqual(of.manager.callsOf('requeueTask'), []);
    await record(of, 1, 'rendering', '2026-01-01T00:00:01Z');
    await pass(of, 4);
    assert.equal(of.manager.callsOf('requeueTask').length, 1);
  });

  test('is given twice as long each time: it may only take longer than all others', async () => {
    const of = createWorld();
    await begin(of, { frames: '1-2', chunkSize: 1, video: false });
    await takeTasks(of);
    await record(of, 2, 'done', '2026-01-01T00:00:01Z');
    const other = (await allTasks(of)).find(({ name }) => name === 'render-2');
    of.manager.setTask(other?.id ?? '', { status: 'completed', stepsCompleted: 1 });
    assert.deepEqual(await minutesOfAttempts(of), [10, 20, 40]);
    assert.equal((await run(of)).troubles[0]?.message, 'it stood still for 40 minutes');
  });

  test('is not what may be as slow as hardly one, where those that have ended differ much', async () => {
    const of = createWorld();
    await begin(of, { frames: '1-5', chunkSize: 1, video: false });
    for (const [frame, seconds] of [
      [2, 60],
      [3, 240],
      [4, 90],
      [5, 600],
    ] as const)
      await record(of, frame, 'done', '2026-01-01T00:00:01Z', 1, seconds);
    await takeTasks(of);
    for (const task of await allTasks(of))
      if (task.name !== 'render-1') of.manager.setTask(task.id, { status: 'completed', stepsCompleted: 1 });
    // Five times their mean are 21 minutes.
    const [first = 0] = await minutesOfAttempts(of);
    assert.ok(first >= 80 && first <= 120, `${first} minutes`);
  });

  test('is waited for for six hours at most', async () => {
    const of = createWorld();
    await begin(of, { frames: '1', video: false });
    await takeTasks(of);
    assert.deepEqual(await minutesOfAttempts(of), [180, 360, 360]);
  });

  test('a check that never ends is tried again, and then the run fails with what to do', async () => {
    const of = createWorld({ checkFirst: 'always' });
    await begin(of, { frames: '1-2', video: false });
    for (let tries = 1; tries <= 4; tries += 1) {
      assert.equal((await run(of)).state === 'failed', false, `before try ${tries}`);
      await takeTasks(of);
      await pass(of, 65);
    }
    const { state, reason } = await run(of);
    assert.deepEqual([state, reason?.code], ['failed', 'checkHangs']);
    assert.match(reason?.message ?? '', /stood still for 60 minutes, 4 times/);
  });
});

/** The machines of all workers are taken away. */
async function preemptAll(of: World): Promise<void> {
  for (const { name } of await of.workers.list()) of.workers.end(name, 'preempted');
}

/** So many attempts of a frame, each cut off after a while; how many there were until it was given up. */
async function cutOff(of: World, { minutes, begun }: { minutes: number; begun: boolean }): Promise<number> {
  for (let attempt = 1; attempt <= 30; attempt += 1) {
    for (let tries = 0; tries < 10 && (await takeTasks(of)) === 0; tries += 1) await pass(of);
    if (begun) await record(of, 1, 'rendering', '2026-01-01T00:00:01Z', attempt);
    await pass(of, minutes);
    if ((await run(of)).state === 'failed') return attempt;
    await preemptAll(of);
    await pass(of);
  }
  return Number.POSITIVE_INFINITY;
}

describe('a frame that hangs and is cut off each time', () => {
  test('is given up when all its attempts together took as long as those of one that is not', async () => {
    const of = createWorld();
    await begin(of, { frames: '1', frameMinutesLimit: 60, video: false });
    const attempts = await cutOff(of, { minutes: 21, begun: true });
    const { reason, troubles } = await run(of);
    assert.deepEqual([attempts, reason?.code, troubles[0]?.attempts], [9, 'framesFail', 3]);
    assert.match(troubles[0]?.message ?? '', /^it stood still for 18\d minutes in all, in attempts that/);
  });

  test('also when its farm is gone each time', async () => {
    const of = createWorld({ maxFarmMs: 40 * 60_000 });
    await begin(of, { frames: '1', frameMinutesLimit: 60, video: false });
    const attempts = await cutOff(of, { minutes: 60, begun: true });
    assert.ok(attempts < 10, `${attempts} farms`);
  });

  test('is not given up before it was begun three times: another one may hang', async () => {
    const of = createWorld();
    await begin(of, { frames: '1', frameMinutesLimit: 60, video: false });
    assert.equal(await cutOff(of, { minutes: 21, begun: false }), Number.POSITIVE_INFINITY);
    assert.deepEqual((await run(of)).troubles, []);
  });

  test('nor while others of its task come out', async () => {
    const of = createWorld();
    await begin(of, { frames: '1-24', chunkSize: 24, video: false });
    for (let frame = 2; frame <= 20; frame += 1) {
      for (let tries = 0; tries < 10 && (await takeTasks(of)) === 0; tries += 1) await pass(of);
      await record(of, 1, 'rendering', '2026-01-01T00:00:01Z', frame);
      await record(of, frame, 'done', '2026-01-01T00:00:01Z');
      const [task] = await allTasks(of);
      if (task !== undefined) of.manager.setTask(task.id, { stepsCompleted: frame });
      await pass(of, 8);
      await preemptAll(of);
      await pass(of);
    }
    assert.deepEqual((await run(of)).troubles, []);
  });

  test('a check is not tried for ever either', async () => {
    const of = createWorld({ checkFirst: 'always' });
    await begin(of, { frames: '1', video: false });
    assert.equal(await cutOff(of, { minutes: 21, begun: false }), 9);
    assert.equal((await run(of)).reason?.code, 'checkHangs');
  });
});
