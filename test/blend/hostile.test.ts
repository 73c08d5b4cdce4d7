import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import { BlendError } from '../../services/control/blend/facts.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { type Block, buildBlend, CLASSIC, GLOBAL, head, type Layout, sceneBlock } from './builder.ts';
import { memorySource, read, sceneFile, seekTable, unpackZstd } from './sources.ts';

const FIVE: Layout = { format: 1, pointerSize: 8, littleEndian: true, version: 502 };
const SMALL = buildBlend(CLASSIC, [GLOBAL, sceneBlock()]);

describe('what is no .blend', () => {
  const cases: readonly (readonly [
    name: string,
    bytes: Uint8Array | string,
    code: string,
    message: RegExp,
  ])[] = [
    ['an empty file', '', 'notABlend', /empty/],
    ['a ZIP archive', 'PK\x03\x04 and more of it', 'notABlend', /ZIP/],
    ['a web page', '<!DOCTYPE html><html>', 'notABlend', /web page/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1', 'notABlend', /LFS/],
    ['zeros', new Uint8Array(5000), 'notABlend', /zeros/],
    ['something else compressed', gzipSync('hello, this is no scene'), 'notABlend', /does not begin/],
    ['a header without an end', 'BLENDER-v3', 'truncated', /header/],
    ['a later header format', 'BLENDER17-02v0600', 'tooNew', /newer/],
    ['a longer header', 'BLENDER24-01v0600       ', 'tooNew', /newer/],
    ['a version of letters', 'BLENDER-vabcDATA', 'corrupt', /digits/],
    ['a header alone', 'BLENDER-v304', 'truncated', /cut off/],
    ['garbage after the header', `BLENDER-v304${'\x07'.repeat(100)}`, 'corrupt', /no block/],
  ];
  for (const [name, bytes, code, message] of cases)
    it(`is refused: ${name}`, async () => {
      const given = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
      await assert.rejects(read(given), { name: 'BlendError', code, message });
    });
});

describe('files that lie about themselves', () => {
  const at = (bytes: Uint8Array, more: Uint8Array) =>
    Buffer.concat([bytes.subarray(0, 12), more, bytes.subarray(12)]);

  it('cannot make a walk go back by a negative length', async () => {
    const lie = head(CLASSIC, { code: 'DATA', length: -24, old: 1n, sdna: 0, count: 1 });
    await assert.rejects(read(at(SMALL, lie)), { code: 'corrupt' });
  });

  it('cannot have lengths that no number holds', async () => {
    const lie = head(FIVE, { code: 'DATA', length: 2 ** 62, old: 1n, sdna: 0, count: 1 });
    await assert.rejects(read(Buffer.concat([Buffer.from('BLENDER17-01v0502'), lie])), { code: 'corrupt' });
  });

  it('are truncated when a block is longer than what is left', async () => {
    const lie = head(CLASSIC, { code: 'DATA', length: 0x7fffffff, old: 1n, sdna: 0, count: 1 });
    await assert.rejects(read(at(SMALL, lie)), { code: 'truncated' });
  });

  it('cannot claim more structs than their body holds', async () => {
    const lie = Buffer.from(SMALL);
    const strc = lie.indexOf('STRC');
    lie.writeInt32LE(0x7fffffff, strc + 4);
    await assert.rejects(read(lie), { code: 'corrupt' });
  });

  it('cannot hide a scene block that holds something else', async () => {
    const lie: Block = { ...sceneBlock(), struct: 'Object', values: { 'id.name': 'OBx' } };
    await assert.rejects(read(buildBlend(CLASSIC, [GLOBAL, lie])), { code: 'corrupt' });
  });

  it('take their own DNA, not that of a .blend packed inside', async () => {
    const packed: Block = {
      code: 'DATA',
      old: 3n,
      raw: buildBlend(FIVE, [sceneBlock({ 'id.name': 'SCInner' })]),
    };
    const facts = await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock(), packed]));
    assert.deepEqual(
      facts.scenes.map((scene) => scene.name),
      ['Scene'],
    );
  });
});

