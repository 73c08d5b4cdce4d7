import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createLocalRecords } from '../../../services/control/adapters/local/records.ts';
import { isPortError } from '../../../services/control/ports/errors.ts';
import { noIncrementIsLost } from '../../contracts/killed-writers.ts';
import { describeRecordsContract } from '../../contracts/records.ts';
import { FakeRecords } from '../../fakes/fake-records.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeRecordsContract('fake', () => new FakeRecords());
describeRecordsContract('local', (t) => createLocalRecords({ dir: temporaryFolder(t) }));

describe('local records', () => {
  test('can be read by people under their own name', async (t) => {
    const dir = temporaryFolder(t);
    const records = createLocalRecords({ dir });
    const plain = join(dir, 'runs', 'a.json');
    const generation = await records.create('runs/a.json', { state: 'queued' });
    assert.equal(readFileSync(plain, 'utf8'), '{\n  "state": "queued"\n}\n');
    await records.replace('runs/a.json', { state: 'rendering' }, generation);
    assert.match(readFileSync(plain, 'utf8'), /rendering/);
    await records.delete('runs/a.json');
    assert.deepEqual(readdirSync(join(dir, 'runs')), []);
  });

  test('keep one version of a record, and no temporary files', async (t) => {
    const dir = temporaryFolder(t);
    const records = createLocalRecords({ dir });
    for (let pass = 0; pass < 5; pass += 1) await records.overwrite('status.json', { pass });
    assert.deepEqual(readdirSync(join(dir, '.versions', 'status.json')), ['5']);
    assert.deepEqual(readdirSync(dir).sort(), ['.versions', 'status.json']);
  });

  test('have their text on the disk before they have their name: after a power cut none is empty', async (t) => {
    const dir = temporaryFolder(t);
    const records = createLocalRecords({ dir });
    const generation = await records.create('messages.json', { waiting: [] });
    await using file = await open(join(dir, 'messages.json'));
    const folder = join(dir, '.versions', 'messages.json');
    const seen: { readonly names: readonly string[]; readonly texts: readonly string[] }[] = [];
    t.mock.method(Object.getPrototypeOf(file), 'datasync', async () => {
      const names = readdirSync(folder);
      seen.push({ names, texts: names.map((name) => readFileSync(join(folder, name), 'utf8')) });
    });
    await records.replace('messages.json', { waiting: ['new'] }, generation);
    assert.equal(seen.length, 1);
    assert.ok(
      seen[0]?.texts.some((text) => text.includes('new')),
      'it is written',
    );
    assert.ok(!seen[0]?.names.includes('2'), 'and nobody can see it yet');
    assert.deepEqual(readdirSync(folder), ['2']);
  });

  test('refuse names that lead out of the folder', async (t) => {
    const records = createLocalRecords({ dir: temporaryFolder(t) });
    for (const name of ['../a.json', '/a.json', 'runs/../../a.json', 'runs//a.json', '.versions/a.json', 'a'])
      await assert.rejects(records.read(name), (error) => isPortError(error, 'invalid'), name);
  });

  test('lose no increment of several processes that are killed at random', { timeout: 60_000 }, async (t) => {
    const dir = temporaryFolder(t);
    const script = join(import.meta.dirname, 'increment.ts');
    await noIncrementIsLost(createLocalRecords({ dir }), ['a', 'b', 'c', 'd'], script, [dir]);
  });
});
