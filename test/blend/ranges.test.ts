import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import type { BlendSettings, ByteSource } from '../../services/control/blend/facts.ts';
import { readBlend, readSettings } from '../../services/control/blend/read.ts';
import { createScoutPlan } from '../../services/control/blend/scout-plan.ts';
import { type Block, buildBlend, CLASSIC, GLOBAL, sceneBlock } from './builder.ts';
import { linkSource, memorySource, read, seekTable } from './sources.ts';

const MIB = 1024 * 1024;
const IMAGE: Block = {
  code: 'IM',
  old: 0x30n,
  struct: 'Image',
  values: { 'id.name': 'IMWood', name: '//wood.png', source: 1 },
};

const MESH: Block = { code: 'ME', old: 0x40n, struct: 'Object', values: { 'id.name': 'MEGround' } };
/** What no compression makes small. */
const NOISE = noise(4 * MIB);

/** Bodies that do not matter, and an image behind them. */
function heavy(lengths: readonly number[]): Uint8Array {
  const bodies = lengths.map(
    (length, index): Block => ({ code: 'DATA', old: BigInt(index + 100), raw: NOISE.subarray(0, length) }),
  );
  return buildBlend(CLASSIC, [GLOBAL, sceneBlock(), MESH, ...bodies, IMAGE]);
}

function noise(length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let word = 1;
  for (let at = 0; at < words.length; at++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    words[at] = word;
  }
  return new Uint8Array(words.buffer);
}

const EVEN = heavy(Array.from({ length: 64 }, () => 2 * MIB));
/** Their last frame is not whole, as nearly always. */
const FRAMED = heavy(Array.from({ length: 48 }, () => 2 * MIB + 300_000));
/** Sizes that nobody can guess. */
const IRREGULAR = Array.from({ length: 80 }, (_, index) => 500_000 + ((index * 7919 * 4) % 131) * 4000);
/** Each an odd bit larger than the one before. */
const UNEVEN = heavy(Array.from({ length: 40 }, (_, index) => MIB + 30_011 * index));

describe('how much of a large file is read', () => {
  for (const [name, bytes] of [
    ['bodies of one size', EVEN],
    ['bodies of all sizes', UNEVEN],
  ] as const)
    it(`is a small part: ${name} are jumped over`, async () => {
      const source = memorySource(bytes);
      const facts = await readBlend(source, blendTools);
      assert.deepEqual(
        facts.externalFiles.map((file) => file.path),
        ['//wood.png'],
      );
      assert.ok(facts.bytesRead < 2 * MIB, `${facts.bytesRead} of ${bytes.length} bytes`);
      assert.ok(source.reads.length <= 80, `${source.reads.length} requests`);
      assert.equal(
        facts.bytesRead,
        source.reads.reduce((sum, [, length]) => sum + length, 0),
      );
    });

  it('is two requests for the settings, whatever comes after them', async () => {
    const source = memorySource(EVEN);
    const settings = await readSettings(source, blendTools);
    assert.equal(settings.scenes[0]?.name, 'Scene');
    assert.equal(settings.activeScene, 'Scene');
    assert.equal(source.reads.length, 2);
    assert.ok(settings.bytesRead < MIB);
  });

  it('is four requests at most for settings that stand behind a megabyte of workspaces', async () => {
    const screens = Array.from(
      { length: 1000 },
      (_, index): Block => ({ code: 'DATA', old: BigInt(index + 100), raw: NOISE.subarray(0, 1000) }),
    );
    const screen: Block = { code: 'WS', old: 0x70n, struct: 'Object', values: { 'id.name': 'WSLayout' } };
    const bodies = Array.from({ length: 3 }, (): Block => ({ code: 'DATA', raw: NOISE }));
    const source = memorySource(
      buildBlend(CLASSIC, [GLOBAL, screen, ...screens, sceneBlock(), MESH, ...bodies]),
    );
    const settings = await readSettings(source, blendTools);
    assert.equal(settings.scenes.length, 1);
    assert.ok(source.reads.length <= 4, `${source.reads.length} requests`);
  });

  it('is told of settings before the rest is read', async () => {
    const source = memorySource(EVEN);
    const told: (readonly [BlendSettings, number])[] = [];
    const onSettings = (settings: BlendSettings) => void told.push([settings, source.reads.length]);
    const facts = await readBlend(source, blendTools, { onSettings });
    assert.equal(told.length, 1);
    assert.deepEqual(told[0]?.[0].scenes, facts.scenes);
    assert.equal(told[0]?.[1], 2);
    assert.ok(source.reads.length > 30);
  });

  it('is one request for a small file', async () => {
    const source = memorySource(heavy([100_000, 200_000]));
    await readBlend(source, blendTools);
    assert.equal(source.reads.length, 1);
  });

  it('is all of it, in few requests, where heads are everywhere', async () => {
    const bytes = heavy(Array.from({ length: 50_000 }, () => 400));
    const source = memorySource(bytes);
    await readBlend(source, blendTools);
    assert.ok(source.reads.length <= 20, `${source.reads.length} requests`);
    assert.ok(source.bytesAsked() <= bytes.length, 'no byte is asked for twice');
  });
});

