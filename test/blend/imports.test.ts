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
