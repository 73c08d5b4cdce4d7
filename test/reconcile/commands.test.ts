import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorld, memory, pass, run, upload } from './world.ts';

describe('commands', () => {
  test('of thousands of uploads are obeyed in portions, and a person’s word goes before them', async () => {
    const of = createWorld({ lookEveryMs: 5000 });
    await upload(of);
    await pass(of);
    for (let file = 0; file < 1200; file += 1)
      await of.records.create(`commands/uploaded-${file}.json`, {
        kind: 'uploaded',
        path: `film/tex/${file}.png`,
        generation: null,
      });
    await of.records.create('commands/at-1.json', { kind: 'cancel', runId: (await run(of)).id, by: 'me' });
    const { length } = of.records.calls;
    await of.service.runTick('test');
    const first = of.records.calls.slice(length).findIndex(({ method }) => method === 'delete');
    const reads = of.records.calls.slice(length, length + first).filter(({ method }) => method === 'read');
    assert.ok(reads.length < 600, `${reads.length} reads before the first is done with`);
    assert.equal((await run(of)).state, 'cancelled');
    assert.deepEqual(await of.records.list('commands/'), []);
    assert.equal(memory(of).openRuns.length, 0);
  });

  test('are followed by another pass soon, but not in the same second', async () => {
    const of = createWorld();
    await upload(of);
    await pass(of);
    await of.records.create('commands/at-1.json', { kind: 'allowScripts', runId: (await run(of)).id });
    const before = of.clock.now();
    await of.service.runTick('test');
    assert.equal(of.clock.now() - before, 1000);
  });
});
