import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { begin, command, createWorld, memory, pass, run, type World, workOff } from './world.ts';

const statusOf = (of: World) => of.records.valueAt('status.json') as StatusDocument;
const toldOf = (of: World) => memory(of).decisions.filter(({ what }) => what.startsWith('could not be done'));

describe('what a port refuses', () => {
  test('to create is said, once, with the port’s words, and tried again', async () => {
    const of = createWorld();
    of.farm.failUntilHealed('quota', 'create');
    await begin(of);
    assert.match(statusOf(of).farm.reason ?? '', /quota/);
    assert.equal(toldOf(of).length, 1);
    of.farm.heal();
    await pass(of, 16);
    assert.equal(statusOf(of).farm.stage, 'ready');
    assert.equal(statusOf(of).farm.reason, null);
  });

  test('to order is said', async () => {
    const of = createWorld();
    of.workers.failUntilHealed('denied', 'order');
    await begin(of);
    assert.match(statusOf(of).farm.reason ?? '', /denied/);
  });

  test('of a job is said at the run, which goes on when it is taken', async () => {
    const of = createWorld();
    of.manager.failUntilHealed('transient', 'submit');
    await begin(of);
    const { state, reason } = await run(of);
    assert.deepEqual([state, reason?.code], ['queued', 'notTaken']);
    assert.match(reason?.message ?? '', /transient/);
    of.manager.heal();
    await pass(of, 6);
    await workOff(of);
    assert.equal((await run(of)).state, 'completed');
  });

  test('of a job for good ends the run, and the farm goes', async () => {
    const of = createWorld();
    of.manager.failUntilHealed('invalid', 'submit');
    await begin(of);
    await pass(of, 3);
    assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['failed', 'notTaken']);
    await pass(of, 30);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
  });

  test('does not make a person’s word count again and again', async () => {
    const of = createWorld();
    of.manager.failUntilHealed('transient', 'submit');
    await begin(of);
    for (const { name } of await of.workers.list()) of.workers.end(name, 'done');
    await command(of, { kind: 'wake', minutes: 5 });
    await pass(of, 2);
    assert.deepEqual(await of.records.list('commands/'), []);
  });
});
