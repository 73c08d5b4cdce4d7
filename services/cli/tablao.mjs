#!/usr/bin/env node
// The package's bin: starts tablao.ts with the Node that the package brings, whatever the system has.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const own = join(here, '..', '..', 'node_modules', 'node', 'bin', 'node');
const node = existsSync(own) ? own : process.execPath;
const { status, error } = spawnSync(node, [join(here, 'tablao.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
if (error) process.stderr.write(`tablao: ${error.message}\n`);
process.exitCode = status ?? 1;
