import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { createLocalScenes, HOLD_STILL_MS } from '../../../services/control/adapters/local/scenes.ts';
import { describeScenesContract, lookUntilHashed } from '../../contracts/scenes.ts';
import { FakeScenes } from '../../fakes/fake-buckets.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeScenesContract('fake', () => {
  const scenes = new FakeScenes({ clock: new FakeClock() });
  return { scenes, put: (path, text) => scenes.put(path, text), remove: (path) => scenes.remove(path) };
});

describeScenesContract('local', (t) => bucket(t, { aheadMs: HOLD_STILL_MS + 1000 }));

const isUnix = process.platform !== 'win32';

describe('local scenes', () => {
  test('a file counts once it has held still by the clock of the disk', async (t) => {
    let aheadMs = 0;
    const dir = temporaryFolder(t);
    const scenes = createLocalScenes({ dir, storageNow: async () => Date.now() + aheadMs });
    writeFileSync(join(dir, 'shot.blend'), 'half');
    assert.equal(await scenes.look('shot.blend'), null);
    assert.deepEqual(await scenes.list(), []);
    aheadMs = HOLD_STILL_MS + 1000;
    assert.equal((await scenes.look('shot.blend'))?.size, 4);
  });

  test('a file whose own time lies years ahead counts by the time at which it came', async (t) => {
    const { scenes, put, dir } = bucket(t, { aheadMs: HOLD_STILL_MS + 1000 });
    put('tex.png', 'x');
    utimesSync(join(dir, 'tex.png'), new Date(), new Date('2099-01-01'));
    const seen = await scenes.look('tex.png');
    assert.ok(seen !== null && Math.abs(seen.updatedAt - Date.now()) < 60_000);
  });

  test('leaves out what is hidden, temporary, or a backup of Blender', async (t) => {
    const { scenes, put } = bucket(t, { aheadMs: 60_000 });
    for (const name of [
      '.hidden.blend',
      'shot.blend1',
      'shot.blend~',
      'a.part',
      'b.crdownload',
      'c.tmp',
      '.git/x',
    ])
      put(name, 'x');
    put('shot.blend', 'x');
    assert.deepEqual(
      (await scenes.list()).map(({ path }) => path),
      ['shot.blend'],
    );
    assert.equal(await scenes.look('shot.blend1'), null);
    assert.equal(await scenes.look('.git/x'), null);
  });

  test('follows links inside the bucket only, and no circle', { skip: !isUnix }, async (t) => {
    const { scenes, put, dir } = bucket(t, { aheadMs: 60_000 });
    const outside = temporaryFolder(t);
    writeFileSync(join(outside, 'secret.txt'), 'secret');
    put('film/tex.png', 'x');
    symlinkSync(outside, join(dir, 'out'));
    symlinkSync(join(outside, 'secret.txt'), join(dir, 'secret.txt'));
    symlinkSync('..', join(dir, 'film', 'up'));
    symlinkSync('film', join(dir, 'same'));
    const paths = (await scenes.list()).map(({ path }) => path);
    assert.ok(paths.includes('film/tex.png') && paths.includes('same/tex.png'));
    assert.deepEqual(
      paths.filter((path) => path.includes('secret')),
      [],
    );
    assert.equal(await scenes.look('out/secret.txt'), null);
    assert.equal(await scenes.look('secret.txt'), null);
  });

  test('tells of a name that is no UTF-8 and goes on', { skip: process.platform !== 'linux' }, async (t) => {
    const odd: string[] = [];
    const dir = temporaryFolder(t);
    const storageNow = async () => Date.now() + 60_000;
    const scenes = createLocalScenes({ dir, storageNow, onOddName: (path) => odd.push(path) });
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/h`), Buffer.from([0xe4]), Buffer.from('lle.png')]), 'x');
    writeFileSync(join(dir, 'shot.blend'), 'x');
    assert.deepEqual(
      (await scenes.list()).map(({ path }) => path),
      ['shot.blend'],
    );
    assert.deepEqual(odd, ['hälle.png']);
  });

  test('a checksum is that of the generation it stands beside', async (t) => {
    const { scenes, put } = bucket(t, { aheadMs: 60_000 });
    put('shot.blend', '123456789');
    await lookUntilHashed(scenes, 'shot.blend');
    put('shot.blend', 'something else');
    const seen = await scenes.look('shot.blend');
    assert.equal(seen?.crc32c, null);
    assert.notEqual((await lookUntilHashed(scenes, 'shot.blend')).crc32c, '4waSgw==');
  });
});

function bucket(t: { after(fn: () => unknown): void }, { aheadMs }: { readonly aheadMs: number }) {
  const dir = temporaryFolder(t);
  const scenes = createLocalScenes({ dir, storageNow: async () => Date.now() + aheadMs });
  return {
    dir,
    scenes,
    put(path: string, text: string) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, `${path}.new`), text);
      renameSync(join(dir, `${path}.new`), join(dir, path));
    },
    remove: (path: string) => rmSync(join(dir, path)),
  };
}
