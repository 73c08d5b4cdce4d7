import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCloudRecords } from '../../services/control/adapters/gcp/records.ts';
import { createWritePace } from '../../services/control/adapters/gcp/write-pace.ts';
import { storageWorld } from './storage/storage-world.ts';

test('records in Cloud Storage lose no increment of processes that are killed at random', {
  timeout: 60_000,
}, async (t) => {
  const { storage, openBucket } = await storageWorld(t);
  const known = new Map<string, number>();
  const deadline = Date.now() + 5000;
  await Promise.all(['a', 'b', 'c'].map((name) => countUntil(deadline, storage.url, name, known)));

  const records = createCloudRecords({ openBucket, bucket: 'state', pace: createWritePace(0) });
  const { total, ...counts } = { total: 0, ...((await records.read('count.json'))?.value as object) };
  const sum = Object.values<number>(counts).reduce((all, count) => all + count, 0);
  assert.equal(total, sum, 'each increment is in the total');
  for (const [name, count] of known)
    assert.ok(((counts as Record<string, number>)[name] ?? 0) >= count, `${name} lost an increment`);
  assert.ok(sum > 20, `only ${sum} increments: somebody was blocked`);
});

/** Starts and kills a counting process again and again. */
async function countUntil(
  deadline: number,
  url: string,
  name: string,
  known: Map<string, number>,
): Promise<void> {
  const script = join(import.meta.dirname, 'increment.ts');
  while (Date.now() < deadline) {
    const child = spawn(process.execPath, [script, url, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    const closed = once(child, 'close');
    await Promise.race([once(child.stdout, 'data'), closed]);
    const timer = setTimeout(() => child.kill('SIGKILL'), 100 + Math.random() * 400);
    const [, signal] = await closed;
    clearTimeout(timer);
    assert.equal(signal, 'SIGKILL', `${name} ended by itself`);
    // The last line may have been cut by the kill.
    const lines = output.split('\n').slice(0, -1);
    known.set(name, Math.max(Number(lines.at(-1) ?? 0), known.get(name) ?? 0));
  }
}