describe('compressed files that lie', () => {
  const plain = unpackZstd(sceneFile('3.4/settings'));

  it('are bombs when they unpack to a thousand times their size', async () => {
    const huge = head(CLASSIC, { code: 'DATA', length: 2 ** 30, old: 1n, sdna: 0, count: 1 });
    const start = zstdCompressSync(Buffer.concat([SMALL.subarray(0, 12), huge]));
    const zeros = zstdCompressSync(Buffer.alloc(1024 * 1024));
    await assert.rejects(read(Buffer.concat([start, ...Array(200).fill(zeros)])), { code: 'bomb' });
  });

  it('may not want a window of hundreds of megabytes', async () => {
    const wide = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0]), Buffer.alloc(64)]);
    await assert.rejects(read(wide), { code: 'tooLarge' });
  });

  it('may not want a dictionary', async () => {
    const frame = Buffer.from(zstdCompressSync(plain));
    frame[4] = (frame[4] ?? 0) | 1;
    await assert.rejects(read(frame), { code: 'corrupt' });
  });

  it('are corrupt when a frame is not as long as the seek table says', async () => {
    const frame = zstdCompressSync(SMALL, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });
    for (const lie of [-1, 1]) {
      const table = seekTable([{ stored: frame.length, decoded: SMALL.length + lie }]);
      await assert.rejects(read(Buffer.concat([frame, table])), { code: 'corrupt' });
    }
    const honest = seekTable([{ stored: frame.length, decoded: SMALL.length }]);
    assert.equal((await read(Buffer.concat([frame, honest]))).scenes.length, 1);
  });

  it('are walked frame by frame when their seek table does not fit', async () => {
    const frame = zstdCompressSync(SMALL);
    const table = seekTable([{ stored: frame.length + 1, decoded: SMALL.length }]);
    assert.equal((await read(Buffer.concat([frame, table]))).scenes.length, 1);
  });
});

describe('a source that fails', () => {
  it('is unreadable, with the cause kept', async () => {
    const cause = new Error('the bucket is gone');
    const source = { size: 100, read: () => Promise.reject(cause) };
    await assert.rejects(readBlend(source, blendTools), { code: 'unreadable', cause });
  });

  it('is unreadable when it gives fewer bytes than asked for', async () => {
    const source = { size: 100, read: async () => SMALL.subarray(0, 50) };
    await assert.rejects(readBlend(source, blendTools), { code: 'unreadable' });
  });
});

describe('damaged files', () => {
  const compressed = sceneFile('5.2/settings');
  const bases: readonly (readonly [name: string, bytes: Uint8Array])[] = [
    ['a real file', unpackZstd(sceneFile('3.4/settings'))],
    ['a real file of Blender 5', unpackZstd(compressed)],
    ['a compressed file', compressed],
    ['a file of gzip', gzipSync(unpackZstd(compressed))],
    ['a small synthetic file', SMALL],
  ];
  for (const [name, bytes] of bases) {
    it(`give facts or a BlendError, never anything else: ${name} with flipped bytes`, async () => {
      const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 8,
      });
      await fc.assert(
        fc.asyncProperty(flips, (some) => factsOrBlendError(flipped(bytes, some))),
        { numRuns: 40 },
      );
    });

    it(`give facts or a BlendError, never anything else: ${name} cut off`, async () => {
      const cut = fc.nat(bytes.length - 1);
      await fc.assert(
        fc.asyncProperty(cut, (end) => factsOrBlendError(bytes.subarray(0, end))),
        { numRuns: 25 },
      );
    });
  }

  it('give facts or a BlendError, whichever byte of a small file is damaged', async () => {
    for (let at = 0; at < SMALL.length; at += 3)
      await factsOrBlendError(flipped(SMALL, [[at, 0x80 | (at & 0x7f)]]));
  });
});

function flipped(bytes: Uint8Array, flips: readonly (readonly [at: number, mask: number])[]): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (const [at, mask] of flips) copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}

async function factsOrBlendError(bytes: Uint8Array): Promise<void> {
  try {
    JSON.stringify(await readBlend(memorySource(bytes), blendTools));
  } catch (error) {
    if (!(error instanceof BlendError)) throw error;
  }
}
