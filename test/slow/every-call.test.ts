import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

test('the service may die at each single call (npm test tries some of them)', () => {
  const files = globSync('*.test.ts', { cwd: join(import.meta.dirname, '../reconcile') });
  assert.ok(files.length > 0);
  const paths = files.map((file) => join(import.meta.dirname, '../reconcile', file));
  // Else the inner run would report to the outer one and print nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--test', '--test-concurrency=2', '--test-name-pattern=dies at any call', ...paths];
  const run = spawnSync(process.execPath, args, { env: { ...env, EVERY_CALL: '1' }, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stdout.slice(-5000));
});
