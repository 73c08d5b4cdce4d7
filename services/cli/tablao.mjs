#!/usr/bin/env node
// The package's bin: starts tablao.ts with the Node that the package brings, else with the system's.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST = 24;
const here = fileURLToPath(new URL('.', import.meta.url));
const own = join(here, '..', '..', 'node_modules', 'node', 'bin', 'node');
const hasOwn = existsSync(own);
if (!hasOwn && Number.parseInt(process.versions.node, 10) < OLDEST) {
  process.stderr.write(`tablao: it needs Node.js ${OLDEST} or newer, and this is ${process.version}.\n`);
  process.exit(1);
}
const types = here.split(/[\\/]/).includes('node_modules')
  ? ['--no-warnings=ExperimentalWarning', '--import', new URL('strip-types.mjs', import.meta.url).href]
  : [];
const program = [join(here, 'tablao.ts'), ...process.argv.slice(2)];
const { status, error } = spawnSync(hasOwn ? own : process.execPath, [...types, ...program], {
  stdio: 'inherit',
});
if (error) process.stderr.write(`tablao: ${error.message}\n`);
process.exitCode = status ?? 1;
