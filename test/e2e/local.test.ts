import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { createLocalRecords } from '../../services/control/adapters/local/records.ts';
import { isFlat, readPng } from './png.ts';
import { cannotRender } from './service.ts';

const MAIN = resolve(import.meta.dirname, '../../services/control/main.ts');
const MAKE = resolve(import.meta.dirname, 'make_shots.py');

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the service to its end on its own bucket, as `npm start -- --exit-when-idle` does. */
function runToEnd(bucket: string, args: readonly string[]): Promise<Ended> {
  const options = ['--bucket', bucket, '--exit-when-idle', '--port', '0', '--idle-seconds', '1'];
  const env = { ...process.env, FLAMENCO_LITE_SPEED: '10', SETTLE_SECONDS: '1' };
  const child = spawn(process.execPath, [MAIN, ...options, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  return new Promise((done) => child.on('close', (code) => done({ code, output })));
}

describe('npm start on one machine', { skip: cannotRender }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-e2e-'));
  const shots = join(folder, 'shots');
  mkdirSync(shots);
  execFileSync('blender', ['-b', '--factory-startup', '--python', MAKE, '--', shots], { stdio: 'pipe' });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  test('renders shots with their settings, proves them, and leaves nothing running', async () => {
    writeFileSync(
      join(shots, 'second.render.json'),
      JSON.stringify({ scene: 'Other', frames: '2,4', resolutionPercent: 50 }),
    );
    const bucket = join(folder, 'good');
    const scenes = ['first.blend', 'second.blend', 'movie.blend'].flatMap((name) => [
      '--scene',
      join(shots, name),
    ]);
    const ended = await runToEnd(bucket, scenes);
    assert.equal(ended.code, 0, ended.output);
    assert.ok(
      ended.output.includes(`first: completed: its frames are in ${join(bucket, 'renders/first/v001')}`),
    );
    const renders = (shot: string) =>
      readdirSync(join(bucket, 'renders', shot, 'v001')).filter((name) => name.endsWith('.png'));
    assert.deepEqual(renders('first'), ['take_001.png', 'take_003.png', 'take_005.png']);
    assert.deepEqual(renders('second'), ['second_0002.png', 'second_0004.png']);
    assert.deepEqual(renders('movie'), ['clip0001.png', 'clip0002.png']);
    const first = readPng(join(bucket, 'renders/first/v001/take_001.png'));
    assert.deepEqual([first.width, first.height, isFlat(first)], [64, 36, false]);
    assert.equal(readPng(join(bucket, 'renders/second/v001/second_0002.png')).width, 32);
    assert.ok(existsSync(join(bucket, 'renders/first/v001/thumbs/0001.jpg')));
    assert.equal(existsSync(join(bucket, '.tablao/farm/farm.json')), false, 'the farm is gone');
  });

  test('ends with 1 and a clear line for garbage, no camera, a missing texture and a missing Blender', async () => {
    const garbage = join(shots, 'garbage.blend');
    writeFileSync(garbage, 'this is no scene');
    const bucket = join(folder, 'bad');
    // Nobody will bring that Blender meanwhile.
    copyFileSync(join(shots, 'first.blend'), join(shots, 'newer.blend'));
    writeFileSync(join(shots, 'newer.render.json'), '{"blender": "9.9"}');
    const scenes = ['garbage', 'nocamera', 'texture', 'newer'].map((name) => join(shots, `${name}.blend`));
    const ended = await runToEnd(
      bucket,
      scenes.flatMap((scene) => ['--scene', scene]),
    );
    assert.equal(ended.code, 1, ended.output);
    assert.match(ended.output, /tablao: garbage: rejected/);
    assert.match(ended.output, /nocamera: rejected: .*no camera/);
    assert.match(ended.output, /texture: rejected: .*textures\/wood\.png/);
    assert.match(ended.output, /newer: waiting: .*9\.9/);
  });

  test('delivers the others when one frame always fails, and renders only that one again later', async () => {
    const bucket = join(folder, 'failing');
    const scene = ['--scene', join(shots, 'first.blend')];
    // A folder stands where the frame would be written.
    const inTheWay = join(bucket, 'renders/first/v001/take_003.png');
    mkdirSync(join(inTheWay, 'x'), { recursive: true });
    const ended = await runToEnd(bucket, scene);
    assert.equal(ended.code, 1, ended.output);
    assert.match(ended.output, /first: incomplete: 2 of 3 frames are there. Frame 3 failed: /);
    const [file] = readdirSync(join(bucket, '.tablao/runs'));
    const run = JSON.parse(readFileSync(join(bucket, '.tablao/runs', String(file)), 'utf8'));
    assert.ok(run.troubles[0].log.length > 0, 'the last log lines are kept');
    const before = statSync(join(bucket, 'renders/first/v001/take_001.png')).mtimeMs;

    rmSync(inTheWay, { recursive: true });
    const records = createLocalRecords({ dir: join(bucket, '.tablao') });
    await records.create('commands/again.json', { kind: 'again', runId: run.id, by: null, settings: {} });
    const again = await runToEnd(bucket, []);
    assert.equal(again.code, 0, again.output);
    assert.ok(statSync(inTheWay).isFile());
    assert.equal(statSync(join(bucket, 'renders/first/v001/take_001.png')).mtimeMs, before);
  });

  test('ends a shot with what the check found, before a frame is rendered', async () => {
    writeFileSync(join(shots, 'checked.render.json'), JSON.stringify({ camera: 'Nobody' }));
    copyFileSync(join(shots, 'first.blend'), join(shots, 'checked.blend'));
    const bucket = join(folder, 'checked');
    const ended = await runToEnd(bucket, ['--scene', join(shots, 'checked.blend')]);
    assert.equal(ended.code, 1, ended.output);
    assert.match(ended.output, /checked: rejected: .*Nobody/);
  });
});
