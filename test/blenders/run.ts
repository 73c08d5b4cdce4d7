// npm run test:blenders [-- --required]: the kit's tests and whole renders with other Blenders than the machine's.
// BLENDERS names them (paths, separated as in PATH); without it they are installed, as root on Debian. Where that cannot
// be done it says so in one line and passes, unless they are required.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { cannotInstall, openChroots } from './chroots.ts';

const ROOT = resolve(import.meta.dirname, '../..');

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The kit's tests with this Blender as the machine's own, then those that know of newer ones. */
function testWith(blender: string): boolean {
  const asked = spawnSync(blender, ['--background', '--version'], { encoding: 'utf8' });
  if (asked.status !== 0) {
    say(`${blender} does not start: ${asked.stderr || asked.error}`);
    return false;
  }
  say(`== ${/Blender \S+/.exec(asked.stdout)?.[0]} (${blender})`);
  const kit = runTests('test/blender-kit/*.test.ts', { BLENDER: blender });
  return runTests('test/disasters/blenders/*.test.ts', { BLENDERS: blender }) && kit;
}

function runTests(pattern: string, more: NodeJS.ProcessEnv): boolean {
  const files = globSync(join(ROOT, pattern)).sort();
  const args = ['--test', '--test-concurrency=2', ...files];
  return (
    spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...more } }).status === 0
  );
}

function testAll(blenders: readonly string[]): number {
  const failed = blenders.filter((blender) => !testWith(blender));
  say(failed.length === 0 ? `all ${blenders.length} Blenders pass` : `failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

function main(): number {
  const named = (process.env.BLENDERS ?? '').split(delimiter).filter((path) => path !== '');
  if (named.length > 0) return testAll(named);
  const problem = cannotInstall();
  if (problem !== null) {
    say(`no other Blenders to test with: set BLENDERS to their paths (${problem})`);
    return process.argv.includes('--required') ? 1 : 0;
  }
  const chroots = openChroots(say);
  // Ctrl-C reaches the tests as well; when they have ended the mounts are taken away below.
  process.once('SIGINT', () => {});
  try {
    return testAll(chroots.blenders);
  } finally {
    chroots.close();
  }
}

process.exitCode = main();
