import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SCENES } from './sources.ts';

const CLI = join(import.meta.dirname, '..', '..', 'services', 'cli', 'inspect.ts');
const GOOD = join(SCENES, '5.2', 'settings.blend');
const folder = mkdtempSync(join(tmpdir(), 'tablao-inspect-'));
after(() => rmSync(folder, { recursive: true }));
const bad = join(folder, 'bad.blend');
writeFileSync(bad, 'BLENDER-v304');

describe('npm run inspect', () => {
  it('prints one JSON array with an object a file', () => {
    const { status, stdout } = inspect(GOOD, '--json');
    const [facts, ...others] = JSON.parse(stdout);
    assert.equal(status, 0);
    assert.deepEqual(others, []);
    assert.equal(facts.file, GOOD);
    assert.equal(facts.activeScene, 'Küche');
    assert.equal(facts.scenes.length, 5);
    assert.equal(facts.externalFiles.length, 13);
  });

  it('names what is wrong with each bad file, reads the others, and exits with 1', () => {
    const { status, stdout } = inspect(bad, join(folder, 'missing.blend'), folder, GOOD, '--json');
    const found: readonly { error?: { code: string } }[] = JSON.parse(stdout);
    assert.equal(status, 1);
    assert.deepEqual(
      found.map((one) => one.error?.code),
      ['truncated', 'notFound', 'unreadable', undefined],
    );
  });

  it('tells people without JSON', () => {
    const { status, stdout } = inspect(GOOD);
    assert.equal(status, 0);
    assert.match(stdout, /Blender 5\.2, .*compressed \(Zstandard\)/);
    assert.match(stdout, /Scene "Küche" \(active\)/);
    assert.match(stdout, /123 × 28 \(37 % of 333 × 77\)/);
    assert.match(stdout, /3 bounces, seed 1234567, on GPU/);
    assert.match(stdout, /RGBA?, 32 bit, transparent film/);
    assert.match(stdout, /Background +Küche/);
  });

  it('tells people what else a farm must know of', () => {
    const { stdout } = inspect(join(SCENES, '5.2', 'needs.blend'));
    for (const line of [
      /only 25 % to 75 % × 12\.5 % to 100 %, cropped/,
      /300 samples, at most 12\.5 s a frame/,
      /JPEG, BW, 8 bit, without file endings, with placeholders, is not saved/,
      /View layers +ViewLayer \(7 samples\)/,
      /at load +startup\.py/,
      /driver +frame \*\* 2 {2}← Driven 4/,
      /cloth +Cloth \(not baked\)/,
      /simulation zone +Zone/,
      /OPEN_EXR_MULTILAYER +\/\/layers\/all {2}front, back, muted/,
    ])
      assert.match(stdout, line);
    assert.doesNotMatch(stdout, /driver +frame \* 0\.1/);
  });

  it('exits with 2 and names the option it does not know', () => {
    const { status, stderr } = inspect(GOOD, '--jsno');
    assert.equal(status, 2);
    assert.match(stderr, /--jsno/);
  });

  it('exits with 2 when no file is named', () => {
    assert.equal(inspect().status, 2);
  });

  it('explains itself', () => {
    const { status, stdout } = inspect('--help');
    assert.equal(status, 0);
    assert.match(stdout, /Usage/);
  });
});

function inspect(...args: readonly string[]) {
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
}
