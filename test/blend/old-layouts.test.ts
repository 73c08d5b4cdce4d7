import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlendFacts, SceneFacts } from '../../services/control/blend/facts.ts';
import {
  type Block,
  buildBlend,
  CLASSIC,
  GLOBAL,
  type Layout,
  STRUCTS,
  type Structs,
  sceneBlock,
  type Values,
} from './builder.ts';
import { read } from './sources.ts';

/** As files of 2.4x were: 32 bits, big endian, short numbers, the format beside the others, no engine. */
const ANCIENT: Layout = { format: 0, pointerSize: 4, littleEndian: false, version: 241 };
const ANCIENT_STRUCTS: Structs = {
  ...STRUCTS,
  ID: ['void *next', 'void *lib', 'char name[24]', 'IDProperty *properties', 'int pad'],
  RenderData: [
    'short sfra',
    'short efra',
    'short cfra',
    'short alphamode',
    'short xsch',
    'short ysch',
    'short size',
    'short frs_sec',
    'short imtype',
    'short quality',
    'short planes',
    'short renderer',
    'int mode',
    'int scemode',
    'char pic[160]',
    'ListBase layers',
  ],
  SceneRenderLayer: ['SceneRenderLayer *next', 'char name[32]', 'int layflag', 'int pad'],
  Scene: ['ID id', 'void *camera', 'RenderData r'],
};
const ANCIENT_SCENE: Values = {
  'id.name': 'SCOld',
  camera: 0x99n,
  'r.sfra': -3,
  'r.efra': 20,
  'r.cfra': 7,
  'r.alphamode': 1,
  'r.xsch': 720,
  'r.ysch': 576,
  'r.size': 50,
  'r.frs_sec': 25,
  'r.imtype': 4,
  'r.quality': 90,
  'r.planes': 24,
  'r.pic': '//render\\',
  'r.layers.first': 0x20n,
};
const LAYERS: readonly Block[] = [
  {
    code: 'DATA',
    old: 0x20n,
    struct: 'SceneRenderLayer',
    values: { next: 0x21n, name: 'On', layflag: 1 },
  },
  { code: 'DATA', old: 0x21n, struct: 'SceneRenderLayer', values: { name: 'Off', layflag: 1 << 15 } },
];

describe('files of 2.4x', () => {
  const scene: Block = { code: 'SC', old: 0x10n, struct: 'Scene', values: ANCIENT_SCENE };
  const late: Block = { ...GLOBAL, values: { curscene: 0x10n } };
  const build = (...blocks: readonly Block[]) => buildBlend(ANCIENT, blocks, { structs: ANCIENT_STRUCTS });

  it('are read by their own short fields', async () => {
    const facts = await read(build(scene, ...LAYERS, late));
    const [old] = facts.scenes;
    assert.equal(facts.blenderVersion, '2.41');
    assert.deepEqual(
      [old?.frameStart, old?.frameEnd, old?.frameStep, old?.fps, old?.resolutionX, old?.resolutionPercent],
      [-3, 20, 1, 25, 720, 50],
    );
    assert.deepEqual(
      [old?.frameCurrent, old?.filmTransparent, old?.backgroundScene, old?.seed],
      [7, true, null, null],
    );
    assert.deepEqual(
      [old?.fileFormat, old?.quality, old?.colorMode, old?.colorDepth, old?.outputPath, old?.engine],
      ['JPEG', 90, 'RGB', null, '//render/', 'BLENDER_RENDER'],
    );
    assert.deepEqual(old?.viewLayers, [
      { name: 'On', enabled: true, samples: null },
      { name: 'Off', enabled: false, samples: null },
    ]);
    assert.match(facts.warnings.join(), /BLENDER_RENDER is gone/);
  });

  it('say only at their end which scene is the active one', async () => {
    const other: Block = { ...scene, old: 0x11n, values: { ...ANCIENT_SCENE, 'id.name': 'SCOther' } };
    const facts = await read(build(other, ...LAYERS, scene, ...LAYERS, late));
    assert.equal(facts.activeScene, 'Old');
  });

  it('may end with eight bytes of their end mark', async () => {
    const whole = build(scene, ...LAYERS, late);
    const facts = await read(whole.subarray(0, whole.length - 12));
    assert.equal(facts.scenes.length, 1);
    assert.doesNotMatch(facts.warnings.join(), /end mark/);
  });
});

