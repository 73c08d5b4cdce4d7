import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import type { ByteSource } from '../../services/control/blend/facts.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { type Block, buildBlend, CLASSIC, GLOBAL, sceneBlock } from './builder.ts';
import { memorySource, seekTable } from './sources.ts';

const MIB = 1024 * 1024;

/** 40 meshes of 2 MiB, and an image behind them. */
const HEAVY: readonly Block[] = [
  GLOBAL,
  sceneBlock(),
  ...Array.from(
    { length: 40 },
    (_, index): Block => ({ code: 'DATA', old: BigInt(index + 100), raw: new Uint8Array(2 * MIB) }),
  ),
  { code: 'IM', old: 0x30n, struct: 'Image', values: { 'id.name': 'IMWood', name: '//wood.png' } },
];

describe('how much of a large file is read', () => {
  const bytes = buildBlend(CLASSIC, HEAVY);

  it('is a small part: bodies that do not matter are jumped over', async () => {
    const source = memorySource(bytes);
    const facts = await readBlend(source, blendTools);
    assert.equal(facts.scenes.length, 1);
    assert.deepEqual(
      facts.externalFiles.map((file) => file.path),
      ['//wood.png'],
    );
    assert.ok(facts.bytesRead < 2 * MIB, `${facts.bytesRead} of ${bytes.length} bytes`);
    assert.ok(source.reads.length < 50, `${source.reads.length} requests`);
    assert.equal(
      facts.bytesRead,
      source.reads.reduce((sum, [, length]) => sum + length, 0),
    );
  });

  it('leaves frames alone that hold nothing which matters', async () => {
    const pieces = Array.from({ length: Math.ceil(bytes.length / MIB) }, (_, i) =>
      bytes.subarray(i * MIB, (i + 1) * MIB),
    );
    const frames = pieces.map((piece) => ({ frame: zstdCompressSync(piece), decoded: piece.length }));
    const table = seekTable(frames.map(({ frame, decoded }) => ({ stored: frame.length, decoded })));
    let inflated = 0;
    const tools = {
      ...blendTools,
      inflateZstdFrame: (frame: Uint8Array, expected: number) => {
        inflated++;
        return blendTools.inflateZstdFrame(frame, expected);
      },
    };
    const source = memorySource(Buffer.concat([...frames.map(({ frame }) => frame), table]));
    assert.equal((await readBlend(source, tools)).scenes.length, 1);
    assert.ok(inflated <= frames.length / 2 + 2, `${inflated} of ${frames.length} frames`);
  });
});

describe('what is kept in memory', () => {
  it('does not grow with the file: hundreds of gigabytes are jumped over', async () => {
    const start = buildBlend(CLASSIC, [GLOBAL, sceneBlock()]);
    const gap = 0x7fff_0000;
    const source = holeySource(start, 400, gap);
    const facts = await readBlend(source, blendTools);
    assert.ok(facts.bytesTotal > 700 * 1024 ** 3);
    assert.equal(facts.scenes.length, 1);
    assert.ok(facts.bytesRead < 10 * MIB);
  });
});

/** A file with `count` blocks of `length` bytes each, which are made up as they are asked for. */
function holeySource(file: Uint8Array, count: number, length: number): ByteSource {
  const headOf = new Uint8Array(24);
  headOf.set(Buffer.from('DATA'));
  new DataView(headOf.buffer).setInt32(4, length, true);
  const dnaAt = Buffer.from(file).lastIndexOf('DNA1');
  const step = headOf.length + length;
  const pieces: readonly (readonly [number, Uint8Array])[] = [
    [0, file.subarray(0, dnaAt)],
    ...Array.from({ length: count }, (_, index) => [dnaAt + index * step, headOf] as const),
    [dnaAt + count * step, file.subarray(dnaAt)],
  ];
  return {
    size: file.length + count * step,
    read: async (offset, wanted) => {
      const bytes = new Uint8Array(wanted);
      for (const [at, piece] of pieces) {
        const from = Math.max(at, offset);
        const to = Math.min(at + piece.length, offset + wanted);
        if (from < to) bytes.set(piece.subarray(from - at, to - at), from - offset);
      }
      return bytes;
    },
  };
}
