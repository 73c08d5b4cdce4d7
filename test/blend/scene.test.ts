import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import type { BlendSettings, SceneFacts } from '../../services/control/blend/facts.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { type Block, buildBlend, CLASSIC, GLOBAL, sceneBlock, type Values } from './builder.ts';
import { memorySource, read } from './sources.ts';

const GROUP = 6;
const INT = 1;
const FLOAT = 2;

describe('samples of Cycles', () => {
  const cases: readonly (readonly [
    name: string,
    version: number,
    subversion: number,
    props: Values,
    samples: number | null,
  ])[] = [
    ['are the stored ones', 304, 6, { samples: 77 }, 77],
    ['default to 4096 after 3.0.25', 300, 26, {}, 4096],
    ['default to 128 up to 3.0.25', 300, 25, {}, 128],
    ['default to 128 after 2.76.8', 276, 9, {}, 128],
    ['default to 10 up to 2.76.8', 276, 8, {}, 10],
    ['are squared when an old file says so', 279, 0, { samples: 9, use_square_samples: 1 }, 81],
    ['are not squared in newer files', 304, 0, { samples: 9, use_square_samples: 1 }, 9],
    ['are not known for branched path tracing', 279, 0, { samples: 9, progressive: 0 }, null],
  ];
  for (const [name, version, subversion, props, samples] of cases)
    it(name, async () => {
      const scene = await readCycles(version, subversion, propertyBlocks(props));
      assert.equal(scene.samples, samples);
    });

  it('are not mistaken for what users store under the same name', async () => {
    const decoys = [
      property(1n, 0n, '', GROUP, { 'data.group.first': 2n }),
      property(2n, 3n, 'samples', INT, { 'data.val': 5 }),
      property(3n, 0n, 'mine', GROUP, { 'data.group.first': 4n }),
      property(4n, 0n, 'samples', INT, { 'data.val': 6 }),
    ];
    assert.equal((await readCycles(304, 6, decoys)).samples, 4096);
  });

  it('are unknown, not the default, when the properties cannot be followed', async () => {
    const broken = [property(1n, 0n, '', GROUP, { 'data.group.first': 0xbadn })];
    const scene = await readCycles(304, 6, broken);
    assert.deepEqual([scene.samples, scene.device, scene.useDenoising], [null, null, null]);
  });

  it('are unknown when the properties go in a circle', async () => {
    const circle = [
      property(1n, 0n, '', GROUP, { 'data.group.first': 2n }),
      property(2n, 3n, 'a', FLOAT),
      property(3n, 2n, 'b', FLOAT),
    ];
    assert.equal((await readCycles(304, 6, circle)).samples, null);
  });
});

describe('transparent film and bounces', () => {
  const cases: readonly (readonly [name: string, version: number, props: Values, said: unknown])[] = [
    ['are those of Cycles itself up to 2.79', 279, { film_transparent: 1, max_bounces: 4 }, [true, 4]],
    ['are off and not known up to 2.79, where nobody changed them', 279, {}, [false, null]],
    ['are not what an old property says since 2.80', 280, { film_transparent: 1 }, [false, 12]],
  ];
  for (const [name, version, props, said] of cases)
    it(name, async () => {
      const scene = await readCycles(version, 0, propertyBlocks(props));
      assert.deepEqual([scene.filmTransparent, scene.maxBounces], said);
    });

  it('are not known up to 2.79 when the properties cannot be followed', async () => {
    const broken = [property(1n, 0n, '', GROUP, { 'data.group.first': 0xbadn })];
    assert.equal((await readCycles(279, 0, broken)).filmTransparent, null);
  });
});