describe('settings that files have by version', () => {
  const cases: readonly (readonly [string, number, number, number, boolean | null])[] = [
    ['is on or off from 5.2.1 on', 502, 1, 0, false],
    ['is on when its bit is set', 502, 1, 2 ** 28, true],
    ['is nothing that older files know', 502, 0, 0, null],
    ['is nothing that older files know, whatever the bit', 405, 9, 2 ** 28, null],
  ];
  for (const [name, version, subversion, mode, saveOutput] of cases)
    it(`to save the output ${name}`, async () => {
      const layout: Layout =
        version >= 500 ? { format: 1, pointerSize: 8, littleEndian: true, version } : { ...CLASSIC, version };
      const global: Block = { ...GLOBAL, values: { subversion, curscene: 0x10n } };
      const facts = await read(buildBlend(layout, [global, sceneBlock({ 'r.mode': mode })]));
      assert.equal(facts.scenes[0]?.saveOutput, saveOutput);
    });

  it('tell an engine that only an add-on has', async () => {
    const sceneWith = async (engine: string) =>
      (await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock({ 'r.engine': engine.padEnd(32, '\0') })])))
        .scenes[0];
    assert.equal((await sceneWith('LUXCORE'))?.isAddonEngine, true);
    assert.equal((await sceneWith('BLENDER_EEVEE_NEXT'))?.isAddonEngine, false);
  });

  it('warn of what cannot be rendered: no step, no view layer', async () => {
    const layer: Block = { code: 'DATA', old: 7n, struct: 'ViewLayer', values: { name: 'Off' } };
    const scene = sceneBlock({ 'r.frame_step': 0, 'view_layers.first': 7n });
    const facts = await read(buildBlend(CLASSIC, [GLOBAL, scene, layer]));
    assert.match(facts.warnings.join(), /frame step is 0.*nothing to render/);
  });
});

describe('files written by bpy.data.libraries.write', () => {
  it('begin with what is global and are read like any other', async () => {
    const facts = await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock()]));
    assert.deepEqual([facts.activeScene, facts.warnings], ['Scene', []]);
  });

  it('may hold no scene', async () => {
    const object: Block = { code: 'OB', old: 2n, struct: 'Object', values: { 'id.name': 'OBThing' } };
    const facts = await read(buildBlend(CLASSIC, [{ ...GLOBAL, values: {} }, object]));
    assert.equal(facts.activeScene, null);
    assert.match(facts.warnings.join(), /no scene/);
  });
});

