import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunRecord } from '../../services/control/core/run.ts';
import {
  begin,
  command,
  createWorld,
  HOUR,
  memory,
  POOL,
  pass,
  restart,
  run,
  SAMPLE,
  upload,
  type World,
  workOff,
} from './world.ts';

async function runs(of: World): Promise<readonly RunRecord[]> {
  const names = await of.records.list('runs/');
  return names.map((name) => of.records.valueAt(name) as RunRecord);
}

const statesOf = async (of: World) => (await runs(of)).map(({ state }) => state).sort();

describe('a burst that is held', () => {
  test('is not let go by cancelling some of it', async () => {
    const of = createWorld();
    for (let shot = 1; shot <= 5; shot += 1) of.scenes.put(`film/sh0${shot}.blend`, SAMPLE);
    await pass(of, 2);
    for (const { id } of (await runs(of)).slice(0, 3)) await command(of, { kind: 'cancel', runId: id });
    await pass(of, 3);
    assert.deepEqual(await statesOf(of), ['cancelled', 'cancelled', 'cancelled', 'held', 'held']);
  });

  test('is let go by a person’s word alone', async () => {
    const of = createWorld();
    for (let shot = 1; shot <= 5; shot += 1) of.scenes.put(`film/sh0${shot}.blend`, SAMPLE);
    await pass(of, 2);
    const [first] = await runs(of);
    await command(of, { kind: 'release', runId: first?.id });
    await pass(of, 3);
    assert.deepEqual(await statesOf(of), ['held', 'held', 'held', 'held', 'queued']);
  });
});

describe('a shot that is taken away before it was admitted', () => {
  test('is waited for by name, rejected after the grace, and taken in anew when it is back', async () => {
    const of = createWorld();
    await command(of, { kind: 'pause' });
    await upload(of);
    await pass(of, 3);
    of.scenes.remove('film/sh010.blend');
    await pass(of, 5);
    const waiting = await run(of);
    assert.deepEqual([waiting.state, waiting.reason?.code], ['waiting', 'missingFiles']);
    of.clock.advance(25 * HOUR);
    await pass(of, 2);
    assert.equal((await run(of)).state, 'rejected');
    await command(of, { kind: 'resume' });
    await upload(of);
    await pass(of, 4);
    assert.equal((await run(of)).state, 'queued');
  });
});

describe('a shot that cannot be read', () => {
  test('says so after a minute, and goes on when it can be', async () => {
    const of = createWorld();
    of.scenes.failUntilHealed('transient', 'read');
    await upload(of);
    await pass(of);
    assert.equal((await run(of)).reason?.code, 'settling');
    await pass(of, 3);
    const { state, reason } = await run(of);
    assert.deepEqual([state, reason?.code], ['waiting', 'unreadable']);
    of.scenes.heal();
    await pass(of, 3);
    assert.equal((await run(of)).state, 'queued');
  });
});

describe('an older file that is put back with its old time', () => {
  test('is a run of its own', async () => {
    const of = createWorld();
    const generations = ['a', 'b', 'a', 'b'];
    const look = of.scenes.look.bind(of.scenes);
    const list = of.scenes.list.bind(of.scenes);
    let now = 0;
    // As on a disk, where the generation is size and time.
    const asOnDisk = <T extends { readonly path: string; readonly generation: string } | null>(seen: T): T =>
      seen?.path.endsWith('.blend') ? { ...seen, generation: generations[now] ?? '' } : seen;
    of.scenes.look = async (path) => asOnDisk(await look(path));
    of.scenes.list = async () => (await list()).map(asOnDisk);
    const read = of.scenes.read.bind(of.scenes);
    of.scenes.read = async (path, _generation, offset, length) =>
      read(path, (await look(path))?.generation ?? '', offset, length);
    for (; now < generations.length; now += 1) {
      of.scenes.put('film/sh010.blend', Buffer.concat([SAMPLE, new Uint8Array(now % 2)]));
      await command(of, { kind: 'uploaded', path: 'film/sh010.blend', generation: null });
      await pass(of, 3);
    }
    assert.equal((await runs(of)).length, 4);
  });
});

describe('a run that goes on after it was sent back to wait', () => {
  test('keeps its Blender, also when another one has been installed since', async () => {
    const of = createWorld();
    await begin(of);
    await command(of, { kind: 'teardown' });
    await pass(of, 2);
    of.policy = {
      ...of.policy,
      blenders: [{ version: '3.4.9', hasDenoiser: true, devices: [] }, ...of.policy.blenders],
    };
    restart(of, 'two');
    await command(of, { kind: 'resume' });
    await pass(of, 12);
    assert.deepEqual([(await run(of)).state, (await run(of)).blender], ['queued', '3.4.1']);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });
});

describe('what a picture is compared with later', () => {
  for (const [hasGpu, device, isOnGpu] of [
    [true, 'auto', true],
    [true, 'cpu', false],
    [false, 'auto', false],
  ] as const)
    test(`is ${isOnGpu ? '' : 'not '}rendered on a GPU by "${device}" where there is ${hasGpu ? 'one' : 'none'}`, async () => {
      const of = createWorld({ pools: [{ ...POOL, hasGpu }] });
      await begin(of, { device });
      assert.equal((await run(of)).picture?.isOnGpu, isOnGpu);
    });
});

describe('money', () => {
  test('is not counted for a farm that was never raised, while it cannot be looked at', async () => {
    const of = createWorld({ monthlyBudgetDollars: 1 });
    await pass(of, 2);
    of.farm.failUntilHealed('denied', 'look');
    await pass(of, 600);
    assert.equal(memory(of).ledger.thisMonth, 0);
  });

  test('is not counted for workers before a farm is there', async () => {
    const of = createWorld();
    await upload(of);
    of.workers.failUntilHealed('transient', 'list');
    await pass(of, 4);
    assert.equal((await of.farm.look()).state, 'creating');
    assert.ok(memory(of).ledger.thisMonth < 0.02, `$${memory(of).ledger.thisMonth}`);
  });
});
