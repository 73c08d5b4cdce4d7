import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findBlenders, hasFfmpeg } from '../../../services/control/adapters/local/blenders.ts';
import { temporaryFolder } from './temporary-folder.ts';

const isUnix = process.platform !== 'win32';
const { platform } = process;

describe('finding Blenders', { skip: !isUnix }, () => {
  test('those that BLENDER names come newest first, each asked once', async (t) => {
    const dir = temporaryFolder(t);
    const cacheFile = join(dir, 'blenders.json');
    const blenderPaths = [fakeBlender(dir, '3.6.9'), fakeBlender(dir, '10.0.1'), fakeBlender(dir, '4.5.3')];
    const find = () => findBlenders({ env: {}, platform, blenderPaths, cacheFile });
    const found = await find();
    assert.deepEqual(
      found.map(({ version }) => version),
      ['10.0.1', '4.5.3', '3.6.9'],
    );
    assert.deepEqual(await find(), found);
    assert.equal(readFileSync(join(dir, '4.5.3', 'asked'), 'utf8'), 'asked\n');
  });

  test('a BLENDER that is not there, or is none, is an error that names it', async (t) => {
    const dir = temporaryFolder(t);
    const cacheFile = join(dir, 'blenders.json');
    const find = (path: string) => findBlenders({ env: {}, platform, blenderPaths: [path], cacheFile });
    await assert.rejects(find(join(dir, 'nowhere')), /BLENDER: there is no program .*nowhere/);
    await assert.rejects(find('/bin/true'), /BLENDER: \/bin\/true does not answer as Blender does/);
  });

  test('one that was put in its usual place is found, and one that does not answer is left out', async (t) => {
    const home = temporaryFolder(t);
    fakeBlender(join(home), '4.2.0', 'blender-4.2.0-linux-x64');
    mkdirSync(join(home, 'blender-broken'));
    writeFileSync(join(home, 'blender-broken', 'blender'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const surroundings = { env: { HOME: home }, platform: 'linux' as const };
    const found = await findBlenders({
      ...surroundings,
      blenderPaths: [],
      cacheFile: join(home, 'cache.json'),
    });
    assert.ok(found.some(({ version }) => version === '4.2.0'));
  });

  const blender = '/usr/bin/blender';
  const skip = existsSync(blender) ? false : 'no Blender here';
  test('a real Blender tells its version, its devices and whether it denoises', { skip }, async (t) => {
    const cacheFile = join(temporaryFolder(t), 'blenders.json');
    // A Python set-up such as this one breaks the Python of Debian's Blender unless it is kept from it.
    const env = { ...process.env, PYTHONHOME: '/nowhere' };
    const [found] = await findBlenders({ env, platform, blenderPaths: [blender], cacheFile });
    assert.match(found?.version ?? '', /^\d+\.\d+\.\d+$/);
    assert.equal(typeof found?.hasDenoiser, 'boolean');
    assert.equal(found?.devices[0], 'CPU');
  });

  test('ffmpeg is at hand when the PATH has it', async (t) => {
    const dir = temporaryFolder(t);
    assert.equal(await hasFfmpeg({ env: { PATH: dir }, platform }), false);
    writeFileSync(join(dir, 'ffmpeg'), '');
    chmodSync(join(dir, 'ffmpeg'), 0o755);
    assert.equal(await hasFfmpeg({ env: { PATH: dir }, platform }), true);
  });
});

/** Answers as Blender does, and notes each time it is asked. */
function fakeBlender(dir: string, version: string, folder = version): string {
  const answer = JSON.stringify({ version, hasDenoiser: true, devices: ['CPU'] });
  mkdirSync(join(dir, folder));
  const path = join(dir, folder, 'blender');
  const lines = ['#!/bin/sh', 'echo asked >> "$(dirname "$0")/asked"', `echo 'TABLAO-BLENDER ${answer}'`];
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o755 });
  return path;
}
