import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { blendTools, fileSource } from '../../services/control/adapters/local/blend-tools.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { SCENES } from './sources.ts';
import { assertAsBlenderSays } from './what-blender-says.ts';

const BLENDER = process.env.BLENDER ?? 'blender';
const isHere = spawnSync(BLENDER, ['--version'], { env: plainEnv() }).status === 0;
const skip = isHere ? false : 'Blender is not on this machine: install it or set BLENDER to compare with it';

describe('the Blender of this machine', () => {
  for (const [compression, ...more] of [['none'], ['zstd', '--compress']] as const)
    it(`agrees with every fact of what it just saved (${compression})`, {
      skip,
      timeout: 60_000,
    }, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'tablao-scenes-'));
      t.after(() => rmSync(folder, { recursive: true }));
      makeScenes(folder, more);
      for (const name of ['defaults', 'settings', 'needs']) {
        const source = await fileSource(join(folder, `${name}.blend`));
        t.after(() => source.close());
        const facts = await readBlend(source, blendTools);
        assertAsBlenderSays(facts, join(folder, `${name}.json`));
        assert.equal(facts.compression, compression);
      }
    });
});

function makeScenes(folder: string, more: readonly string[]): void {
  const script = join(SCENES, 'make_scenes.py');
  const args = [
    '--background',
    '--factory-startup',
    '--python-exit-code',
    '3',
    '--python',
    script,
    '--',
    folder,
    ...more,
  ];
  const { status, stdout, stderr } = spawnSync(BLENDER, args, { env: plainEnv(), encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
}

/** Blender brings its own Python, which another one's variables would confuse. */
function plainEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PYTHON')));
}
