import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { command, createWorld, memory, pass, restart, run, upload, workOff } from './world.ts';

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

  test('to render again make a new run, also of one that was not counted when the service died', async () => {
    const of = createWorld();
    const settings = { chunkSize: 12, video: false };
    await upload(of, settings);
    of.records.onCall = () => {
      const isMade = of.records.callsOf('create').some(([name]) => String(name).startsWith('runs/'));
      if (isMade) throw new Error('the service is dead');
    };
    await assert.rejects(pass(of), /dead/);
    of.records.onCall = null;
    restart(of, 'two');
    of.scenes.put('film/sh010.render.json', JSON.stringify({ ...settings, samples: 9 }));
    await pass(of, 12);
    await workOff(of);
    const first = await run(of);
    assert.equal(first.state, 'completed');
    await command(of, { kind: 'again', runId: first.id, settings: {} });
    await pass(of, 2);
    const again = await run(of);
    assert.notEqual(again.id, first.id);
    assert.deepEqual([first.count, again.count], [1, 2]);
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