describe('the background scene', () => {
  it('is named wherever it stands in the file', async () => {
    const { scenes, warnings } = await read(
      buildBlend(CLASSIC, [GLOBAL, sceneBlock({ set: 0x11n }), sceneBlock({ 'id.name': 'SCSet' }, 0x11n)]),
    );
    assert.deepEqual([scenes.map((scene) => scene.backgroundScene), warnings], [['Set', null], []]);
  });

  it('is named when it is linked, but not before its name was read', async () => {
    const linked: Block = { code: 'ID', old: 0x12n, struct: 'ID', values: { name: 'SCElsewhere' } };
    let early: BlendSettings | undefined;
    const file = buildBlend(CLASSIC, [GLOBAL, sceneBlock({ set: 0x12n }), linked]);
    const { scenes, warnings } = await readBlend(memorySource(file), blendTools, {
      onSettings: (settings) => {
        early = settings;
      },
    });
    assert.deepEqual([scenes[0]?.backgroundScene, warnings], ['Elsewhere', []]);
    assert.equal(early?.scenes[0]?.backgroundScene, null);
    assert.match(early?.warnings.join() ?? '', /background scene is none of this file's own/);
  });

  it('is said to be missing when it is', async () => {
    const { scenes, warnings } = await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock({ set: 0xbadn })]));
    assert.equal(scenes[0]?.backgroundScene, null);
    assert.match(warnings.join(), /background scene/);
  });
});

describe('whether a scene can be rendered', () => {
  const marker = (camera: bigint): Block => ({
    code: 'DATA',
    old: 7n,
    struct: 'TimeMarker',
    values: { camera },
  });
  const editing = (first: bigint): Block => ({
    code: 'DATA',
    old: 8n,
    struct: 'Editing',
    values: { 'seqbase.first': first },
  });
  const cases: readonly (readonly [
    name: string,
    values: Values,
    data: readonly Block[],
    canRender: boolean,
  ])[] = [
    ['no without a camera', {}, [], false],
    ['yes when a marker brings one', { 'markers.first': 7n }, [marker(9n)], true],
    ['no when its markers bring none', { 'markers.first': 7n }, [marker(0n)], false],
    [
      'no when markers may not switch cameras',
      { 'markers.first': 7n, 'r.mode': 1 << 12 },
      [marker(9n)],
      false,
    ],
    ['yes with a strip in the sequencer', { ed: 8n, 'r.scemode': 1 }, [editing(9n)], true],
    ['no when the sequencer is empty', { ed: 8n, 'r.scemode': 1 }, [editing(0n)], false],
    ['no when the sequencer is off', { ed: 8n }, [editing(9n)], false],
  ];
  for (const [name, values, data, canRender] of cases)
    it(name, async () => {
      const facts = await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock({ camera: 0n, ...values }), ...data]));
      assert.equal(facts.scenes[0]?.hasCamera, false);
      assert.equal(facts.scenes[0]?.canRender, canRender);
    });
});

describe('the output of a scene', () => {
  const formats: readonly (readonly [imtype: number, name: string, isMovie: boolean])[] = [
    [4, 'JPEG', false],
    [28, 'OPEN_EXR_MULTILAYER', false],
    [24, 'FFMPEG', true],
    [18, 'unknown', true],
    [255, 'unknown', false],
  ];
  for (const [imtype, name, isMovie] of formats)
    it(`is ${name}${isMovie ? ', a movie,' : ''} for format ${imtype}`, async () => {
      const facts = await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock({ 'r.im_format.imtype': imtype })]));
      assert.deepEqual([facts.scenes[0]?.fileFormat, facts.scenes[0]?.isMovie], [name, isMovie]);
      assert.equal(facts.warnings.length, name === 'unknown' ? 1 : 0);
    });

  it('ends with its array when there is no NUL', async () => {
    const facts = await read(
      buildBlend(CLASSIC, [GLOBAL, sceneBlock({ 'r.pic': 'x'.repeat(1024), 'r.sfra': 0x41414141 })]),
    );
    assert.equal(facts.scenes[0]?.outputPath.length, 1024);
  });
});

