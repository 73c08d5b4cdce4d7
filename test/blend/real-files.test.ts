import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { BlendError } from '../../services/control/blend/facts.ts';
import { memorySource, read, SCENES, sceneFile, splitZstd, unpackZstd } from './sources.ts';
import { assertAsBlenderSays } from './what-blender-says.ts';

const FILES = globSync('*/*.blend', { cwd: SCENES }).map((file) => file.replace(/\.blend$/, ''));

describe('files that real Blenders saved', () => {
  assert.ok(FILES.length >= 5);
  for (const file of FILES)
    it(`says of ${file}.blend what Blender says`, async () => {
      const facts = await read(sceneFile(file));
      assertAsBlenderSays(facts, join(SCENES, `${file}.json`));
      assert.equal(facts.compression, 'zstd');
      assert.deepEqual(facts.warnings, []);
    });
});

describe('the same file in other wrappings', () => {
  const compressed = sceneFile('5.2/settings');
  const plain = unpackZstd(compressed);
  const json = join(SCENES, '5.2/settings.json');
  const { frames, table } = splitZstd(compressed);
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const wrappings: readonly (readonly [name: string, compression: string, bytes: Uint8Array])[] = [
    ['without compression', 'none', plain],
    ['as gzip', 'gzip', gzipSync(plain)],
    [
      'as gzip of two members',
      'gzip',
      Buffer.concat([gzipSync(plain.subarray(0, 99_999)), gzipSync(plain.subarray(99_999))]),
    ],
    ['as one Zstandard frame of another tool', 'zstd', zstdCompressSync(plain)],
    [
      'as one Zstandard frame with a checksum',
      'zstd',
      zstdCompressSync(plain, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    ],
    ['with Zstandard frames but no seek table', 'zstd', Buffer.concat(frames)],
    ['with a skippable frame before all others', 'zstd', Buffer.concat([skippable, ...frames, table])],
    [
      'with an empty frame in between',
      'zstd',
      Buffer.concat([...frames.slice(0, 2), zstdCompressSync(''), ...frames.slice(2)]),
    ],
  ];
  for (const [name, compression, bytes] of wrappings)
    it(`is read alike ${name}`, async () => {
      const facts = await read(bytes);
      assertAsBlenderSays(facts, json);
      assert.equal(facts.compression, compression);
      assert.equal(facts.bytesTotal, bytes.length);
    });

  it('warns when the end mark is missing but everything else is there', async () => {
    const facts = await read(plain.subarray(0, plain.length - 32));
    assertAsBlenderSays(facts, json);
    assert.match(facts.warnings.join(), /end mark/);
  });

  it('is called truncated when it was cut off', async () => {
    for (const wrapped of [plain, gzipSync(plain), zstdCompressSync(plain)])
      await assert.rejects(read(wrapped.subarray(0, wrapped.length >>> 1)), isError('truncated'));
  });

  it('asks for each byte of a small file once', async () => {
    const source = memorySource(compressed);
    const { readBlend } = await import('../../services/control/blend/read.ts');
    const { blendTools } = await import('../../services/control/adapters/local/blend-tools.ts');
    const facts = await readBlend(source, blendTools);
    assert.deepEqual(source.reads, [[0, compressed.length]]);
    assert.equal(facts.bytesRead, compressed.length);
  });
});

describe('make_scenes.py', () => {
  it('has left nothing of the machine it ran on in what is committed', () => {
    for (const file of FILES)
      assert.doesNotMatch(readFileSync(join(SCENES, `${file}.json`), 'utf8'), /home|root|work/);
  });
});

function isError(code: string) {
  return (error: unknown) => error instanceof BlendError && error.code === code;
}
