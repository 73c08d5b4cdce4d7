import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { makeFlatShots, RED } from '../e2e/flat-shots.ts';
import { cannotRender, framesOf, startService } from '../e2e/service.ts';

const TABLAO = resolve(import.meta.dirname, '../../services/cli/tablao.mjs');

async function tablao(home: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [TABLAO, ...args], {
    env: { ...process.env, TABLAO_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, said: out + err };
}

describe('sending and fetching with real Blender', { skip: cannotRender }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-way-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  test('a shot with its library is sent, rendered, watched to its end and fetched while it renders', async (t) => {
    const project = join(folder, 'film');
    const bucket = join(folder, 'bucket');
    mkdirSync(join(project, 'lib'), { recursive: true });
    makeFlatShots([
      { file: join(project, 'lib', 'set.blend'), colour: RED },
      { file: join(project, 'sh010.blend'), library: '//lib/set.blend', frames: 4, colour: RED },
    ]);
    const service = await startService(t, { bucket });
    const where = ['--url', service.url];
    const shot = join(project, 'sh010.blend');
    const to = join(folder, 'frames');

    const [sent, fetched] = await Promise.all([
      tablao(folder, 'submit', shot, '--frames', '1-3', '--watch', ...where),
      tablao(folder, 'pull', 'film/sh010', '--watch', '--to', to, ...where),
    ]);
    assert.equal(sent.code, 0, sent.said);
    assert.match(sent.said, /film\/sh010 v001 is completed: 3 of 3 frames/);
    assert.equal(fetched.code, 0, fetched.said);
    const frames = framesOf(bucket, 'film/sh010/v001');
    assert.equal(frames.length, 3);
    for (const name of frames)
      assert.deepEqual(
        readFileSync(join(to, name)),
        readFileSync(join(bucket, 'renders', 'film/sh010/v001', name)),
      );
    assert.ok(readdirSync(to).includes('preview.mp4'));

    // The same once more sends nothing and renders nothing.
    const before = (await service.runsOf('film/sh010')).length;
    const again = await tablao(folder, 'submit', shot, '--frames', '1-3', ...where);
    assert.match(again.said, /\(2 of them were there already\)/);
    assert.equal((await service.runsOf('film/sh010')).length, before);
    assert.equal(await service.stop(), 0);
  });

  test('a shot that cannot be rendered ends the watching with its reason', async (t) => {
    const shot = join(folder, 'blind.blend');
    makeFlatShots([{ file: shot, camera: false }]);
    const service = await startService(t, { bucket: join(folder, 'other') });
    const { code, said } = await tablao(folder, 'submit', shot, '--watch', '--url', service.url);
    assert.equal(code, 1);
    assert.match(said, /no camera/);
    assert.equal(await service.stop(), 0);
  });
});
