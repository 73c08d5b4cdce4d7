import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import type { ByteSource } from '../../services/control/blend/facts.ts';
import { openLimits } from '../../services/control/blend/limits.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { type Block, buildBlend, CLASSIC, GLOBAL, head, STRUCTS, sceneBlock } from './builder.ts';
import { memorySource, read, seekTable } from './sources.ts';

const MIB = 1024 * 1024;
const SMALL = buildBlend(CLASSIC, [GLOBAL, sceneBlock()]);

describe('a source that is slow', () => {
  const never: ByteSource = { size: 1000, read: () => new Promise(() => {}) };

  it('is given up after the time limit', async () => {
    await assert.rejects(readBlend(never, blendTools, { timeLimitMs: 20 }), {
      name: 'BlendError',
      code: 'tooSlow',
      message: /20 ms/,
    });
  });

  it('is given up when the caller says so, with the reason kept', async () => {
    const abort = new AbortController();
    const reading = readBlend(never, blendTools, { signal: abort.signal });
    abort.abort('went away');
    await assert.rejects(reading, { code: 'aborted', cause: 'went away' });
  });

  it('is not even asked when the caller has given up before', async () => {
    const source = memorySource(SMALL);
    await assert.rejects(readBlend(source, blendTools, { signal: AbortSignal.abort() }), { code: 'aborted' });
  });

  it('may be slow in the middle of a stream, too', async () => {
    const bytes = gzipSync(buildBlend(CLASSIC, [GLOBAL, sceneBlock()]));
    const stuck = {
      ...blendTools,
      async *gunzip() {
        yield SMALL.subarray(0, 100);
        await new Promise(() => {});
      },
    };
    await assert.rejects(readBlend(memorySource(bytes), stuck, { timeLimitMs: 20 }), { code: 'tooSlow' });
  });

  it('leaves no error that nobody waits for when the time is over before its answer is asked for', async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown) => unheard.push(reason);
    process.on('unhandledRejection', hear);
    const limits = openLimits(undefined, 0);
    for (const start = performance.now(); performance.now() - start < 2; );
    await assert.rejects(limits.guard(Promise.reject(new Error('the source failed, too'))), {
      code: 'tooSlow',
    });
    // These are told after all that waits has had its turn.
    await new Promise(setImmediate);
    process.off('unhandledRejection', hear);
    limits.close();
    assert.deepEqual(unheard, []);
  });

  it('is waited for without a limit when none is given, and leaves no timer behind', async () => {
    const facts = await readBlend(memorySource(SMALL), blendTools, { timeLimitMs: 60_000 });
    assert.equal(facts.scenes.length, 1);
  });
});

describe('files that are too much', () => {
  const many = (count: number, block: (index: number) => Block) =>
    Array.from({ length: count }, (_, i) => block(i));

  it('are refused with ten thousand scenes and more', async () => {
    const scenes = many(10_001, (index) => sceneBlock({}, BigInt(index + 16)));
    await assert.rejects(read(buildBlend(CLASSIC, [GLOBAL, ...scenes])), { code: 'tooLarge' });
  });

  it('are refused with a DNA of megabytes', async () => {
    const dna = head(CLASSIC, { code: 'DNA1', length: 5 * MIB, old: 1n, sdna: 0, count: 1 });
    const file = Buffer.concat([
      SMALL.subarray(0, Buffer.from(SMALL).indexOf('DNA1')),
      dna,
      Buffer.alloc(5 * MIB),
    ]);
    await assert.rejects(read(file), { code: 'tooLarge' });
  });

  it('are refused when a struct of theirs is absurdly large', async () => {
    const structs = {
      ...STRUCTS,
      Scene: [...(STRUCTS.Scene ?? []), 'Huge huge[40]'],
      Huge: ['char a[60000]'],
    };
    const file = buildBlend(CLASSIC, [GLOBAL, sceneBlock()], { structs });
    await assert.rejects(read(file), { name: 'BlendError' });
  });

  it('are read as far as is sensible, with a warning, when a data-block has no end', async () => {
    const layer = (index: number): Block => ({
      code: 'DATA',
      old: BigInt(index + 100),
      struct: 'StripElem',
      raw: new Uint8Array(0),
      values: many(1000, () => ({ code: '' })).map((_, at) => ({ name: `${index}-${at}.png` })),
    });
    const structs = { ...STRUCTS, StripElem: ['char name[256]', 'int width', 'int height'] };
    const facts = await read(buildBlend(CLASSIC, [GLOBAL, sceneBlock(), ...many(80, layer)], { structs }));
    assert.match(facts.warnings.join(), /"Scene" holds more than is read/);
  });

  it('are read as far as is sensible, with a warning, when they link more images than anybody has', async () => {
    const linked = many(10_001, (index) => {
      return { code: 'ID', old: BigInt(index + 100), struct: 'ID', values: { name: `IM${index}` } };
    });
    // Up to 2.79 whoever shows an image is not known, so that each counts.
    const facts = await read(buildBlend({ ...CLASSIC, version: 279 }, [GLOBAL, sceneBlock(), ...linked]));
    assert.equal(facts.linkedImages.length, 10_000);
    assert.match(facts.warnings.join(), /images of libraries/);
  });
});

