import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { RunRecord } from '../../services/control/core/run.ts';
import { makeFlatShots } from '../e2e/flat-shots.ts';
import { readPng } from '../e2e/png.ts';
import {
  cannotSeeProcesses,
  farmProcesses,
  framesOf,
  type Service,
  startService,
  until,
  untilAtRest,
  untilRun,
} from '../e2e/service.ts';

const ALL = ['f_001.png', 'f_002.png', 'f_003.png', 'f_004.png', 'f_005.png'];
const ENV = { ALLOW_SCENE_SCRIPTS: 'true' };

describe('one frame that goes wrong', { skip: cannotSeeProcesses }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-wrong-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  /** A bucket with one shot of five frames in one chunk, whose handlers look for `cause` on the disk. */
  function bucketWith(name: string, handlers: (cause: string) => string, settings: object) {
    const bucket = join(folder, name);
    const cause = join(folder, `${name}-cause`);
    const file = join(folder, `${name}.blend`);
    writeFileSync(cause, '');
    makeFlatShots([{ file, frames: ALL.length, script: handlers(cause) }]);
    mkdirSync(join(bucket, 'scenes'), { recursive: true });
    copyFileSync(file, join(bucket, 'scenes/shot.blend'));
    writeFileSync(
      join(bucket, 'scenes/shot.render.json'),
      JSON.stringify({ chunkSize: ALL.length, video: false, ...settings }),
    );
    return { bucket, cause };
  }

  const timesOf = (bucket: string) =>
    new Map(
      framesOf(bucket, 'shot/v001').map((name) => [
        name,
        statSync(join(bucket, 'renders/shot/v001', name)).mtimeMs,
      ]),
    );

  /** Every frame is there to its last pixel, and only `rendered` are newer than `before`. */
  function assertWhole(
    bucket: string,
    before: ReadonlyMap<string, number>,
    rendered: readonly string[],
  ): void {
    assert.deepEqual(framesOf(bucket, 'shot/v001'), ALL);
    for (const name of ALL) readPng(join(bucket, 'renders/shot/v001', name));
    const after = timesOf(bucket);
    assert.deepEqual(
      ALL.filter((name) => after.get(name) !== before.get(name)),
      rendered,
    );
  }

  async function untilIncomplete(service: Service): Promise<RunRecord> {
    const { id } = await untilRun(service, 'shot', ['incomplete', 'completed', 'failed'], 240);
    const run = await service.run(id);
    assert.equal(run.state, 'incomplete', JSON.stringify(run.reason));
    return run;
  }

  test('it hangs: the others are delivered, it is named, and again renders it alone', async (t) => {
    const { bucket, cause } = bucketWith('hangs', hangAtFrame3, { frameMinutesLimit: 0.25 });
    const service = await startService(t, { bucket, env: ENV });
    const run = await untilIncomplete(service);
    assert.match(run.reason?.message ?? '', /4 of 5 frames are there\. Frame 3 failed: it stood still for/);
    assert.deepEqual(
      run.troubles.map(({ frame, attempts }) => [frame, attempts]),
      [[3, 3]],
    );
    assert.match(run.troubles[0]?.log ?? '', /Blender 3/, 'the last log lines are kept');
    assert.deepEqual(
      framesOf(bucket, 'shot/v001'),
      ALL.filter((name) => name !== 'f_003.png'),
    );
    await until('the end of the hung Blender', async () => farmProcesses(bucket, 'render.py').length === 0);
    const before = timesOf(bucket);

    rmSync(cause);
    await againAndComplete(service, run.id, '3');
    assertWhole(bucket, before, ['f_003.png']);
    assert.equal(await service.stop(), 0);
  });

  test('its file is cut short behind our back: it is seen and rendered again', async (t) => {
    const { bucket, cause } = bucketWith('cut', cutOnce, {});
    const service = await startService(t, { bucket, env: ENV });
    const { id } = await untilRun(service, 'shot', ['completed', 'incomplete', 'failed'], 240);
    const run = await service.run(id);
    assert.equal(run.state, 'completed', JSON.stringify([run.reason, run.troubles]));
    assert.equal(existsSync(`${cause}-2`) && existsSync(`${cause}-4`), true, 'both were cut short');
    for (const name of ALL) readPng(join(bucket, 'renders/shot/v001', name));
    const { decisions } = await service.status();
    assert.ok(
      decisions.some(({ what, reason }) => /once more|again/.test(what) && /cut short/.test(reason)),
      'people are told why',
    );
    await untilAtRest(service);
    assert.equal(await service.stop(), 0);
  });

  test('its file is always cut short: the run is incomplete and says so, and again finishes it', async (t) => {
    const { bucket, cause } = bucketWith('always-cut', cutAlways, {});
    const service = await startService(t, { bucket, env: ENV });
    const run = await untilIncomplete(service);
    assert.match(run.reason?.message ?? '', /4 of 5 frames are there\. Frame 2 failed: .*cut short/);
    const before = timesOf(bucket);

    rmSync(cause);
    await againAndComplete(service, run.id, '2');
    assertWhole(bucket, before, ['f_002.png']);
    assert.equal(await service.stop(), 0);
  });
});

async function againAndComplete(service: Service, id: string, frames: string): Promise<void> {
  assert.equal((await service.post(`/runs/${id}/again`, {})).status, 202);
  const again = await until('the new run', async () =>
    (await service.runsOf('shot')).find((run) => run.id !== id),
  );
  await untilRun(service, 'shot', ['completed']);
  const run = await service.run(again.id);
  assert.deepEqual([run.state, run.frames, run.version], ['completed', frames, 1]);
  await untilAtRest(service);
}

const HANDLERS = ['import bpy, os, time', 'from bpy.app.handlers import persistent'].join('\n');

function hangAtFrame3(cause: string): string {
  return `${HANDLERS}
@persistent
def hang(scene, *_):
    while scene.frame_current == 3 and os.path.exists(${JSON.stringify(cause)}):
        time.sleep(0.2)
bpy.app.handlers.render_pre.append(hang)
`;
}

const CUT = `${HANDLERS}
def cut(path):
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
`;

/** Frame 2 as soon as it is written, frame 4 while the next one is rendered; a file beside the cause says that it was done. */
function cutOnce(cause: string): string {
  return `${CUT}
CAUSE = ${JSON.stringify(cause)}
def once(frame, path):
    if not os.path.exists("%s-%d" % (CAUSE, frame)):
        cut(path)
        open("%s-%d" % (CAUSE, frame), "w").close()
@persistent
def after(scene, *_):
    if scene.frame_current == 2:
        once(2, scene.render.filepath)
@persistent
def before(scene, *_):
    if scene.frame_current == 5:
        once(4, scene.render.filepath.replace("005", "004"))
bpy.app.handlers.render_write.append(after)
bpy.app.handlers.render_pre.append(before)
`;
}

function cutAlways(cause: string): string {
  return `${CUT}
@persistent
def after(scene, *_):
    if scene.frame_current == 2 and os.path.exists(${JSON.stringify(cause)}):
        cut(scene.render.filepath)
bpy.app.handlers.render_write.append(after)
`;
}
