import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rendersFolder } from '../../services/control/core/run.ts';
import { allTasks, begin, createWorld, pass, run, takeTasks, type World } from './world.ts';

const PNG = new Uint8Array([
  ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  ...[0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82],
]);

async function record(
  of: World,
  frame: number,
  state: 'rendering' | 'done',
  startedAt: string,
): Promise<void> {
  const now = await run(of);
  const name = String(frame).padStart(4, '0');
  const folder = rendersFolder(now);
  if (state === 'done') of.renders.put(`${folder}/tablao_${name}.png`, PNG);
  const value = { schema: 1, frame, run: now.id, state, attempt: 1, worker: 'w', seconds: 1, startedAt };
  of.renders.put(`${folder}/records/${name}.json`, JSON.stringify(value));
}

/** Until the only task is at work and nothing is heard of it for longer than the limit. */
async function standStill(of: World): Promise<void> {
  await takeTasks(of);
  await pass(of, 8);
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
