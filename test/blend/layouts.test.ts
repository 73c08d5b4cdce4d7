import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Block,
  buildBlend,
  CLASSIC,
  GLOBAL,
  type Layout,
  STRUCTS,
  sceneBlock,
  type Values,
} from './builder.ts';
import { read } from './sources.ts';

const LAYOUTS: readonly (readonly [name: string, layout: Layout])[] = [
  ['32-bit big endian', { format: 0, pointerSize: 4, littleEndian: false, version: 260 }],
  ['32-bit little endian', { format: 0, pointerSize: 4, littleEndian: true, version: 279 }],
  ['64-bit big endian', { format: 0, pointerSize: 8, littleEndian: false, version: 279 }],
  ['64-bit little endian', CLASSIC],
  ['format of Blender 5', { format: 1, pointerSize: 8, littleEndian: true, version: 502 }],
];

const ID = 0x5b46ff59n;
const LAYERS: readonly Block[] = [
  { code: 'DATA', old: ID, struct: 'ViewLayer', values: { next: ID + 1n, name: 'Front', flag: 1 } },
  { code: 'DATA', old: ID + 1n, struct: 'ViewLayer', values: { name: 'Back' } },
];

describe('reading by the DNA of the file', () => {
  for (const [name, layout] of LAYOUTS)
    it(`gives the same facts from a file with the ${name}`, async () => {
      const scene = sceneBlock({ 'view_layers.first': ID });
      const facts = await read(buildBlend(layout, [GLOBAL, scene, ...LAYERS]));
      const [read0] = facts.scenes;
      assert.equal(facts.activeScene, 'Scene');
      assert.deepEqual(facts.warnings, []);
      assert.equal(read0?.frameEnd, 10);
      assert.equal(read0?.resolutionPercent, 50);
      assert.equal(read0?.samples, 33);
      assert.equal(read0?.outputPath, '//out/frame');
      assert.equal(read0?.fileFormat, 'PNG');
      assert.equal(read0?.hasCamera, true);
      assert.deepEqual(read0?.viewLayers, [
        { name: 'Front', enabled: true, samples: null },
        { name: 'Back', enabled: false, samples: null },
      ]);
    });

  it('names versions as people do', async () => {
    const versionOf = async (layout: Layout) =>
      (await read(buildBlend(layout, [GLOBAL, sceneBlock()]))).blenderVersion;
    const found = await Promise.all(LAYOUTS.map(([, layout]) => versionOf(layout)));
    assert.deepEqual(found, ['2.60', '2.79', '2.79', '3.4', '5.2']);
  });

  it('keeps 64-bit addresses apart that a Number would confuse', async () => {
    const near = 0x5b46ff59012d2f90n;
    const scene = sceneBlock({ 'view_layers.first': near });
    const layer = (old: bigint, name: string): Block => ({
      code: 'DATA',
      old,
      struct: 'ViewLayer',
      values: { name, flag: 1 },
    });
    const facts = await read(
      buildBlend(CLASSIC, [GLOBAL, scene, layer(near, 'right'), layer(near + 1n, 'wrong')]),
    );
    assert.deepEqual(facts.scenes[0]?.viewLayers, [{ name: 'right', enabled: true, samples: null }]);
  });

  it('resolves pointers within their own data-block, as addresses repeat since Blender 5', async () => {
    const five: Layout = { format: 1, pointerSize: 8, littleEndian: true, version: 502 };
    const layer = (name: string): Block => ({
      code: 'DATA',
      old: ID,
      struct: 'ViewLayer',
      values: { name, flag: 1 },
    });
    const scene = (name: string, old: bigint) =>
      sceneBlock({ 'id.name': `SC${name}`, 'view_layers.first': ID }, old);
    const facts = await read(
      buildBlend(five, [GLOBAL, scene('A', 0x10n), layer('a'), scene('B', 0x11n), layer('b')]),
    );
    assert.deepEqual(
      facts.scenes.map((one) => one.viewLayers[0]?.name),
      ['a', 'b'],
    );
  });
});

describe('what a Blender did not have yet', () => {
  const without = (...gone: readonly string[]) => ({
    ...STRUCTS,
    RenderData: (STRUCTS.RenderData ?? []).filter((line) => !gone.some((name) => line.includes(name))),
  });
  const valuesWithout = (...gone: readonly string[]): Block => {
    const { values, ...rest } = sceneBlock();
    const left = Object.entries(values ?? {}).filter(([path]) => !gone.some((name) => path.includes(name)));
    return { ...rest, values: Object.fromEntries(left) as Values };
  };

  it('takes steps of 1, a base of 1 and the internal renderer for files of 2.4x', async () => {
    const gone = ['frame_step', 'frs_sec_base', 'engine'];
    const facts = await read(
      buildBlend(CLASSIC, [GLOBAL, valuesWithout(...gone)], { structs: without(...gone) }),
    );
    const [scene] = facts.scenes;
    assert.deepEqual(
      [scene?.frameStep, scene?.fpsBase, scene?.engine, scene?.samples],
      [1, 1, 'BLENDER_RENDER', null],
    );
  });

  it('calls a file corrupt whose scenes have no frames at all', async () => {
    const file = buildBlend(CLASSIC, [GLOBAL, valuesWithout('sfra')], { structs: without('sfra') });
    await assert.rejects(read(file), { name: 'BlendError', code: 'corrupt' });
  });
});

describe('the active scene', () => {
  it('is the first one, with a warning, when the file names none', async () => {
    const facts = await read(buildBlend(CLASSIC, [sceneBlock()]));
    assert.equal(facts.activeScene, 'Scene');
    assert.match(facts.warnings.join(), /names no active scene/);
  });

  it('is null, with a warning, when it is linked from another file', async () => {
    const linked: Block = { code: 'ID', old: 0x10n, struct: 'ID', values: { name: 'SCElsewhere' } };
    const facts = await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock({}, 0x20n), linked]));
    assert.equal(facts.activeScene, null);
    assert.match(facts.warnings.join(), /"Elsewhere" is linked/);
  });
});
