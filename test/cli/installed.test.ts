import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
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
});
