import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ObjectSeen, Scenes } from '../../services/control/ports/buckets.ts';
import { isPortError } from '../../services/control/ports/errors.ts';

interface ScenesWorld {
  readonly scenes: Scenes;
  /** Uploads an object and lets it hold still. */
  readonly put: (path: string, text: string) => void;
  readonly remove: (path: string) => void;
}

export function describeScenesContract(
  name: string,
  makeWorld: (t: { after(fn: () => unknown): void }) => Promise<ScenesWorld> | ScenesWorld,
): void {
  describe(`scenes contract: ${name}`, () => {
    test('an empty bucket lists nothing', async (t) => {
      const { scenes } = await makeWorld(t);
      assert.deepEqual(await scenes.list(), []);
      assert.equal(await scenes.look('film/shot.blend'), null);
    });

    test('lists shots and their settings by their paths, and looks at one alike', async (t) => {
      const { scenes, put } = await makeWorld(t);
      put('film/shot 1.blend', 'BLENDER');
      put('film/hôlz/rauch.render.json', '{}');
      const listed = await scenes.list();
      assert.deepEqual(listed.map(({ path }) => path).sort(), [
        'film/hôlz/rauch.render.json',
        'film/shot 1.blend',
      ]);
      const looked = await scenes.look('film/shot 1.blend');
      const { generation, size } = listed.find(({ path }) => path === 'film/shot 1.blend') ?? {};
      assert.deepEqual([looked?.generation, looked?.size, size], [generation, 7, 7]);
    });

    test('lists what begins alike, with or without what lies in folders below', async (t) => {
      const { scenes, put } = await makeWorld(t);
      for (const path of ['f/plate_1.png', 'f/plate_2.png', 'f/other.png', 'f/plate_x/3.png', 'plate_9.png'])
        put(path, path);
      const under = async (prefix: string, isDeep: boolean) => {
        const { objects, isWhole } = await scenes.listUnder(prefix, { isDeep, limit: 100 });
        assert.equal(isWhole, true);
        return objects.map(({ path }) => path).sort();
      };
      assert.deepEqual(await under('f/plate_', false), ['f/plate_1.png', 'f/plate_2.png']);
      assert.deepEqual(await under('f/plate_', true), ['f/plate_1.png', 'f/plate_2.png', 'f/plate_x/3.png']);
      assert.deepEqual(await under('f/', false), ['f/other.png', 'f/plate_1.png', 'f/plate_2.png']);
      assert.deepEqual(await under('plate', false), ['plate_9.png']);
      assert.equal((await under('', true)).length, 5);
      for (const nowhere of ['g/', 'f/plate_1.png/', '../', '/', 'f/../f/'])
        assert.deepEqual(await under(nowhere, true), [], nowhere);
    });

    test('says so when there is more than the limit', async (t) => {
      const { scenes, put } = await makeWorld(t);
      for (let frame = 1; frame <= 5; frame += 1) put(`f/${frame}.png`, 'x');
      const some = await scenes.listUnder('f/', { isDeep: false, limit: 4 });
      assert.deepEqual([some.objects.length, some.isWhole], [4, false]);
      const all = await scenes.listUnder('f/', { isDeep: false, limit: 5 });
      assert.deepEqual([all.objects.length, all.isWhole], [5, true]);
      const [first] = all.objects;
      const looked = await scenes.look(first?.path ?? '');
      assert.deepEqual([looked?.generation, looked?.size], [first?.generation, first?.size]);
    });

    test('knows the CRC-32C of what it was asked to look at, sooner or later', async (t) => {
      const { scenes, put } = await makeWorld(t);
      put('shot.blend', '123456789');
      assert.equal((await lookUntilHashed(scenes, 'shot.blend')).crc32c, '4waSgw==');
    });

    test('an object that was written anew has another generation', async (t) => {
      const { scenes, put } = await makeWorld(t);
      put('shot.blend', 'one');
      const first = await scenes.look('shot.blend');
      put('shot.blend', 'three');
      const second = await scenes.look('shot.blend');
      assert.ok(first !== null && second !== null);
      assert.notEqual(first.generation, second.generation);
    });

    test('reads ranges of exactly one generation, shorter at the end', async (t) => {
      const { scenes, put } = await makeWorld(t);
      put('shot.blend', '0123456789');
      const { generation } = (await scenes.look('shot.blend')) ?? { generation: '' };
      const read = async (offset: number, length: number) =>
        new TextDecoder().decode(await scenes.read('shot.blend', generation, offset, length));
      assert.equal(await read(2, 3), '234');
      assert.equal(await read(8, 100), '89');
      assert.equal(await read(10, 5), '');
      assert.equal(await read(99, 5), '');
    });

    test('reading what was overwritten or removed since is notFound', async (t) => {
      const { scenes, put, remove } = await makeWorld(t);
      put('a.blend', 'one');
      put('b.blend', 'one');
      const [a, b] = [await scenes.look('a.blend'), await scenes.look('b.blend')];
      assert.ok(a !== null && b !== null);
      put('a.blend', 'another');
      remove('b.blend');
      for (const { path, generation } of [a, b])
        await assert.rejects(scenes.read(path, generation, 0, 3), (error) => isPortError(error, 'notFound'));
      assert.equal(await scenes.look('b.blend'), null);
    });

    test('a path that leads out of the bucket is absent', async (t) => {
      const { scenes, put } = await makeWorld(t);
      put('film/shot.blend', 'x');
      for (const path of [
        '',
        '/',
        '..',
        '../secret',
        'film/../film/shot.blend',
        '/etc/passwd',
        'film',
        'film/',
      ])
        assert.equal(await scenes.look(path), null, path);
    });
  });
}

export async function lookUntilHashed(scenes: Scenes, path: string): Promise<ObjectSeen> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const seen = await scenes.look(path);
    if (seen !== null && seen.crc32c !== null) return seen;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`${path} was never hashed`);
}
