import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { blendTools, fileSource } from '../../services/control/adapters/local/blend-tools.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { blocksOf, placeOf } from './real-blocks.ts';
import { read, SCENES, unpackZstd } from './sources.ts';
import { assertAsBlenderSays } from './what-blender-says.ts';

const BLENDER = process.env.BLENDER ?? 'blender';
const version = spawnSync(BLENDER, ['--version'], { env: plainEnv(), encoding: 'utf8' });
const skip =
  version.status === 0
    ? false
    : 'Blender is not on this machine: install it or set BLENDER to compare with it';
const MAJOR_MINOR = /Blender (\d+\.\d+)/.exec(version.stdout ?? '')?.[1] ?? '';

describe('the Blender of this machine', () => {
  for (const [compression, ...more] of [['none'], ['zstd', '--compress']] as const)
    it(`agrees with every fact of what it just saved (${compression})`, {
      skip,
      timeout: 60_000,
    }, async (t) => {
      const folder = temporaryFolder(t);
      runScript('make_scenes.py', folder, ...more);
      for (const name of ['defaults', 'settings', 'needs']) {
        const source = await fileSource(join(folder, `${name}.blend`));
        t.after(() => source.close());
        const facts = await readBlend(source, blendTools);
        assertAsBlenderSays(facts, join(folder, `${name}.json`));
        assert.equal(facts.compression, compression);
      }
    });

  const base = join(SCENES, MAJOR_MINOR, 'settings.blend');
  it('reads the same from files whose fields were changed byte by byte', {
    skip: skip || (existsSync(base) ? false : `no scene was saved by Blender ${MAJOR_MINOR}`),
    timeout: 60_000,
  }, async (t) => {
    const folder = temporaryFolder(t);
    const file = unpackZstd(readFileSync(base));
    const changed = fc.sample(changes(), { seed: 20_261_124, numRuns: 24 }).map((some, index) => {
      const path = join(folder, `changed-${index}.blend`);
      writeFileSync(path, withChanges(file, some));
      return path;
    });
    runScript('says.py', ...changed);
    for (const path of changed)
      assertAsBlenderSays(await read(readFileSync(path)), path.replace(/\.blend$/, '.json'));
  });
});

interface Change {
  /** Which scene of the file, modulo their number. */
  readonly scene: number;
  readonly values: Readonly<Record<string, number | string>>;
}

/** Values that Blender takes as they are, in any combination. */
const FIELDS: Readonly<Record<string, fc.Arbitrary<number | string>>> = {
  'r.sfra': fc.integer({ min: 0, max: 100_000 }),
  'r.efra': fc.integer({ min: 0, max: 100_000 }),
  'r.cfra': fc.integer({ min: 0, max: 100_000 }),
  'r.frame_step': fc.integer({ min: 1, max: 50 }),
  'r.frs_sec': fc.integer({ min: 1, max: 240 }),
  'r.frs_sec_base': fc.constantFrom(1, 1.001, 0.5, 3.25),
  'r.xsch': fc.integer({ min: 4, max: 16_000 }),
  'r.ysch': fc.integer({ min: 4, max: 16_000 }),
  'r.size': fc.integer({ min: 1, max: 500 }),
  'r.xasp': fc.constantFrom(1, 1.5, 2.125),
  'r.border.xmax': fc.constantFrom(0.5, 0.75, 1),
  // Region, cropping, no overwriting, placeholders.
  'r.mode': bits(9, 11, 22, 23),
  // Sequencer, extension, compositor, views.
  'r.scemode': bits(0, 4, 6, 21),
  'r.alphamode': fc.constantFrom(0, 1),
  'r.im_format.quality': fc.integer({ min: 0, max: 100 }),
  'r.ffcodecdata.type': fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 9, 10, 12),
  'r.pic': fc.constantFrom('//a_####\0', '/tmp/über\\x\0', 'no/slashes at all\0', '\0'),
  'r.engine': fc.constantFrom('BLENDER_WORKBENCH\0', 'CYCLES\0'),
  'eevee.taa_render_samples': fc.integer({ min: 1, max: 9999 }),
};

/** Formats with a depth and channels that they have: for others Blender has no words. */
const FORMATS: readonly (readonly [imtype: number, depth: number, planes: number])[] = [
  [0, 2, 24],
  [4, 2, 8],
  [14, 2, 32],
  [17, 16, 32],
  [20, 2, 24],
  [21, 64, 24],
  [22, 16, 24],
  [23, 64, 32],
  [24, 2, 24],
  [26, 4, 24],
  [27, 8, 24],
  [28, 16, 32],
  [30, 2, 32],
];

function bits(...numbers: readonly number[]): fc.Arbitrary<number> {
  return fc.subarray([...numbers]).map((some) => some.reduce((sum, bit) => sum + 2 ** bit, 0));
}

function changes(): fc.Arbitrary<readonly Change[]> {
  const fields = Object.entries(FIELDS).map(([path, value]) => value.map((one) => ({ [path]: one })));
  const format = fc.constantFrom(...FORMATS).map(([imtype, depth, planes]) => ({
    'r.im_format.imtype': imtype,
    'r.im_format.depth': depth,
    'r.im_format.planes': planes,
  }));
  const values: fc.Arbitrary<Change['values']> = fc.oneof(format, ...fields);
  return fc.array(fc.record({ scene: fc.nat(9), values }), { minLength: 3, maxLength: 8 });
}

function withChanges(file: Uint8Array, changes: readonly Change[]): Uint8Array {
  const copy = Buffer.from(file);
  const scenes = blocksOf(file).filter((block) => block.code === 'SC');
  const all = changes.flatMap(({ scene, values }) =>
    Object.entries(values).map(([path, value]) => ({
      body: scenes[scene % scenes.length]?.body ?? 0,
      path,
      value,
    })),
  );
  for (const { body, path, value } of all) {
    const { offset, type } = placeOf(file, 'Scene', path);
    const at = body + offset;
    if (typeof value === 'string') copy.write(value, at, 'utf8');
    else if (type === 'float') copy.writeFloatLE(value, at);
    else if (type === 'short') copy.writeInt16LE(value, at);
    else if (type === 'char') copy.writeUInt8(value, at);
    else copy.writeInt32LE(value, at);
  }
  return copy;
}

function runScript(script: string, ...args: readonly string[]): void {
  const options = ['--background', '--factory-startup', '--python-exit-code', '3'];
  const { status, stdout, stderr } = spawnSync(
    BLENDER,
    [...options, '--python', join(SCENES, script), '--', ...args],
    { env: plainEnv(), encoding: 'utf8' },
  );
  assert.equal(status, 0, `${stdout}\n${stderr}`);
}

function temporaryFolder(t: { after(work: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-scenes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Blender brings its own Python, which another one's variables would confuse. */
function plainEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PYTHON')));
}
