import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chunkOfTask } from '../../services/control/core/chunks.ts';
import { formatFrames, framesOf } from '../../services/control/core/frames.ts';
import { callsApart } from './calls-apart.ts';
import {
  allTasks,
  begin,
  command,
  createWorld,
  dieAfter,
  endTasks,
  pass,
  restart,
  run,
  takeTasks,
  upload,
  type World,
  workOff,
} from './world.ts';

const settings = { hold: true };

async function submitted(of: World): Promise<string> {
  const jobs = await of.manager.jobs();
  const chunks = jobs.flatMap(({ id }) => String(of.manager.submittedAs(id)?.settings.chunks).split(';'));
  return formatFrames(chunks.flatMap((chunk) => [...framesOf(chunk)]));
}

async function untilShown(of: World, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await begin(of, { ...settings, ...more });
  await workOff(of);
}

describe('hold', () => {
  test('renders first, middle and last frame, then waits for a word without a farm', async () => {
    const of = createWorld();
    await untilShown(of);
    const held = await run(of);
    assert.deepEqual([held.state, held.reason?.code, held.proved], ['held', 'scouts', '1,12,24']);
    assert.equal(held.reason?.message, 'The first, middle and last frame (1,12,24) are in film/sh010/v001.');
    assert.deepEqual(
      (await allTasks(of)).map(({ name }) => name),
      ['render-1', 'render-24', 'render-12'],
      'a task each, and no video of three frames',
    );
    await pass(of, 30);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
    assert.equal((await run(of)).state, 'held');
  });

  test('released, renders the rest and only the rest, with its video', async () => {
    const of = createWorld();
    await untilShown(of);
    await pass(of, 30);
    await command(of, { kind: 'release', runId: (await run(of)).id });
    await pass(of, 12);
    assert.equal(await submitted(of), '2-11,13-23');
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
    assert.ok((await allTasks(of)).some(({ name }) => name === 'preview-video'));
    assert.deepEqual((await run(of)).troubles, []);
  });

  test('released while the farm is still up goes on with it', async () => {
    const of = createWorld();
    await untilShown(of);
    await command(of, { kind: 'release', runId: (await run(of)).id });
    await pass(of, 2);
    assert.equal(of.farm.callsOf('delete').length, 0);
    assert.deepEqual((await run(of)).troubles, [], 'what was not tried has not failed');
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('cancelled, ends', async () => {
    const of = createWorld();
    await untilShown(of);
    await command(of, { kind: 'cancel', runId: (await run(of)).id });
    await pass(of, 2);
    assert.equal((await run(of)).state, 'cancelled');
  });

  test('waits for nothing when so few frames are all scouts', async () => {
    const of = createWorld();
    await untilShown(of, { frames: '5,7,9' });
    assert.deepEqual([(await run(of)).state, (await run(of)).proved], ['completed', '5,7,9']);
  });

  test('says which scout did not come out, and fails when none did', async () => {
    for (const [bad, state] of [
      [[12], 'held'],
      [[1, 12, 24], 'failed'],
    ] as const) {
      const of = createWorld();
      await begin(of, settings);
      for (let attempt = 0; attempt < 8; attempt += 1) {
        await takeTasks(of);
        await pass(of);
        await endTasks(of, { isBad: (frame) => (bad as readonly number[]).includes(frame) });
        await pass(of);
      }
      assert.equal((await run(of)).state, state);
      assert.match((await run(of)).reason?.message ?? '', /12(,24)? failed: it broke/);
    }
  });

  test('is asked again for a new version of the shot', async () => {
    const of = createWorld();
    await untilShown(of);
    await upload(of, { ...settings, resolutionPercent: 50 });
    await pass(of, 30);
    await workOff(of);
    const next = await run(of);
    assert.deepEqual([next.state, next.scouts, next.proved], ['held', 'shown', '1,12,24']);
  });

  test('is not lifted by the word that was given for a burst', async () => {
    const of = createWorld({ maxAtOnce: 0 });
    await begin(of, settings);
    assert.equal((await run(of)).reason?.code, 'burst');
    const word = { kind: 'release', runId: (await run(of)).id, by: null };
    await of.records.create('commands/word.json', word);
    await pass(of, 12);
    await workOff(of);
    assert.equal((await run(of)).reason?.code, 'scouts');
    await of.records.create('commands/word.json', word);
    await pass(of, 3);
    assert.equal((await run(of)).state, 'held');
  });

  for (const moment of ['before they are shown', 'at the word'] as const)
    test(`renders each frame once when the service dies at any call ${moment}`, async () => {
      let hasDied = true;
      for (let calls = 1; hasDied; calls += callsApart(7)) {
        const of = createWorld();
        await begin(of, settings);
        await takeTasks(of);
        await pass(of);
        await endTasks(of);
        if (moment === 'at the word') {
          await pass(of, 2);
          await command(of, { kind: 'release', runId: (await run(of)).id });
        }
        const death = dieAfter(of, calls);
        for (let ticks = 0; ticks < 3; ticks += 1) await pass(of).catch(() => {});
        hasDied = death.revive();
        restart(of, 'two');
        await pass(of, 3);
        if (moment !== 'at the word') {
          assert.equal((await run(of)).state, 'held', `died at call ${calls}`);
          await command(of, { kind: 'release', runId: (await run(of)).id });
        }
        await workOff(of);
        assert.equal((await run(of)).state, 'completed', `died at call ${calls}`);
        assert.equal(await submitted(of), '1-24', `died at call ${calls}`);
        const frames = (await allTasks(of)).flatMap(({ name }) => framesOf(chunkOfTask(name) ?? ''));
        assert.equal(frames.length, 24, `died at call ${calls}`);
      }
    });
});
