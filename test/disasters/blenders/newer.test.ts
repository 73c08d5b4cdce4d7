import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Alone, renderByHand } from '../blender-alone.ts';
import { assertDelivered } from '../pictures.ts';
import { makeProjects } from '../projects.ts';
import { type Rendered, renderAll } from '../service.ts';

/** Newer Blenders, paths as in PATH: 4.3 and 5.2 are what Debian 13 and sid have. */
const BLENDERS = (process.env.BLENDERS ?? '').split(delimiter).filter((path) => path !== '');
const SHOTS = [
  'plain',
  'denoised',
  'multilayer',
  'stereo',
  'save-output-off',
  'simulation-zone',
  'sculpted',
  'sculpted-missing',
  'sculpted-no-more',
];
const SETTINGS = { chunkSize: 2, video: false };
const TIMEOUT_MS = 5 * 60_000;

describe('newer Blenders', { skip: BLENDERS.length > 0 ? false : 'BLENDERS names none' }, () => {
  for (const blender of BLENDERS) describe(blender, () => withBlender(blender));
});

function withBlender(blender: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-newer-'));
  const projects = join(folder, 'projects');
  const bucket = join(folder, 'bucket');
  const alone = new Map<string, Alone>();
  let rendered: Rendered;

  before(async () => {
    makeProjects('make_newer.py', projects, blender);
    for (const name of SHOTS) {
      const hand = join(folder, 'hand', name);
      cpSync(join(projects, name), hand, { recursive: true });
      alone.set(
        name,
        await renderByHand({ blender, folder: hand, blend: 'shot.blend', before: [], after: ['-a'] }),
      );
      cpSync(join(projects, name), join(bucket, 'scenes', name), { recursive: true });
      mkdirSync(join(bucket, 'scenes', name), { recursive: true });
      writeFileSync(join(bucket, 'scenes', name, 'shot.render.json'), JSON.stringify(SETTINGS));
    }
    const shots = SHOTS.map((name) => `${name}/shot`);
    rendered = await renderAll({ bucket, shots, env: { BLENDER: blender }, timeoutMs: TIMEOUT_MS });
  });

  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  const runOf = (name: string) => rendered.runs.get(`${name}/shot`);

  /** As Blender alone renders `likeness`. */
  function assertCompleted(name: string, likeness = name): void {
    const run = runOf(name);
    assert.equal(run?.state, 'completed', `${run?.reason?.code}: ${run?.reason?.message}`);
    assertDelivered(
      join(folder, 'hand', likeness, 'out'),
      join(bucket, 'renders', name, 'shot/v001'),
      (file) => file,
    );
  }

  for (const name of ['plain', 'multilayer', 'stereo', 'sculpted', 'sculpted-no-more'])
    test(`${name}: the same files as by hand`, () => assertCompleted(name));

  test('denoised: the same files as by hand, or no denoiser said before the farm', () => {
    const run = runOf('denoised');
    if (run?.reason?.code !== 'noDenoiser') assertCompleted('denoised');
    else assert.deepEqual([run.state, run.round], ['rejected', 0]);
  });

  test('saving is off: delivered all the same', () => assertCompleted('save-output-off', 'plain'));

  test('a sculpted shape whose file was not uploaded: said before the farm', () => {
    const run = runOf('sculpted-missing');
    assert.equal(alone.get('sculpted-missing')?.exit, 0);
    assert.deepEqual([run?.state, run?.reason?.code], ['waiting', 'missingFiles'], run?.reason?.message);
    assert.match(run?.reason?.message ?? '', /sculpt\/rock\.btx/);
  });

  test('a simulation zone that was not baked: said by the check, no frame is rendered', () => {
    const run = runOf('simulation-zone');
    assert.equal(alone.get('simulation-zone')?.exit, 0);
    assert.deepEqual([run?.state, run?.reason?.code], ['rejected', 'unbaked'], run?.reason?.message);
    assert.match(run?.reason?.message ?? '', /Cube/);
  });
}
