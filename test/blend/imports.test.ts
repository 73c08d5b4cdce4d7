import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Block, buildBlend, GLOBAL, type Layout, STRUCTS, sceneBlock, type Values } from './builder.ts';
import { read } from './sources.ts';

const FIVE: Layout = { format: 1, pointerSize: 8, littleEndian: true, version: 502 };
const structs = {
  ...STRUCTS,
  bNodeTree: ['ID id'],
  bNode: ['void *next', 'char idname[64]', 'ListBase inputs'],
  bNodeSocket: ['void *next', 'void *default_value'],
  bNodeSocketValueString: ['char value[1024]'],
  CacheFile: ['ID id', 'char filepath[1024]', 'char is_sequence', 'char pad[7]'],
  CacheFileLayer: ['char filepath[1024]', 'int flag', 'int pad'],
  Camera: ['ID id', 'char type', 'char pad[3]', 'int custom_mode', 'char custom_filepath[1024]'],
};
const data = (struct: string, old: bigint, values: Values): Block => ({ code: 'DATA', old, struct, values });

async function files(idname: string) {
  const blocks = [
    GLOBAL,
    sceneBlock(),
    { code: 'NT', old: 0x40n, struct: 'bNodeTree', values: { 'id.name': 'NTParts' } },
    data('bNode', 0x41n, { idname, 'inputs.first': 0x42n }),
    data('bNodeSocket', 0x42n, { next: 0x44n, default_value: 0x43n }),
    data('bNodeSocketValueString', 0x43n, { value: '//parts\\bolt.stl' }),
    data('bNodeSocket', 0x44n, { default_value: 0x45n }),
    data('bNodeSocketValueString', 0x45n, { value: 'not a path' }),
  ];
  return (await read(buildBlend(FIVE, blocks, { structs }))).externalFiles;
}

describe('what nodes import', () => {
  it('is told by the path of the first input, whoever uses the nodes', async () => {
    assert.deepEqual(await files('GeometryNodeImportSTL'), [
      { path: '//parts/bolt.stl', kind: 'import', packed: false, owner: 'Parts', mayBeNeeded: true },
    ]);
  });

  it('is not taken from other nodes with a text', async () => {
    assert.deepEqual(await files('FunctionNodeInputString'), []);
  });
});

async function pathsOf(...blocks: readonly Block[]): Promise<readonly string[]> {
  const { externalFiles } = await read(buildBlend(FIVE, [GLOBAL, sceneBlock(), ...blocks], { structs }));
  return externalFiles.map(({ path }) => path);
}

describe('a cache', () => {
  it('needs the archives that are laid over it, but for hidden ones', async () => {
    const cache = { 'id.name': 'CFWalk', filepath: '//walk.abc' };
    const paths = await pathsOf(
      { code: 'CF', old: 0x50n, struct: 'CacheFile', values: cache },
      data('CacheFileLayer', 0x51n, { filepath: '//over.abc' }),
      data('CacheFileLayer', 0x52n, { filepath: '//hidden.abc', flag: 1 }),
    );
    assert.deepEqual(paths, ['//walk.abc', '//over.abc']);
  });
});

describe('a camera', () => {
  const CUSTOM = 3;
  for (const [what, expected, values] of [
    ['needs the file of its shader', ['//lens.osl'], { type: CUSTOM, custom_mode: 1 }],
    ['needs no file where the shader stands in a text', [], { type: CUSTOM, custom_mode: 0 }],
    ['needs none when it is of another kind', [], { type: 0, custom_mode: 1 }],
  ] as const)
    it(what, async () => {
      const camera = { 'id.name': 'CALens', custom_filepath: '//lens.osl', ...values };
      assert.deepEqual(await pathsOf({ code: 'CA', old: 0x60n, struct: 'Camera', values: camera }), expected);
    });
});