describe('files that data-blocks refer to', () => {
  const structs: Structs = {
    ...STRUCTS,
    Library: ['ID id', 'char name[1024]', 'short flag', 'short pad[3]', 'void *packedfile'],
    bSound: ['ID id', 'char name[1024]', 'void *packedfile'],
    VFont: ['ID id', 'char name[1024]', 'void *packedfile'],
    CacheFile: ['ID id', 'char filepath[1024]', 'char is_sequence', 'char pad[7]'],
    NodesModifierData: ['ModifierData modifier', 'void *node_group', 'void *simulation_bake_directory'],
    ModifierData: ['int mode', 'int pad'],
    PointCache: ['int flag', 'int startframe', 'int endframe', 'int pad', 'char path[1024]'],
    ClothModifierData: ['ModifierData modifier', 'void *point_cache'],
    SmokeModifierData: ['ModifierData modifier', 'void *domain'],
    SmokeDomainSettings: ['void *point_cache[2]'],
    bNode: ['void *id', 'void *storage', 'char idname[64]'],
    bNodeTree: ['ID id'],
  };
  const readBlocks = (blocks: readonly Block[], layout = CLASSIC): Promise<BlendFacts> =>
    read(buildBlend(layout, [GLOBAL, sceneBlock(), ...blocks], { structs }));
  const block = (code: string, struct: string, values: Values, old = 0x40n): Block => ({
    code,
    old,
    struct,
    values,
  });

  it('are libraries, unless packed or an archive; sounds; fonts, but for the built-in one; caches', async () => {
    const { externalFiles } = await readBlocks([
      block('LI', 'Library', { 'id.name': 'LIset', name: '//set.blend' }),
      block('LI', 'Library', { 'id.name': 'LIpacked', name: '//p.blend', packedfile: 5n }),
      block('LI', 'Library', { 'id.name': 'LIarchive', name: '//a.blend', flag: 1 }),
      block('SO', 'bSound', { 'id.name': 'SOwind', name: '//wind.wav' }),
      block('VF', 'VFont', { 'id.name': 'VFBfont', name: '<builtin>' }),
      block('VF', 'VFont', { 'id.name': 'VFserif', name: '//serif.ttf' }),
      block('CF', 'CacheFile', { 'id.name': 'CFcrowd', filepath: '//crowd_001.abc', is_sequence: 1 }),
    ]);
    assert.deepEqual(
      externalFiles.map(({ path, kind, packed, source }) => [path, kind, packed, source]),
      [
        ['//set.blend', 'library', false, undefined],
        ['//p.blend', 'library', true, undefined],
        ['//wind.wav', 'sound', false, undefined],
        ['//serif.ttf', 'font', false, undefined],
        ['//crowd_001.abc', 'cache', false, 'sequence'],
      ],
    );
  });

  const thing = block('OB', 'Object', { 'id.name': 'OBThing' });

  it('are external caches, and folders beside the file for caches on disk', async () => {
    const cloth = (flag: number) => [
      thing,
      block('DATA', 'ClothModifierData', { 'modifier.mode': 3, point_cache: 9n }, 8n),
      block('DATA', 'PointCache', { flag, path: '//ext', startframe: 1, endframe: 9 }, 9n),
    ];
    const external = await readBlocks(cloth(1 << 9));
    assert.deepEqual(external.externalFiles, [
      { path: '//ext', kind: 'cache', source: 'folder', packed: false, owner: 'Thing' },
    ]);
    assert.equal(external.simulations[0]?.isBaked, true);
    const onDisk = await readBlocks(cloth(1 << 6));
    assert.equal(onDisk.externalFiles[0]?.path, '//blendcache_<blend>');
    const [simulation] = onDisk.simulations;
    assert.deepEqual(simulation, {
      kind: 'cloth',
      owner: 'Thing',
      isBaked: false,
      isOnDisk: true,
      frames: { start: 1, end: 9 },
    });
  });

  it('simulate smoke up to 2.81', async () => {
    const { simulations } = await readBlocks([
      thing,
      block('DATA', 'SmokeModifierData', { 'modifier.mode': 3, domain: 7n }, 6n),
      block('DATA', 'SmokeDomainSettings', { point_cache: 9n }, 7n),
      block('DATA', 'PointCache', { flag: 1, startframe: 1, endframe: 5 }, 9n),
    ]);
    assert.deepEqual(
      simulations.map(({ kind, isBaked }) => [kind, isBaked]),
      [['smoke', true]],
    );
  });

  it('name the folder of a simulation where it was given one, and find zones in groups that use each other', async () => {
    const tree = (name: string, old: bigint, uses: bigint, idname: string) => [
      block('NT', 'bNodeTree', { 'id.name': `NT${name}` }, old),
      block('DATA', 'bNode', { id: uses, idname }, 2n),
    ];
    const facts = await readBlocks([
      thing,
      block('DATA', 'NodesModifierData', {
        'modifier.mode': 3,
        node_group: 0x50n,
        simulation_bake_directory: 0x77n,
      }),
      { code: 'DATA', old: 0x77n, raw: Buffer.from('//bakes\\here\0') },
      ...tree('A', 0x50n, 0x51n, 'GeometryNodeGroup'),
      ...tree('B', 0x51n, 0x50n, 'GeometryNodeGroup'),
    ]);
    assert.deepEqual([facts.externalFiles[0]?.path, facts.simulations], ['//bakes/here', []]);
    const zone = await readBlocks([
      thing,
      block('DATA', 'NodesModifierData', { 'modifier.mode': 3, node_group: 0x50n }),
      ...tree('A', 0x50n, 0x51n, 'GeometryNodeGroup'),
      ...tree('B', 0x51n, 0x50n, 'GeometryNodeSimulationOutput'),
    ]);
    assert.equal(zone.simulations[0]?.kind, 'simulationZone');
  });

  it('are not said to be shown by nobody in files from before 2.80, whose meshes show images', async () => {
    const image = block('IM', 'Image', { 'id.name': 'IMWood', name: '//wood.png', source: 1 });
    const old = await readBlocks([image], { ...CLASSIC, version: 279 });
    assert.equal(old.externalFiles[0]?.shown, undefined);
  });
});

describe('a scene that only names what is not there', () => {
  it('is read, with the doubts said', async () => {
    const scene = sceneBlock({
      'view_layers.first': 0xbadn,
      'markers.first': 0xbadn,
      camera: 0n,
      ed: 0xbadn,
      'r.scemode': 1,
    });
    const facts = await read(buildBlend(CLASSIC, [GLOBAL, scene]));
    const [found]: readonly SceneFacts[] = facts.scenes;
    assert.deepEqual([found?.viewLayers, found?.canRender], [[], false]);
    assert.equal(facts.warnings.length, 3);
  });
});
