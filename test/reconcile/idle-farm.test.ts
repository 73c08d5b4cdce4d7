import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { begin, command, createWorld, memory, pass, run, type World } from './world.ts';

async function cancel(of: World): Promise<void> {
  await command(of, { kind: 'cancel', runId: (await run(of)).id });
}

const sentenceOf = (of: World) => (of.records.valueAt('status.json') as StatusDocument).sentence;

describe('an idle farm', () => {
  test('goes although some looks at it fail', async () => {
    const of = createWorld();
    await begin(of);
    await cancel(of);
    for (let looks = 0; looks < 20; looks += 1) {
      of.farm.failNext('look', 'transient');
      await pass(of, 3);
    }
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
  });

  test('takes back workers that no machine is found for, and goes', async () => {
    const of = createWorld();
    of.workers.capacity = 0;
    await begin(of);
    assert.notDeepEqual(await of.workers.list(), []);
    await cancel(of);
    await pass(of, 3);
    assert.deepEqual(await of.workers.list(), []);
    await pass(of, 15);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
  });

  test('leaves a worker alone that has got its machine just now', async () => {
    const of = createWorld();
    of.workers.capacity = 0;
    await begin(of);
    await cancel(of);
    const list = of.workers.list.bind(of.workers);
    of.workers.list = async () => {
      const seen = await list();
      of.workers.capacity = 10;
      return seen;
    };
    await pass(of);
    of.workers.list = list;
    assert.deepEqual(of.workers.callsOf('remove'), []);
  });

  test('goes, after a while, with workers that never sign off', async () => {
    const of = createWorld();
    await begin(of);
    for (const { id } of await of.manager.workers()) of.manager.setWorker(id, { status: 'testing' });
    await cancel(of);
    await pass(of, 2);
    assert.equal(sentenceOf(of), 'Nothing to render; the farm is idle and goes down unless work comes.');
    await pass(of, 10);
    assert.equal((await of.farm.look()).state, 'up', 'it waits for them first');
    assert.equal(sentenceOf(of), 'The farm is going down: its workers are signing off.');
    await pass(of, 15);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
  });

  test('is kept by KEEP_CONTROL_PLANE without looking at it all the time', async () => {
    const of = createWorld({ keepControlPlane: true, lookEveryMs: 5000 });
    await begin(of);
    await cancel(of);
    await pass(of, 15);
    const looks = of.farm.callsOf('look').length;
    await pass(of);
    assert.equal(memory(of).stage, 'letting-go');
    assert.match(sentenceOf(of), /KEEP_CONTROL_PLANE keeps/);
    const more = of.farm.callsOf('look').length - looks;
    assert.ok(more <= 11, `${more} looks in a minute`);
  });
});
