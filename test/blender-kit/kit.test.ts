import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  hasRecord,
  makeShots,
  newDir,
  noBlender,
  noFfmpeg,
  plan,
  readPng,
  readRecord,
  renderPlainly,
  run,
  savedIn,
  start,
  stepsIn,
} from './kit.ts';

describe('the kit inside a real Blender', { skip: noBlender() }, () => {
  let shots = '';
  const dirs: string[] = [];

  before(() => {
    shots = makeShots();
  });
  after(() => {
    for (const dir of [shots, ...dirs]) rmSync(dir, { recursive: true, force: true });
  });

  const shot = (name: string) => join(shots, `${name}.blend`);
  const folder = () => {
    const dir = newDir();
    dirs.push(dir);
    return dir;
  };
  const render = (name: string, renderDir: string, chunk: string, overrides = {}, scripts = false) =>
    run({ script: 'render.py', shot: shot(name), renderDir, chunk, plan: plan(overrides), scripts });

  it('writes each frame with its record and thumbnail, and counts one step and one saved file a frame', () => {
    const dir = folder();
    const ended = render('plain', dir, '1-2,5');
    assert.equal(ended.code, 0, ended.output);
    assert.equal(stepsIn(ended.output), 3, ended.output);
    assert.deepEqual(
      savedIn(ended.output),
      ['shot_0001.png', 'shot_0002.png', 'shot_0005.png'].map((name) => join(dir, name)),
    );
    const record = readRecord(dir, 5);
    assert.deepEqual(record.files, [
      { path: 'shot_0005.png', bytes: statSync(join(dir, 'shot_0005.png')).size },
    ]);
    assert.deepEqual(
      [record.schema, record.run, record.state, record.attempt, record.device, record.engine, record.worker],
      [1, 'r1', 'done', 1, 'CPU', 'CYCLES', 'test-worker'],
    );
    assert.deepEqual(record.warnings, []);
    assert.ok(record.peakMemoryMiB > 20 && record.startedAt < record.endedAt);
    assert.ok(readRecord(dir, 1).loadSeconds > 0 && record.loadSeconds === 0);
    assert.deepEqual(readdirSync(join(dir, 'thumbs')), ['0001.jpg', '0002.jpg', '0005.jpg']);
    assert.equal(readFileSync(join(dir, 'thumbs/0005.jpg')).readUInt16BE(0), 0xffd8);
  });

  for (const name of ['compositor', 'sequencer', 'moving']) {
    it(`renders the same pixels as blender -f does: ${name}`, () => {
      const dir = folder();
      renderPlainly(shot(name), '2,5', join(dir, 'plainly_####'));
      render(name, dir, '2,5');
      for (const frame of ['0002', '0005']) {
        const [ours, theirs] = [
          readPng(join(dir, `shot_${frame}.png`)),
          readPng(join(dir, `plainly_${frame}.png`)),
        ];
        assert.ok(ours.pixels.equals(theirs.pixels), `frame ${frame} of ${name} differs`);
      }
      const frames = [readPng(join(dir, 'shot_0002.png')), readPng(join(dir, 'shot_0005.png'))];
      assert.ok(!frames[0]?.pixels.equals(frames[1]?.pixels ?? Buffer.alloc(0)), 'the shot moves');
    });
  }

  it('sends File Output nodes to a folder of their own and records their files', () => {
    const dir = folder();
    render('compositor', dir, '3');
    const paths = readRecord(dir, 3).files.map((file: { path: string }) => file.path);
    assert.equal(paths[0], 'shot_0003.png');
    assert.match(paths[1] ?? '', /^outputs\/Extra_passes\/plain.*0003\.png$/);
    assert.ok(existsSync(join(dir, paths[1])));
  });

  it('records both files of a stereo frame', () => {
    const dir = folder();
    const ended = render('stereo', dir, '1');
    assert.deepEqual(
      readRecord(dir, 1).files.map((file: { path: string }) => file.path),
      ['shot_0001_L.png', 'shot_0001_R.png'],
      ended.output,
    );
  });

  it('makes a thumbnail of an EXR frame too', () => {
    const dir = folder();
    render('plain', dir, '1', { format: 'OPEN_EXR', extension: '.exr' });
    assert.equal(readRecord(dir, 1).files[0].path, 'shot_0001.exr');
    assert.equal(readFileSync(join(dir, 'thumbs/0001.jpg')).readUInt16BE(0), 0xffd8);
  });

  it('skips what this run has done, and renders again what was cut short or belongs to another run', () => {
    const dir = folder();
    render('plain', dir, '1-3');
    truncateSync(join(dir, 'shot_0002.png'), 100);
    const again = render('plain', dir, '1-3');
    assert.equal(stepsIn(again.output), 3, again.output);
    assert.deepEqual(savedIn(again.output), [join(dir, 'shot_0002.png')]);
    assert.deepEqual(
      [1, 2, 3].map((frame) => readRecord(dir, frame).attempt),
      [1, 2, 1],
    );

    const other = render('plain', dir, '1-3', { run: 'r2' });
    assert.equal(savedIn(other.output).length, 3);
    assert.deepEqual(
      [1, 2, 3].map((frame) => readRecord(dir, frame).attempt),
      [1, 1, 1],
    );
  });

  it('goes on after a SIGKILL in the middle of a frame, the broken frame last', async () => {
    const dir = folder();
    const child = start({
      script: 'render.py',
      shot: shot('heavy'),
      renderDir: dir,
      chunk: '1-2',
      plan: plan(),
    });
    const deadline = Date.now() + 20_000;
    while (!hasRecord(dir, 1) && Date.now() < deadline) await sleep(20);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(readRecord(dir, 1).state, 'rendering');
    assert.equal(hasRecord(dir, 2), false);

    const again = render('heavy', dir, '1-2', { samples: 1, resolutionPercent: 10 });
    assert.deepEqual(
      savedIn(again.output),
      ['shot_0002.png', 'shot_0001.png'].map((name) => join(dir, name)),
    );
    const record = readRecord(dir, 1);
    assert.deepEqual([record.state, record.attempt, readRecord(dir, 2).attempt], ['done', 2, 1]);
  });

  it('renders the other frames of a chunk when one cannot be written', () => {
    const dir = folder();
    mkdirSync(join(dir, 'shot_0002.png'));
    const ended = render('plain', dir, '1-3');
    assert.equal(ended.code, 0, ended.output);
    assert.deepEqual(
      [1, 2, 3].map((frame) => readRecord(dir, frame).state),
      ['done', 'failed', 'done'],
    );
    assert.match(readRecord(dir, 2).error, /shot_0002\.png/);
  });

  it('puts a frame that ends Blender behind the others, so that it blocks none of them twice', () => {
    const dir = folder();
    const first = render('dying', dir, '1-3', {}, true);
    assert.equal(first.code, 0);
    assert.match(
      first.stdout.trim(),
      /tablao: Blender ended with exit code 137 \(SIGKILL\), as it does when memory runs out$/,
    );
    assert.equal(readRecord(dir, 2).state, 'rendering');
    assert.equal(hasRecord(dir, 3), false);

    render('dying', dir, '1-3', {}, true);
    assert.deepEqual(
      [1, 2, 3].map((frame) => readRecord(dir, frame).state),
      ['done', 'rendering', 'done'],
    );
    assert.equal(readRecord(dir, 2).attempt, 2);
  });

  it('fails a frame whose file was cut short behind its back, and renders it again', () => {
    const dir = folder();
    render('cut_short', dir, '1-2', {}, true);
    assert.deepEqual([readRecord(dir, 1).state, readRecord(dir, 2).state], ['done', 'failed']);
    assert.match(readRecord(dir, 2).error, /shot_0002\.png is cut short/);
    render('cut_short', dir, '1-2', {}, true);
    assert.deepEqual([readRecord(dir, 2).state, readRecord(dir, 2).attempt], ['done', 2]);
  });

  it('leaves the scripts of the file alone unless they are allowed', () => {
    const dir = folder();
    render('dying', dir, '2');
    assert.equal(readRecord(dir, 2).state, 'done');
  });

  it('applies resolution, samples and camera', () => {
    const dir = folder();
    render('moving', dir, '1', { resolutionPercent: 50, samples: 1 });
    const half = readPng(join(dir, 'shot_0001.png'));
    assert.deepEqual([half.width, half.height], [32, 18]);

    render('moving', dir, '1', { run: 'r2' });
    const marked = readPng(join(dir, 'shot_0001.png'));
    render('moving', dir, '1', { run: 'r3', camera: 'Near' });
    assert.ok(
      !readPng(join(dir, 'shot_0001.png')).pixels.equals(marked.pixels),
      'the named camera wins over markers',
    );
  });

  it('fails every frame with the reason when the plan names what is not there', () => {
    const cases = [
      { plan: { scene: 'Othr' }, code: 'unknownScene', says: /Did you mean "Other"\?/ },
      { plan: { camera: 'Nobody' }, code: 'unknownCamera', says: /no camera "Nobody"/ },
      { plan: { viewLayers: ['Nothing'] }, code: 'unknownViewLayer', says: /no view layer "Nothing"/ },
      { plan: { format: 'GIF', extension: '.gif' }, code: 'unknownFormat', says: /"GIF"/ },
    ];
    for (const { plan: overrides, code, says } of cases) {
      const dir = folder();
      const ended = render('plain', dir, '1-2', overrides);
      assert.equal(ended.code, 0);
      assert.deepEqual(
        [1, 2].map((frame) => readRecord(dir, frame).state),
        ['failed', 'failed'],
      );
      assert.equal(readRecord(dir, 1).errorCode, code);
      assert.match(readRecord(dir, 1).error, says);
    }
  });

  it('fails a frame whose picture would be wrong although Blender would say nothing', () => {
    const dir = folder();
    render('faulty', dir, '1');
    const { state, error, errorCode } = readRecord(dir, 1);
    assert.deepEqual([state, errorCode], ['failed', 'needsScripts']);
    assert.match(error, /textures\/lost\.png is not there/);
  });

  it('names the one file of a sequence that a frame lacks, and tiles, and leaves out what no picture shows', () => {
    const dir = folder();
    render('textured', dir, '3-4');
    const named = (frame: number) => readRecord(dir, frame).error.match(/[\w.]+(?= is not there)/g);
    assert.deepEqual(named(3), ['seq_003.png', 'tile.1002.png']);
    assert.deepEqual(named(4), ['tile.1002.png']);

    const checked = run({
      script: 'check.py',
      shot: shot('textured'),
      renderDir: dir,
      plan: plan({ frames: '1-4' }),
    });
    assert.equal(checked.code, 3, checked.output);
    const levels = readRecord(dir, 'check').findings.map((finding: { level: string; message: string }) => [
      finding.level,
      /\/([^/ ]+) is not there/.exec(finding.message)?.[1],
    ]);
    assert.deepEqual(levels, [
      ['warning', 'reference.png'],
      ['error', 'seq_003.png'],
      ['error', 'tile.1002.png'],
    ]);
  });

  it('says that a linked file is gone, in the check and in the record of each frame', () => {
    const dir = folder();
    const checked = run({ script: 'check.py', shot: shot('linking'), renderDir: dir, plan: plan() });
    assert.equal(checked.code, 3, checked.output);
    const codes = readRecord(dir, 'check').findings.map((finding: { code: string }) => finding.code);
    assert.ok(codes.includes('missingLibrary'), codes.join());
    render('linking', dir, '1');
    assert.match(readRecord(dir, 1).error, /props\.blend is not there/);
  });

  it('checks a shot: findings in the record, exit code 3 when one is an error', () => {
    const dir = folder();
    const faulty = run({ script: 'check.py', shot: shot('faulty'), renderDir: dir, plan: plan() });
    assert.equal(faulty.code, 3, faulty.output);
    const found = readRecord(dir, 'check').findings.map((finding: { code: string }) => finding.code);
    assert.deepEqual(found.sort(), ['missingImage', 'needsScripts', 'noCamera']);

    const good = run({ script: 'check.py', shot: shot('moving'), renderDir: dir, plan: plan() });
    assert.equal(good.code, 0, good.output);
    assert.deepEqual(readRecord(dir, 'check').findings, []);
  });

  it('finds nothing wrong with the sample scene, which moves', () => {
    const dir = folder();
    const sample = join(import.meta.dirname, '../../services/flamenco-lite/sample/tablao.blend');
    const settings = plan({ resolutionPercent: 20, samples: 1 });
    const checked = run({ script: 'check.py', shot: sample, renderDir: dir, plan: settings });
    assert.equal(checked.code, 0, checked.output);
    run({ script: 'render.py', shot: sample, renderDir: dir, chunk: '1,13', plan: settings });
    const [first, later] = ['0001', '0013'].map((frame) => readPng(join(dir, `shot_${frame}.png`)));
    assert.ok(first && later && !first.pixels.equals(later.pixels));
    assert.deepEqual([readRecord(dir, 1).warnings, readRecord(dir, 'check').findings], [[], []]);
  });

  it('makes a preview video with sound of the frames that are there', { skip: noFfmpeg }, () => {
    const dir = folder();
    render('sequencer', dir, '1-3');
    const ended = run({
      script: 'video.py',
      shot: shot('sequencer'),
      renderDir: dir,
      plan: plan({ frames: '1-4' }),
    });
    assert.equal(ended.code, 0);
    const video = readFileSync(join(dir, 'preview.mp4'));
    for (const atom of ['ftyp', 'avc1', 'mp4a']) assert.ok(video.includes(atom), `${atom} in preview.mp4`);
    assert.match(ended.output, /preview\.mp4 of 3 frames at 24 frames a second/);
  });

  it('never fails for the video, and says why there is none', () => {
    const ended = run({ script: 'video.py', shot: shot('plain'), renderDir: folder(), plan: plan() });
    assert.equal(ended.code, 0);
    assert.match(ended.output, /tablao: no preview video: /);
  });
});
