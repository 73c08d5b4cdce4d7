import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { tempDir } from './buckets-for-tests.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Where `npm install -g` of a packed repository puts it. */
function install(t: TestContext): string {
  const place = join(tempDir(t), 'node_modules', 'tablao');
  mkdirSync(place, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(place, 'package.json'));
  cpSync(join(ROOT, 'services'), join(place, 'services'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  return place;
}

describe('the installed tablao', () => {
  it('runs, below node_modules too', (t) => {
    const place = install(t);
    const scene = join(place, 'services', 'flamenco-lite', 'sample', 'tablao.blend');
    const bin = join(place, 'services', 'cli', 'tablao.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'submit', scene, '--dry-run'], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.match(stdout, /24 frames \(1-24\)/);
    assert.equal(status, 0);
  });

  it('tells of itself as it was called', () => {
    const bin = join(ROOT, 'services', 'cli', 'tablao.mjs');
    const said = (env: NodeJS.ProcessEnv, ...args: readonly string[]) => {
      const { stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', env });
      return stdout + stderr;
    };
    const { npm_lifecycle_event: _, ...plain } = process.env;
    const byNpm = { ...plain, npm_lifecycle_event: 'pull' };
    assert.match(said(plain, 'pull', '--help'), /^Usage: tablao pull SHOT/);
    assert.match(said(plain, 'pull'), /See tablao pull --help/);
    assert.match(said(byNpm, 'pull', '--help'), /^Usage: npm run pull -- SHOT/);
    assert.match(said({ ...plain, npm_lifecycle_event: 'submit' }, 'submit'), /See npm run submit -- --help/);
  });

  it('does not break when nobody reads on', (t) => {
    const scene = join(ROOT, 'services', 'flamenco-lite', 'sample', 'tablao.blend');
    for (const words of [
      ['inspect.ts', scene],
      ['tablao.ts', 'submit', scene, '--dry-run'],
    ]) {
      const codeFile = join(tempDir(t), 'code');
      const [script = '', ...args] = words;
      const line = `{ "$0" "$@"; echo $? > '${codeFile}'; } | true`;
      const program = [process.execPath, join(ROOT, 'services', 'cli', script), ...args];
      const { stderr } = spawnSync('sh', ['-c', line, ...program], { encoding: 'utf8' });
      assert.equal(stderr, '');
      assert.equal(readFileSync(codeFile, 'utf8').trim(), '0');
    }
  });
});
