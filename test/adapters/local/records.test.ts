import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createLocalRecords } from '../../../services/control/adapters/local/records.ts';
import { isPortError } from '../../../services/control/ports/errors.ts';
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

  test('refuse names that lead out of the folder', async (t) => {
    const records = createLocalRecords({ dir: temporaryFolder(t) });
    for (const name of ['../a.json', '/a.json', 'runs/../../a.json', 'runs//a.json', '.versions/a.json', 'a'])
      await assert.rejects(records.read(name), (error) => isPortError(error, 'invalid'), name);
  });

  test('lose no increment of several processes that are killed at random', { timeout: 30_000 }, async (t) => {
    const dir = temporaryFolder(t);
    const known = new Map<string, number>();
    const deadline = Date.now() + 4000;
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => countUntil(deadline, dir, name, known)));

    const { total, ...counts } = await readCounts(dir);
    const sum = Object.values(counts).reduce((all, count) => all + count, 0);
    assert.equal(total, sum, 'each increment is in the total');
    for (const [name, count] of known) assert.ok((counts[name] ?? 0) >= count, `${name} lost an increment`);
    assert.ok(sum > 20, `only ${sum} increments: somebody was blocked`);
  });
});

/** Starts and kills a counting process again and again. */
async function countUntil(
  deadline: number,
  dir: string,
  name: string,
  known: Map<string, number>,
): Promise<void> {
  const script = join(import.meta.dirname, 'increment.ts');
  while (Date.now() < deadline) {
    const child = spawn(process.execPath, [script, dir, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const closed = once(child, 'close');
    const timer = setTimeout(() => child.kill('SIGKILL'), 250 + Math.random() * 300);
    const [, signal] = await closed;
    clearTimeout(timer);
    assert.equal(signal, 'SIGKILL', `${name} ended by itself`);
    const last = Number(output.trimEnd().split('\n').at(-1) ?? 0);
    known.set(name, Math.max(last, known.get(name) ?? 0));
  }
}

async function readCounts(dir: string): Promise<Record<string, number> & { readonly total: number }> {
  const seen = await createLocalRecords({ dir }).read('count.json');
  assert.ok(seen !== null && typeof seen.value === 'object');
  return { total: 0, ...seen.value };
}
