import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { BringError, type Brought, bringScene } from '../../services/cli/bring-scene.ts';
import { BlendError, type BlendFacts, type ExternalFile } from '../../services/control/blend/facts.ts';
import { readSettings } from '../../services/control/core/settings.ts';

type References = Readonly<Record<string, readonly (string | Partial<ExternalFile>)[]>>;

/** A folder of sources, and what their .blends refer to. */
class Desk {
  readonly dir: string;
  readonly brought = new Map<string, string>();
  references: References = {};

  constructor(t: TestContext, files: readonly string[]) {
    this.dir = mkdtempSync(join(tmpdir(), 'tablao-bring-'));
    t.after(() => rmSync(this.dir, { recursive: true, force: true }));
    for (const file of files) this.write(`src/${file}`, `content of ${file}`);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.dir, path)), { recursive: true });
    writeFileSync(join(this.dir, path), text);
  }

  bring(file: string): Promise<Brought> {
    return bringScene({
      file: join(this.dir, 'src', file),
      scenesDir: this.scenes,
      readFacts: async (path) => {
        const key = relative(join(this.dir, 'src'), path);
        if (key.startsWith('broken')) throw new BlendError('notABlend', 'no');
        return factsOf((this.references[key] ?? []).map(external));
      },
      brought: this.brought,
    });
  }

  get scenes(): string {
    return join(this.dir, 'bucket', 'scenes');
  }

  /** All files in the scenes folder. */
  there(): readonly string[] {
    const entries = readdirSync(this.scenes, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.scenes, join(entry.parentPath, entry.name)))
      .sort();
  }

  manifest(
    path: string,
  ): Record<string, unknown> & { inputs: { path: string; crc32c: string; size: number }[] } {
    return JSON.parse(readFileSync(join(this.scenes, path), 'utf8'));
  }
}

function factsOf(externalFiles: readonly ExternalFile[]): BlendFacts {
  return {
    compression: 'none',
    blenderVersion: '3.4',
    bytesTotal: 0,
    bytesRead: 0,
    activeScene: null,
    scenes: [],
    externalFiles,
    linkedImages: [],
    isRetimed: false,
    scripts: { runAtLoad: [], drivers: [] },
    simulations: [],
    outputNodes: [],
    warnings: [],
  };
}

function external(reference: string | Partial<ExternalFile>): ExternalFile {
  const plain = { kind: 'image', source: 'file', packed: false, owner: 'x' } as const;
  return typeof reference === 'string' ? { ...plain, path: reference } : { ...plain, path: '', ...reference };
}

