// npm run test:blend-coverage: the reader's own tests run nearly every line of it, or this fails.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const LEAST_PERCENT = 95;

const run = spawnSync(
  process.execPath,
  [
    '--test',
    '--experimental-test-coverage',
    '--test-coverage-include=services/control/blend/**',
    `--test-coverage-lines=${LEAST_PERCENT}`,
    ...globSync('test/blend/*.test.ts').sort(),
  ],
  { stdio: 'inherit' },
);
process.exit(run.status ?? 1);
