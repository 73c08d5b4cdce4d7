import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { command, createWorld, MINUTE, memory, pass, run, SAMPLE, upload, type World } from './world.ts';

const count = async (of: World) => (await of.records.list('runs/')).length;

describe('again', () => {
  test('makes no second rejected run of settings that are still bad, and says so', async () => {
    const of = createWorld();
    await upload(of, { frames: 'all of them' });
    await pass(of, 3);
    const { id, state } = await run(of);
    assert.equal(state, 'rejected');
    await command(of, { kind: 'again', runId: id, settings: {} });
    await pass(of, 2);
    assert.equal(await count(of), 1);
    assert.match(memory(of).decisions[0]?.what ?? '', /not rendered again/);
    assert.match(memory(of).decisions[0]?.reason ?? '', /frames/);
  });

  test('with settings that cure it makes one', async () => {
    const of = createWorld();
    await upload(of, { device: 'gpu', pool: 'elsewhere' });
    await pass(of, 3);
    assert.equal((await run(of)).state, 'rejected');
    await command(of, { kind: 'again', runId: (await run(of)).id, settings: { pool: 'p', device: 'cpu' } });
    await pass(of, 2);
    assert.deepEqual([await count(of), (await run(of)).state], [2, 'queued']);
  });
});

describe('release', () => {
  test('is taken of a shot that is not held at this moment because files come beside it', async () => {
    const of = createWorld({ settleMs: 5 * MINUTE });
    for (let shot = 1; shot <= 5; shot += 1) of.scenes.put(`film/sh0${shot}.blend`, SAMPLE);
    await pass(of);
    const { id, state, reason } = await run(of);
    assert.deepEqual([state, reason?.code], ['waiting', 'settling']);
    await command(of, { kind: 'release', runId: id, by: 'anna@example.org' });
    await pass(of, 8);
    const said = memory(of).decisions.find(({ what }) => what.endsWith(': released'));
    assert.equal(said?.reason, 'anna@example.org said go');
    const names = await of.records.list('runs/');
    const runs = names.map((name) => of.records.valueAt(name) as { id: string; state: string });
    assert.deepEqual(
      runs.filter(({ state: is }) => is !== 'held').map((one) => [one.id, one.state]),
      [[id, 'queued']],
    );
  });
});