/** Each would cost far more than it weighs. */
describe('hostile files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-hostile-'));
  after(() => rmSync(folder, { recursive: true }));
  const header = SMALL.subarray(0, 12);
  const body = (length: number) => head(CLASSIC, { code: 'DATA', length, old: 1n, sdna: 0, count: 1 });
  const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, ...Buffer.alloc(64)]);
  const zeros = Buffer.alloc(16 * MIB);
  const noise = Buffer.from(Array.from({ length: 32 * 1024 }, (_, index) => (index * 2_654_435_761) >>> 13));

  /** There is nothing wrong with it, only nothing in it. */
  const fine = 'half a million data-blocks that are nothing';

  const cases: Readonly<Record<string, () => Uint8Array>> = {
    'a gzip bomb': () =>
      Buffer.concat([
        gzipSync(Buffer.concat([header, body(0x7fffffff)])),
        ...Array(64).fill(gzipSync(zeros)),
      ]),
    'a gzip bomb that stays below the ratio of one': () =>
      Buffer.concat([
        gzipSync(Buffer.concat([header, body(0x7fffffff)])),
        ...Array(200).fill(gzipSync(Buffer.concat([zeros, noise]))),
      ]),
    'a Zstandard bomb in one frame': () =>
      zstdCompressSync(Buffer.concat([header, body(0x7fffffff), Buffer.alloc(256 * MIB)])),
    'a Zstandard frame with a huge window': () => Buffer.concat([wide, Buffer.alloc(1000)]),
    'a table of a million empty frames': () =>
      Buffer.concat([
        zstdCompressSync(header),
        seekTable([
          { stored: zstdCompressSync(header).length, decoded: 12 },
          ...Array(900_000).fill({ stored: 0, decoded: 0 }),
        ]),
      ]),
    'a table of frames that all lie about their size': () => {
      const frame = zstdCompressSync(Buffer.concat([header, zeros.subarray(0, MIB)]));
      const lies = Array.from({ length: 200 }, () => ({ stored: frame.length, decoded: 16 * MIB }));
      return Buffer.concat([...lies.map(() => frame), seekTable(lies)]);
    },
    'five million empty blocks': () =>
      gzipSync(Buffer.concat([header, ...Array(100).fill(Buffer.concat(Array(50_000).fill(body(0))))]), {
        level: 1,
      }),
    [fine]: () => {
      const blocks = head(CLASSIC, { code: 'ID', length: 0, old: 1n, sdna: 1, count: 1 });
      const all = Buffer.concat([header, ...Array(10).fill(Buffer.concat(Array(50_000).fill(blocks)))]);
      return gzipSync(Buffer.concat([all, SMALL.subarray(12)]), { level: 1 });
    },
  };

  it('cost less than two seconds and 300 MB, and end in an error', { timeout: 60_000 }, () => {
    const files = Object.entries(cases).map(([name, make]) => {
      const path = join(folder, `${name}.blend`);
      writeFileSync(path, make());
      return path;
    });
    const script = join(import.meta.dirname, 'reading-process.ts');
    // Counting covered lines would be measured, too.
    const { NODE_V8_COVERAGE: _, ...env } = process.env;
    const { stdout, stderr } = spawnSync(process.execPath, [script, ...files], { env, encoding: 'utf8' });
    const readings: readonly { file: string; code: string | null; cpuMs: number; peakMiB: number }[] =
      JSON.parse(stdout || '[]');
    assert.equal(readings.length, files.length, stderr);
    for (const { file, code, cpuMs, peakMiB } of readings) {
      assert.equal(code === null, file.includes(fine), `${file}: ${code}`);
      assert.ok(cpuMs < 2000, `${file}: ${cpuMs} ms`);
      assert.ok(peakMiB < 300, `${file}: ${peakMiB} MiB`);
    }
  });
});