describe('files that it refers to', () => {
  const image = (values: Values): Block => ({
    code: 'IM',
    old: 0x30n,
    struct: 'Image',
    values: { 'id.name': 'IMWood', source: 1, ...values },
  });
  const filesOf = async (...blocks: readonly Block[]) =>
    (await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock(), ...blocks]))).externalFiles;

  it('are named as stored, with forward slashes', async () => {
    const files = await filesOf(image({ name: '//tex\\wood.png' }));
    assert.deepEqual(files, [
      { path: '//tex/wood.png', kind: 'image', source: 'file', packed: false, owner: 'Wood', shown: [] },
    ]);
  });

  it('include packed ones, marked as such', async () => {
    assert.equal((await filesOf(image({ name: 'a.png', packedfile: 5n })))[0]?.packed, true);
  });

  it('leave out generated images, empty paths and what is linked from elsewhere', async () => {
    const none = [image({ name: 'a.png', source: 4 }), image({}), image({ name: 'a.png', 'id.lib': 5n })];
    assert.deepEqual(await filesOf(...none), []);
  });

  it('may be a library’s, whose image this file shows in its own way', async () => {
    const library = (path: string, old: bigint): Block => ({
      code: 'LI',
      old,
      struct: 'Library',
      values: { 'id.name': 'LIlib', name: path },
    });
    const linked = (name: string, old: bigint): Block => ({
      code: 'ID',
      old,
      struct: 'ID',
      values: { name },
    });
    const user: Block = { code: 'OB', old: 0x40n, struct: 'Object', values: { 'id.name': 'OBUser' } };
    const shows = property(1n, 0n, 'picture', 7, { 'data.pointer': 0x52n });
    const { linkedImages } = await read(
      buildBlend(CLASSIC, [
        ...[GLOBAL, sceneBlock(), user, shows, library('//a.blend', 0x50n), linked('IMWood', 0x51n)],
        ...[library('//lib\\b.blend', 0x53n), linked('OBWood', 0x54n), linked('IMWood', 0x52n)],
      ]),
    );
    assert.deepEqual(linkedImages, [{ library: '//lib/b.blend', name: 'Wood' }]);
  });

  it('include the caches of modifiers, under the name of their object', async () => {
    const object: Block = { code: 'OB', old: 0x40n, struct: 'Object', values: { 'id.name': 'OBCloth' } };
    const cache: Block = {
      code: 'DATA',
      old: 1n,
      struct: 'MeshCacheModifierData',
      values: { filepath: '//c.pc2' },
    };
    assert.deepEqual(await filesOf(object, cache), [
      { path: '//c.pc2', kind: 'cache', packed: false, owner: 'Cloth' },
    ]);
  });
});

async function readCycles(version: number, subversion: number, data: readonly Block[]): Promise<SceneFacts> {
  const global: Block = { ...GLOBAL, values: { subversion, curscene: 0x10n } };
  const scene = sceneBlock({ 'r.engine': 'CYCLES\0\0\0\0\0\0\0', 'id.properties': 1n });
  const facts = await read(buildBlend({ ...CLASSIC, version }, [global, scene, ...data]));
  assert.ok(facts.scenes[0]);
  return facts.scenes[0];
}

/** Root, group `cycles` and its numbers. */
function propertyBlocks(numbers: Values): readonly Block[] {
  const entries = Object.entries(numbers);
  return [
    property(1n, 0n, '', GROUP, { 'data.group.first': 2n }),
    property(2n, 0n, 'cycles', GROUP, { 'data.group.first': entries.length > 0 ? 10n : 0n }),
    ...entries.map(([name, value], index) => {
      const next = index + 1 < entries.length ? BigInt(index + 11) : 0n;
      return property(BigInt(index + 10), next, name, INT, { 'data.val': value });
    }),
  ];
}

function property(old: bigint, next: bigint, name: string, type: number, values: Values = {}): Block {
  return { code: 'DATA', old, struct: 'IDProperty', values: { next, name, type, ...values } };
}
