import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPortError } from '../../services/control/ports/errors.ts';
import type { Records } from '../../services/control/ports/records.ts';

/** `makePort` gives an empty port to each test. */
export function describeRecordsContract(
  name: string,
  makePort: (t: { after(fn: () => unknown): void }) => Promise<Records> | Records,
): void {
  describe(`records contract: ${name}`, () => {
    test('a name that was never written is known to be absent', async (t) => {
      const records = await makePort(t);
      assert.equal(await records.read('runs/a.json'), null);
      assert.deepEqual(await records.list(''), []);
    });

    test('what was created is read back with the generation that creating returned', async (t) => {
      const records = await makePort(t);
      const value = { id: 'a', frames: [1, 2], name: 'Straße – 影', nothing: null };
      const generation = await records.create('runs/a.json', value);
      assert.deepEqual(await records.read('runs/a.json'), { value, generation });
    });

    test('creating a name that exists is a conflict and changes nothing', async (t) => {
      const records = await makePort(t);
      await records.create('a.json', 1);
      await assert.rejects(records.create('a.json', 2), isConflict);
      assert.equal((await records.read('a.json'))?.value, 1);
    });

    test('replacing takes the generation that was read, once', async (t) => {
      const records = await makePort(t);
      const first = await records.create('a.json', 1);
      const second = await records.replace('a.json', 2, first);
      await assert.rejects(records.replace('a.json', 3, first), isConflict);
      assert.deepEqual(await records.read('a.json'), { value: 2, generation: second });
      assert.notEqual(first, second);
    });

    test('the same value written again has another generation', async (t) => {
      const records = await makePort(t);
      const first = await records.create('a.json', { same: true });
      assert.notEqual(await records.replace('a.json', { same: true }, first), first);
    });

    test('replacing what is absent is a conflict', async (t) => {
      const records = await makePort(t);
      const generation = await records.create('a.json', 1);
      await records.delete('a.json');
      await assert.rejects(records.replace('a.json', 2, generation), isConflict);
      assert.equal(await records.read('a.json'), null);
    });

    test('a generation of before a deletion never fits what was created anew', async (t) => {
      const records = await makePort(t);
      const before = await records.create('a.json', 1);
      await records.delete('a.json');
      const after = await records.create('a.json', 1);
      assert.notEqual(after, before);
      await assert.rejects(records.replace('a.json', 2, before), isConflict);
    });

    test('overwriting creates and replaces without a condition', async (t) => {
      const records = await makePort(t);
      await records.overwrite('status.json', { pass: 1 });
      const first = await records.read('status.json');
      await records.overwrite('status.json', { pass: 2 });
      const second = await records.read('status.json');
      assert.deepEqual(second?.value, { pass: 2 });
      assert.notEqual(first?.generation, second?.generation);
    });

    test('deleting is a success whether the name is there or not', async (t) => {
      const records = await makePort(t);
      await records.delete('never.json');
      await records.create('a.json', 1);
      await records.delete('a.json');
      await records.delete('a.json');
      assert.equal(await records.read('a.json'), null);
    });

    test('lists the living names with a prefix, sorted, folders or not', async (t) => {
      const records = await makePort(t);
      for (const name of ['runs/b.json', 'runs/a.json', 'runs/gone.json', 'commands/c.json', 'farm.json'])
        await records.create(name, {});
      await records.delete('runs/gone.json');
      assert.deepEqual(await records.list('runs/'), ['runs/a.json', 'runs/b.json']);
      assert.deepEqual(await records.list('runs/b'), ['runs/b.json']);
      assert.deepEqual(await records.list('f'), ['farm.json']);
      assert.deepEqual(await records.list(''), [
        'commands/c.json',
        'farm.json',
        'runs/a.json',
        'runs/b.json',
      ]);
      assert.deepEqual(await records.list('nothing/'), []);
    });

    test('of many who create the same name at once exactly one succeeds', async (t) => {
      const records = await makePort(t);
      const tries = Array.from({ length: 12 }, (_, index) => records.create('a.json', index));
      const results = await Promise.allSettled(tries);
      const winners = results.flatMap((result, index) => (result.status === 'fulfilled' ? index : []));
      assert.equal(winners.length, 1);
      assert.equal((await records.read('a.json'))?.value, winners[0]);
    });

    test('of many who replace the same generation at once at most one succeeds, and its value stands', async (t) => {
      const records = await makePort(t);
      const generation = await records.create('a.json', 'before');
      const tries = Array.from({ length: 12 }, (_, index) => records.replace('a.json', index, generation));
      const results = await Promise.allSettled(tries);
      const winners = results.flatMap((result, index) => (result.status === 'fulfilled' ? index : []));
      assert.equal(winners.length, 1);
      assert.equal((await records.read('a.json'))?.value, winners[0]);
    });
  });
}

function isConflict(error: unknown): boolean {
  return isPortError(error, 'conflict');
}