describe('over a link that takes its time', () => {
  it('waits for few answers one after the other: regular jumps are guessed', async () => {
    const even = linkSource(EVEN);
    assert.equal((await readBlend(even, blendTools)).externalFiles.length, 1);
    assert.ok(even.rounds() <= 16, `${even.rounds()} rounds for 64 jumps`);
  });

  it('gives up guessing where jumps are irregular, and reads no more for it', async () => {
    const uneven = linkSource(UNEVEN);
    assert.equal((await readBlend(uneven, blendTools)).externalFiles.length, 1);
    assert.ok(uneven.requests() <= 50, `${uneven.requests()} requests for 40 jumps`);
  });

  it('follows several parts of the file at once where jumps are irregular and answers are slow', async () => {
    const bytes = heavy(IRREGULAR);
    const slow = linkSource(bytes, 25);
    const lengths: number[] = [];
    const readSlowly = (offset: number, length: number) => {
      lengths.push(length);
      return slow.read(offset, length);
    };
    const facts = await readBlend({ size: slow.size, read: readSlowly }, blendTools);
    assert.ok(lengths.every((length) => length > 0));
    assert.ok(slow.rounds() <= 40, `${slow.rounds()} rounds for 80 jumps`);
    assert.deepEqual({ ...facts, bytesRead: 0 }, { ...(await read(bytes)), bytesRead: 0 });
  });

  it('is parted no further than its answers are slow', () => {
    const partsAt = (ms: number): number => {
      const plan = createScoutPlan();
      const jump = 15 * MIB;
      const asked = Array.from({ length: 20 }, (_, index) => plan.waited(index * jump, ms, 64 * jump));
      assert.ok(asked.filter(({ places }) => places.length > 0).length <= 1);
      return 1 + Math.max(...asked.map(({ places }) => places.length));
    };
    assert.deepEqual([1, 12, 18, 25, 60].map(partsAt), [1, 1, 2, 3, 4]);
  });

  it('concludes nothing from heads that are none: bodies may hold whole files', async () => {
    const inner = buildBlend(CLASSIC, [
      GLOBAL,
      sceneBlock(),
      { ...IMAGE, values: { name: '//decoy.png', source: 1 } },
    ]);
    const bodies = IRREGULAR.map((length, index): Block => {
      const raw = new Uint8Array(length);
      for (let at = 100; at + inner.length < length; at += inner.length) raw.set(inner, at);
      return { code: 'DATA', old: BigInt(index + 100), raw };
    });
    const slow = linkSource(buildBlend(CLASSIC, [GLOBAL, sceneBlock(), MESH, ...bodies, IMAGE]), 25);
    const { scenes, externalFiles, warnings } = await readBlend(slow, blendTools);
    assert.deepEqual(
      [scenes.length, externalFiles.map((file) => file.path), warnings],
      [1, ['//wood.png'], []],
    );
  });

  it('asks for nothing more once it has ended', async () => {
    const bytes = heavy(IRREGULAR);
    const damaged = Buffer.from(bytes).indexOf('DATA', 14_000_000);
    bytes.fill(255, damaged, damaged + 4);
    const slow = linkSource(bytes, 25);
    await assert.rejects(readBlend(slow, blendTools), { code: 'corrupt' });
    // What is on its way is counted when it arrives: one for each scout.
    const asked = slow.requests();
    await delay(200);
    assert.ok(slow.requests() <= asked + 6, `${slow.requests() - asked} more`);
  });

  it('asks for the small frames between large ones at the same time', async () => {
    const { bytes } = framed(FRAMED);
    const source = linkSource(bytes);
    assert.equal((await readBlend(source, blendTools)).externalFiles.length, 1);
    assert.ok(source.rounds() <= 16, `${source.rounds()} rounds`);
  });

  it('asks for no more of them than the walk is likely to land in', async () => {
    const { bytes } = framed(heavy(Array.from({ length: 360 }, () => 20_000)), 20_000);
    const source = linkSource(bytes);
    const { externalFiles, bytesRead } = await readBlend(source, blendTools);
    assert.equal(externalFiles.length, 1);
    assert.ok(bytesRead < MIB, `${bytesRead} of ${bytes.length} bytes`);
    assert.ok(source.rounds() <= 30, `${source.rounds()} rounds for 360 jumps`);
  });
});

