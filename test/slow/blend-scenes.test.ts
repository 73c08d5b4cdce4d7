import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { read, SCENES } from '../blend/sources.ts';
import { assertAsBlenderSays } from '../blend/what-blender-says.ts';
import { makeProjects, noBlender } from '../disasters/projects.ts';

const BLENDER = process.env.BLENDER ?? 'blender';
const TESTS = join(import.meta.dirname, '..');
/** Scripts that make the scenes of other tests, which were not made with the reader in mind. */
const MAKERS = ['blender-kit/make_shots.py', 'e2e/make_shots.py'];
const PROJECTS = ['make_healthy.py', 'make_disasters.py'] as const;
/** Made to be what Blender does not open, or opens as something else. */
const UNREADABLE = /not-a-blend|truncated-blend|newer-file|library-newer|engine-absent|scene-of-an-engine/;
describe('the reader', { skip: noBlender(), timeout: 600_000 }, () => {
  it('says of the scenes of all tests what Blender says', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tablao-all-scenes-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const [index, maker] of MAKERS.entries()) {
      mkdirSync(join(folder, String(index)));
      runBlender(join(TESTS, maker), join(folder, String(index)));
    }
    for (const script of PROJECTS) makeProjects(script, join(folder, script), BLENDER);
    const files = globSync('**/*.blend', { cwd: folder })
      .filter((file) => !UNREADABLE.test(file))
      .map((file) => join(folder, file));
    assert.ok(files.length > 50, `${files.length} scenes`);
    runBlender(join(SCENES, 'says.py'), ...files);
    for (const file of files)
      assertAsBlenderSays(await read(readFileSync(file)), file.replace(/\.blend$/, '.json'));
  });
});

function runBlender(script: string, ...args: readonly string[]): void {
  // Blender brings its own Python, which another one's variables would confuse.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PYTHON')));
  const options = ['--background', '--factory-startup', '--python-exit-code', '3', '--python', script];
  const { status, stdout, stderr } = spawnSync(BLENDER, [...options, '--', ...args], {
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, `${script}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
}
