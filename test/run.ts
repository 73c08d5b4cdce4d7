// Runs the test files that the given globs match with `node --test`, and fails when there is none:
// a glob that matches nothing would otherwise pass with 0 tests.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const patterns = process.argv.slice(2);
const files = patterns.flatMap((pattern) => globSync(pattern)).sort();
if (files.length === 0) {
  process.stderr.write(`no test file matches ${patterns.join(' ')}\n`);
  process.exit(1);
}
const run = spawnSync(process.execPath, ['--test', '--test-concurrency=2', ...files], { stdio: 'inherit' });
process.exit(run.status ?? 1);