describe('how much is decoded', () => {
  it('is the frames that are needed, and no other', async () => {
    const { bytes, frames } = framed(FRAMED);
    let inflated = 0;
    const tools = {
      ...blendTools,
      inflateZstdFrame: (frame: Uint8Array, expected: number) => {
        inflated++;
        return blendTools.inflateZstdFrame(frame, expected);
      },
    };
    assert.equal((await readBlend(memorySource(bytes), tools)).externalFiles.length, 1);
    assert.ok(inflated < frames * 0.4, `${inflated} of ${frames} frames`);
  });

  for (const [name, compress] of [
    ['gzip', (bytes: Uint8Array) => gzipSync(bytes, { level: 0 })],
    ['Zstandard without a table', zstdFast],
  ] as const)
    it(`is all of a stream (${name}), once`, async () => {
      let decoded = 0;
      const count = async function* (pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          decoded += piece.length;
          yield piece;
        }
      };
      const facts = await readBlend(memorySource(compress(EVEN)), {
        ...blendTools,
        gunzip: (pieces) => count(blendTools.gunzip(pieces)),
        inflateZstdStream: (pieces) => count(blendTools.inflateZstdStream(pieces)),
      });
      assert.equal(facts.externalFiles.length, 1);
      assert.ok(decoded > 100 * MIB && decoded <= EVEN.length, `${decoded} of ${EVEN.length} bytes`);
    });

  it('is all of a stream twice where too much of it may matter', async () => {
    let opened = 0;
    const bytes = gzipSync(heavy(Array.from({ length: 800 }, () => 100_000)), { level: 0 });
    const tools = {
      ...blendTools,
      gunzip: (pieces: AsyncIterable<Uint8Array>) => {
        opened++;
        return blendTools.gunzip(pieces);
      },
    };
    assert.equal((await readBlend(memorySource(bytes), tools)).externalFiles.length, 1);
    assert.equal(opened, 2);
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

/** As Blender compresses: small blocks together, large bodies in frames of 1 MiB of their own. */
function framed(file: Uint8Array, least = MIB): { readonly bytes: Uint8Array; readonly frames: number } {
  const cuts: number[] = [0];
  const buffer = Buffer.from(file);
  const view = new DataView(file.buffer, file.byteOffset);
  for (let at = buffer.indexOf('DATA'); at >= 0; at = buffer.indexOf('DATA', at + 24)) {
    const length = view.getInt32(at + 4, true);
    if (length < least) continue;
    for (let body = at + 24; body < at + 24 + length; body += MIB) cuts.push(body);
    at += length;
    cuts.push(at + 24);
  }
  const dna = buffer.lastIndexOf('DNA1');
  const frames = [...new Set([...cuts, dna, file.length])].sort((a, b) => a - b);
  const pieces = frames.slice(1).map((end, index) => file.subarray(frames[index], end));
  const stored = pieces.map((piece) => ({ frame: zstdFast(piece), decoded: piece.length }));
  const table = seekTable(stored.map(({ frame, decoded }) => ({ stored: frame.length, decoded })));
  return { bytes: Buffer.concat([...stored.map(({ frame }) => frame), table]), frames: stored.length };
}

function zstdFast(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: -5 } });
}

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
