import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import { readBlend } from '../../services/control/blend/read.ts';
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
import { memorySource } from './sources.ts';

const BLENDER_5: Layout = { format: 1, pointerSize: 8, littleEndian: true, version: 502 };
const MESHES = 24;
const structs = {
  ...STRUCTS,
  CustomData: ['void *layers', 'void *external', 'int totlayer', 'int pad'],
  Mesh: [
    'ID id',
    ...['totvert', 'totedge', 'totloop', 'totpoly'].map((name) => `int ${name}`),
    ...['vdata', 'edata', 'ldata', 'pdata'].map((name) => `CustomData ${name}`),
  ],
  CustomDataLayer: ['int type', 'int flag', 'char name[56]'],
  CustomDataExternal: ['char filename[1024]'],
  MVert: ['float co[3]'],
};
const IMAGE: Block = {
  code: 'IM',
  old: 0x30n,
  struct: 'Image',
  values: { 'id.name': 'IMWood', name: '//wood.png', source: 1 },
};
const LAYER: Block = { code: 'DATA', old: 0x500n, struct: 'CustomDataLayer' };

/** No two meshes have as many of anything. */
function meshBlocks(
  index: number,
  { uvs = 1, between = [] as readonly Block[], more = {} as Values } = {},
): readonly Block[] {
  const faces = 20_000 + 137 * index;
  const counts = {
    totvert: faces + 211,
    totedge: 2 * faces + 77,
    totloop: 4 * faces - 3 * index,
    totpoly: faces,
  };
  const layers = { 'vdata.totlayer': 1, 'edata.totlayer': 1, 'ldata.totlayer': 1 + uvs, 'pdata.totlayer': 1 };
  const raw = (bytes: number, old: bigint): Block => ({ code: 'DATA', old, raw: new Uint8Array(bytes) });
  const vertices = Array.from({ length: counts.totvert }, () => ({}));
  return [
    {
      code: 'ME',
      old: 0x40n,
      struct: 'Mesh',
      values: { 'id.name': `MEGround${index}`, ...counts, ...layers, ...more },
    },
    LAYER,
    { code: 'DATA', old: 0x501n, struct: 'MVert', values: vertices },
    LAYER,
    raw(8 * counts.totedge, 0x502n),
    ...between,
    LAYER,
    raw(4 * counts.totloop, 0x503n),
    ...Array.from({ length: uvs }, (_, uv) => raw(8 * counts.totloop, BigInt(0x510 + uv))),
    raw(4 * (counts.totpoly + 1), 0x504n),
  ];
}

function fileOf(layout: Layout, mesh: (index: number) => readonly Block[]): Uint8Array {
  const meshes = Array.from({ length: MESHES }, (_, index) => mesh(index)).flat();
  return buildBlend(layout, [GLOBAL, sceneBlock(), ...meshes, IMAGE], { structs });
}

async function pathsAndRequests(bytes: Uint8Array) {
  const source = memorySource(bytes);
  const { externalFiles, warnings } = await readBlend(source, blendTools);
  assert.deepEqual(warnings, []);
  return { paths: externalFiles.map((file) => file.path).sort(), requests: source.reads.length };
}

