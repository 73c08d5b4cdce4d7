import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeShots, newDir, noBlender, noFfmpeg, plan, readRecord, run } from './kit.ts';

describe('what a frame consists of', { skip: noBlender() }, () => {
  let shots = '';
  const dirs: string[] = [];

  before(() => {
    shots = makeShots();
  });
  after(() => {
    for (const dir of [shots, ...dirs]) rmSync(dir, { recursive: true, force: true });
  });

  const folder = () => {
    const dir = newDir();
    dirs.push(dir);
    return dir;
  };
  const task = (script: 'render.py' | 'video.py', name: string, renderDir: string, overrides = {}) =>
    run({
      script,
      shot: join(shots, `${name}.blend`),
      renderDir,
      plan: plan({ frames: '2-3', ...overrides }),
      ...(script === 'render.py' ? { chunk: '2-3' } : {}),
    });

  it('has the file of a File Output node in nested groups, kept inside its own folder', () => {
    const dir = folder();
    task('render.py', 'nested', dir);
    const paths: string[] = readRecord(dir, 3).files.map((file: { path: string }) => file.path);
    assert.match(paths.join(), /^shot_0003\.png,outputs\/Out of Inner\/__\/__\/up\/pass(?:image)?0003\.png$/);
    assert.ok(existsSync(join(dir, paths[1] ?? '')));
  });

  for (const [name, node] of [
    ['compositor', 'Extra/passes'],
    ['nested', 'Out of Inner'],
  ] as const) {
    it(`fails when a File Output node cannot write: ${name}`, () => {
      const dir = folder();
      writeFileSync(join(dir, 'outputs'), 'in the way');
      task('render.py', name, dir);
      const { state, error } = readRecord(dir, 2);
      assert.equal(state, 'failed');
      assert.match(error, new RegExp(`File Output node ${node} wrote 0 of 1 files`));
    });
  }

  it('knows the files of a File Output node under any name, and wants none of a view layer that is off', () => {
    const dir = folder();
    task('render.py', 'output_names', dir);
    const { state, error, files } = readRecord(dir, 3);
    assert.deepEqual([state, error, files.length], ['done', undefined, 9]);
  });

  it('wants no file of a File Output node to which no picture comes', () => {
    const dir = folder();
    task('render.py', 'nothing_to_write', dir);
    const { state, error, files } = readRecord(dir, 2);
    assert.deepEqual([state, error, files.length], ['done', undefined, 1]);
  });

  const formats: readonly [string, string, number?][] = [
    ['OPEN_EXR', '.exr'],
    ['OPEN_EXR_MULTILAYER', '.exr'],
    ['HDR', '.hdr'],
    ['DPX', '.dpx'],
    ['TIFF', '.tif', 16],
  ];
  it('has a thumbnail and a video that look like those of PNG, in any format', { skip: noFfmpeg }, () => {
    const png = folder();
    task('render.py', 'moving', png);
    task('video.py', 'moving', png);
    const files = ['thumbs/0002.jpg', 'preview.mp4'];
    const shown = files.map((file) => colors(join(png, file)));
    for (const [format, extension, colorDepth] of formats) {
      const dir = folder();
      const settings = { format, extension, ...(colorDepth === undefined ? {} : { colorDepth }) };
      task('render.py', 'moving', dir, settings);
      const record = readRecord(dir, 3);
      assert.deepEqual([record.state, record.files[0].path], ['done', `shot_0003${extension}`], record.error);
      const { output } = task('video.py', 'moving', dir, settings);
      assert.match(output, /preview\.mp4 of 2 frames/, output);
      for (const [index, file] of files.entries()) {
        const off = difference(colors(join(dir, file)), shown[index]);
        assert.ok(off < 16, `${file} of ${format} is up to ${off} off`);
      }
    }
  });
});

/** The first picture of a file, 16 × 9 pixels of three bytes. */
function colors(file: string): Buffer {
  const scale = [
    '-frames:v',
    '1',
    '-vf',
    'scale=16:9:flags=area',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-',
  ];
  return spawnSync('ffmpeg', ['-v', 'error', '-i', file, ...scale]).stdout;
}

function difference(one: Buffer, other: Buffer = Buffer.alloc(0)): number {
  assert.ok(one.length === 16 * 9 * 3 && other.length === one.length);
  return Math.max(...one.map((value, index) => Math.abs(value - (other[index] ?? 0))));
}