describe('bringScene', () => {
  it('puts a lone shot at the top, with a manifest of itself', async (t) => {
    const desk = new Desk(t, ['film/sh010.blend']);
    assert.deepEqual(await desk.bring('film/sh010.blend'), {
      shot: 'sh010',
      copied: ['sh010.blend'],
      missing: [],
    });
    assert.deepEqual(desk.there(), ['sh010.blend', 'sh010.render.json']);
    const { inputs } = desk.manifest('sh010.render.json');
    assert.deepEqual(
      inputs.map(({ path, size }) => ({ path, size })),
      [{ path: 'sh010.blend', size: 27 }],
    );
  });

  it('writes a manifest that the service understands', async (t) => {
    const desk = new Desk(t, ['sh.blend']);
    desk.write('src/sh.blend', '123456789');
    await desk.bring('sh.blend');
    const read = readSettings(desk.manifest('sh.render.json'), 'x');
    assert.ok(read.ok);
    assert.equal(read.settings.inputs?.[0]?.crc32c, Buffer.from('e3069283', 'hex').toString('base64'));
  });

  it('keeps the places of all files to each other, libraries’ own references included', async (t) => {
    const desk = new Desk(t, [
      'film/shots/sh010.blend',
      'film/lib/tree.blend',
      'film/lib/maps/bark.png',
      'film/tex/wood.png',
      'film/unrelated.png',
    ]);
    desk.references = {
      'film/shots/sh010.blend': ['//../lib/tree.blend', '//../tex/wood.png'],
      'film/lib/tree.blend': ['//maps/bark.png', '//../shots/sh010.blend'],
    };
    const brought = await desk.bring('film/shots/sh010.blend');
    assert.equal(brought.shot, 'film/shots/sh010');
    assert.deepEqual(desk.there(), [
      'film/lib/maps/bark.png',
      'film/lib/tree.blend',
      'film/shots/sh010.blend',
      'film/shots/sh010.render.json',
      'film/tex/wood.png',
    ]);
    const paths = desk.manifest('film/shots/sh010.render.json').inputs.map(({ path }) => path);
    assert.deepEqual([...paths].sort(), [...brought.copied].sort());
  });

  it('takes sequences, tiles and cache folders whole, and nothing beside them', async (t) => {
    const desk = new Desk(t, [
      'p/a.blend',
      'p/seq/f_0001.png',
      'p/seq/f_0002.png',
      'p/seq/f_0002.exr',
      'p/seq/g_0001.png',
      'p/t.1001.png',
      'p/t.1002.png',
      'p/t.x.png',
      'p/cache/a/1.vdb',
      'p/cache/2.vdb',
    ]);
    desk.references = {
      'p/a.blend': [
        { path: '//seq/f_0001.png', source: 'sequence' },
        { path: '//t.<UDIM>.png', source: 'tiles' },
        { path: '//cache', kind: 'cache', source: 'folder', mayBeNeeded: true },
      ],
    };
    assert.deepEqual((await desk.bring('p/a.blend')).copied, [
      'p/a.blend',
      'p/seq/f_0001.png',
      'p/seq/f_0002.png',
      'p/t.1001.png',
      'p/t.1002.png',
      'p/cache/2.vdb',
      'p/cache/a/1.vdb',
    ]);
  });

  it('names what is missing, and leaves its place free', async (t) => {
    const desk = new Desk(t, ['film/shots/a.blend']);
    desk.references = {
      'film/shots/a.blend': [
        '//../tex/gone.png',
        { path: '//bake', kind: 'cache', source: 'folder', mayBeNeeded: true },
        { path: '//in.png', packed: true },
        '/abs/x.png',
        'C:/x.png',
      ],
    };
    const { shot, copied, missing } = await desk.bring('film/shots/a.blend');
    assert.deepEqual([shot, copied], ['film/shots/a', ['film/shots/a.blend']]);
    assert.deepEqual(
      missing.map(({ path, referredBy, problem }) => [path, referredBy, problem]),
      [
        ['/abs/x.png', 'film/shots/a.blend', 'absolute'],
        ['C:/x.png', 'film/shots/a.blend', 'absolute'],
        ['film/tex/gone.png', 'film/shots/a.blend', 'missing'],
      ],
    );
  });

  it('says what was probably meant by what is missing, by its place in the scenes folder', async (t) => {
    const desk = new Desk(t, ['film/shots/a.blend', 'film/lib/b.blend', 'film/lib/tex/wood.png']);
    desk.references = {
      'film/shots/a.blend': ['//../lib/b.blend'],
      'film/lib/b.blend': ['//tex/Wood.png', 'D:\\film\\tex\\wood.png'],
    };
    const { missing } = await desk.bring('film/shots/a.blend');
    assert.deepEqual(
      missing.map(({ path, referredBy, suggestion }) => [path, referredBy, suggestion]),
      [
        ['D:\\film\\tex\\wood.png', 'film/lib/b.blend', 'film/lib/tex/wood.png'],
        ['film/lib/tex/Wood.png', 'film/lib/b.blend', 'film/lib/tex/wood.png'],
      ],
    );
  });

  it('keeps the settings beside the shot and writes the manifest into them', async (t) => {
    const desk = new Desk(t, ['a.blend']);
    desk.write('src/a.render.json', '{"frames": "1-3", "inputs": []}');
    await desk.bring('a.blend');
    const { frames, inputs } = desk.manifest('a.render.json');
    assert.deepEqual([frames, inputs.length], ['1-3', 1]);
    assert.equal(
      readFileSync(join(desk.dir, 'src/a.render.json'), 'utf8'),
      '{"frames": "1-3", "inputs": []}',
    );
  });

  it('copies only what has changed the next time', async (t) => {
    const desk = new Desk(t, ['p/a.blend', 'p/wood.png']);
    desk.references = { 'p/a.blend': ['//wood.png'] };
    await desk.bring('p/a.blend');
    const before = statSync(join(desk.scenes, 'p/a.blend')).mtimeMs;
    desk.write('src/p/wood.png', 'CONTENT OF P/WOOD.PNG'.toLowerCase().replace('content', 'c0ntent'));
    assert.deepEqual((await desk.bring('p/a.blend')).copied, ['p/wood.png']);
    assert.equal(statSync(join(desk.scenes, 'p/a.blend')).mtimeMs, before);
    assert.deepEqual((await desk.bring('p/a.blend')).copied, []);
    assert.ok(!desk.there().some((path) => path.includes('tablao-part')));
  });

  it('brings a .blend that cannot be read as it is', async (t) => {
    const desk = new Desk(t, ['broken.blend']);
    assert.deepEqual((await desk.bring('broken.blend')).copied, ['broken.blend']);
  });

  it('leaves a shot that is in the scenes folder where it is', async (t) => {
    const desk = new Desk(t, []);
    desk.write('bucket/scenes/film/a.blend', 'x');
    assert.deepEqual(await desk.bring('../bucket/scenes/film/a.blend'), {
      shot: 'film/a',
      copied: [],
      missing: [],
    });
    assert.deepEqual(desk.there(), ['film/a.blend', 'film/a.render.json']);
  });

  it('gives a hidden folder, or one with braces, a name that can be used', async (t) => {
    const desk = new Desk(t, ['.hid{den}/a.blend', '.hid{den}/t.png']);
    desk.references = { '.hid{den}/a.blend': ['//t.png'] };
    assert.equal((await desk.bring('.hid{den}/a.blend')).shot, '_hid_den_/a');
  });

  it('does not let two shots overwrite each other', async (t) => {
    const desk = new Desk(t, ['one/film/a.blend', 'two/film/a.blend', 'one/film/b.blend']);
    await desk.bring('one/film/a.blend');
    await desk.bring('one/film/b.blend');
    await desk.bring('one/film/a.blend');
    await assert.rejects(desk.bring('two/film/a.blend'), (error: Error) => {
      assert.ok(error instanceof BringError);
      return /a\.blend would come from two places/.test(error.message);
    });
  });

  for (const [file, words] of [
    ['no.blend', /there is no such file/],
    ['a.png', /no \.blend/],
    ['dir.blend', /this is no file/],
    ['bad.blend', /no JSON object/],
  ] as const)
    it(`says what is wrong with ${file}`, async (t) => {
      const desk = new Desk(t, ['a.png', 'dir.blend/x', 'bad.blend']);
      desk.write('src/bad.render.json', '[1]');
      await assert.rejects(desk.bring(file), words);
    });
});