describe('meshes with large arrays', () => {
  for (const [name, layout] of [
    ['Blender 3', CLASSIC],
    ['Blender 5', BLENDER_5],
  ] as const)
    it(`of ${name} are passed over one at a time, as many vertices as each has`, async () => {
      const { paths, requests } = await pathsAndRequests(fileOf(layout, meshBlocks));
      assert.deepEqual(paths, ['//wood.png']);
      assert.ok(requests <= 1.5 * MESHES, `${requests} requests for ${5 * MESHES} arrays`);
    });

  it('are passed over where some have more layers than others', async () => {
    const bytes = fileOf(CLASSIC, (index) => meshBlocks(index, { uvs: 1 + (index % 3) }));
    const { paths, requests } = await pathsAndRequests(bytes);
    assert.deepEqual(paths, ['//wood.png']);
    assert.ok(requests <= 2 * MESHES, `${requests} requests`);
  });

  it('are walked through where something else stands between their arrays', async () => {
    const cache = (index: number): Block => ({
      code: 'DATA',
      old: 0x600n,
      struct: 'MeshCacheModifierData',
      values: { filepath: `//cache${index}.mdd` },
    });
    const isOdd = (index: number) => index === 5 || index === 12;
    const bytes = fileOf(CLASSIC, (index) =>
      meshBlocks(index, { between: isOdd(index) ? [cache(index)] : [] }),
    );
    const { paths } = await pathsAndRequests(bytes);
    assert.deepEqual(paths, ['//cache12.mdd', '//cache5.mdd', '//wood.png']);
  });

  it('are walked through where all of them have something else in there', async () => {
    const bytes = fileOf(CLASSIC, (index) =>
      meshBlocks(index, {
        between: [
          { code: 'DATA', old: 0x600n, struct: 'MeshCacheModifierData', values: { filepath: `//${index}` } },
        ],
      }),
    );
    const { paths } = await pathsAndRequests(bytes);
    assert.equal(paths.length, MESHES + 1);
  });

  it('are walked through where counts lead back to where the mesh begins', { timeout: 20_000 }, async () => {
    const lying = (index: number): readonly Block[] => {
      const [mesh, ...data] = meshBlocks(index);
      assert.ok(mesh);
      const bytes = lengthOf([mesh, ...data]);
      if (index === 0 || bytes % 8 !== 0) return [mesh, ...data];
      const values = { ...mesh.values, totedge: 2 * (20_000 + 137 * index) + 77 - bytes / 8 };
      return [{ ...mesh, values }, ...data];
    };
    assert.notDeepEqual(lying(2), meshBlocks(2));
    assert.deepEqual((await pathsAndRequests(fileOf(CLASSIC, lying))).paths, ['//wood.png']);
  });
});

describe('layers that a mesh keeps in a file of their own', () => {
  const EXTERNAL = 1 << 3;
  const fileBlock: Block = {
    code: 'DATA',
    old: 0x701n,
    struct: 'CustomDataExternal',
    values: { filename: '//rock.btx' },
  };
  const layers = (flag: number): Block => ({
    code: 'DATA',
    old: 0x700n,
    struct: 'CustomDataLayer',
    values: [{ flag: 0 }, { flag }],
  });
  const more = { 'ldata.layers': 0x700n, 'ldata.external': 0x701n };
  for (const [what, expected, between, values] of [
    ['are told of', ['//rock.btx', '//wood.png'], [layers(EXTERNAL), fileBlock], more],
    ['are not, once they were packed again', ['//wood.png'], [layers(0), fileBlock], more],
    ['are told of where it cannot be told', ['//rock.btx', '//wood.png'], [fileBlock], more],
    ['are not where there is none (any more)', ['//wood.png'], [fileBlock], { ...more, 'ldata.totlayer': 0 }],
    ['are not where the mesh does not know the file', ['//wood.png'], [layers(EXTERNAL), fileBlock], {}],
  ] as const)
    it(what, async () => {
      // As many in a row as would tell that meshes are too different to foresee their ends.
      const isSculpted = (index: number) => index >= 7 && index < 10;
      const bytes = fileOf(CLASSIC, (index) =>
        isSculpted(index) ? meshBlocks(index, { between, more: values }) : meshBlocks(index),
      );
      const { paths, requests } = await pathsAndRequests(bytes);
      assert.deepEqual([...new Set(paths)], expected);
      assert.ok(requests <= 2 * MESHES, `${requests} requests`);
    });
});

/** Of blocks as they stand in a file. */
function lengthOf(blocks: readonly Block[]): number {
  const build = (some: readonly Block[]) => buildBlend(CLASSIC, some, { structs }).length;
  return build(blocks) - build([]);
}
