import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { temporaryFolder } from '../adapters/local/temporary-folder.ts';
import { blend } from '../closure/blends.ts';

const CLI = join(import.meta.dirname, '..', '..', 'services', 'cli', 'inspect.ts');

/** A film with a texture in its library and a sequence, of which these are not there. */
function film(t: TestContext, { without = [] as readonly string[] } = {}): string {
  const folder = realpathSync(temporaryFolder(t));
  const files: Record<string, Uint8Array | string> = {
    'film/sh.blend': blend({ libraries: ['//lib/tree.blend'], sequences: ['//seq/p_01.png'] }),
    'film/lib/tree.blend': blend({ images: ['//maps/bark.png', '/home/anna/tex/leaf.png'] }),
    'film/lib/maps/bark.png': 'bark',
    'film/lib/maps/Leaf.png': 'leaf',
    ...Object.fromEntries([1, 2, 3, 4].map((frame) => [`film/seq/p_0${frame}.png`, 'x'])),
  };
  for (const [path, content] of Object.entries(files)) {
    if (without.includes(path)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

function inspect(folder: string, ...options: readonly string[]) {
  const args = [CLI, '--closure', join(folder, 'film/sh.blend'), ...options];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('npm run inspect -- --closure', () => {
  it('prints every input with its state, who refers to it, its size, and the file that was probably meant', (t) => {
    const folder = film(t);
    const { status, stdout } = inspect(folder, '--json');
    const [{ file, root, inputs, missing }] = JSON.parse(stdout);
    assert.deepEqual(
      [status, file, root, missing],
      [1, join(folder, 'film/sh.blend'), join(folder, 'film'), 1],
    );
    const lib = join(folder, 'film/lib');
    assert.deepEqual(inputs[0], {
      path: '/home/anna/tex/leaf.png',
      kind: 'image',
      owner: 'i1',
      referredBy: join(lib, 'tree.blend'),
      state: 'absolute',
      size: null,
      suggestion: join(lib, 'maps/Leaf.png'),
    });
    const bark = inputs.find((input: { path: string }) => input.path === join(lib, 'maps/bark.png'));
    assert.deepEqual([bark.state, bark.size, bark.referredBy], ['present', 4, join(lib, 'tree.blend')]);
    assert.equal(inputs.length, 8);
  });

  it('shows people what is missing first, and a sequence in one row', (t) => {
    const folder = film(t, { without: ['film/seq/p_02.png', 'film/seq/p_03.png'] });
    const { status, stdout } = inspect(folder);
    const [, summary, first, second] = stdout.split('\n');
    assert.equal(status, 1);
    assert.match(summary ?? '', /^ {2}8 files, .*, 3 missing/);
    assert.match(
      first ?? '',
      /ABSOLUTE +image +\/home\/anna\/tex\/leaf\.png .*did you mean lib\/maps\/Leaf\.png\?$/,
    );
    assert.match(
      second ?? '',
      /MISSING +image +seq\/p_02\.png … p_03\.png \(2 files\) +← i100 in sh\.blend$/,
    );
  });

  it('asks for the frames that the settings beside the shot name', (t) => {
    const folder = film(t, { without: ['film/seq/p_03.png'] });
    const missing = (frames: string) => {
      writeFileSync(join(folder, 'film/sh.render.json'), JSON.stringify({ frames }));
      return JSON.parse(inspect(folder, '--json').stdout)[0].missing;
    };
    assert.deepEqual([missing('1-2'), missing('1-4')], [1, 2]);
  });

  it('ends with 0 when all is there', (t) => {
    const folder = film(t);
    writeFileSync(join(folder, 'film/lib/tree.blend'), blend({ images: ['//maps/bark.png'] }));
    const { status, stdout } = inspect(folder);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /7 files, .* all there/);
  });

  it('names a library that is no .blend, and a shot that is not there', (t) => {
    const folder = film(t);
    writeFileSync(join(folder, 'film/lib/tree.blend'), 'no');
    const [{ inputs: found, warnings }] = JSON.parse(inspect(folder, '--json').stdout);
    const states = found.map((one: { state: string }) => one.state);
    assert.deepEqual(states.slice(0, 2), ['unreadable', 'present']);
    assert.match(warnings[0], /lib\/tree\.blend cannot be read: .+/);
    const gone = film(t, { without: ['film/sh.blend'] });
    const [{ inputs, missing }] = JSON.parse(inspect(gone, '--json').stdout);
    assert.deepEqual([inputs.length, missing, inputs[0].kind], [1, 1, 'shot']);
  });
});
