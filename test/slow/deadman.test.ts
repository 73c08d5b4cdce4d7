import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFlatShots } from '../e2e/flat-shots.ts';
import {
  cannotSeeProcesses,
  farmProcesses,
  framesOf,
  startService,
  until,
  untilRun,
} from '../e2e/service.ts';

const FRAMES = 150;
/** Longer than the lease of a killed service lasts (30 s), until which the next one only waits. */
const DEADMAN_SECONDS = 60;

describe("the dead-man's switch", { skip: cannotSeeProcesses }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-deadman-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  test('ends a farm whose service was killed and never came back; one that comes back goes on', async (t) => {
    const bucket = join(folder, 'bucket');
    const isSlow = join(folder, 'slow');
    const file = join(folder, 'shot.blend');
    writeFileSync(isSlow, '');
    makeFlatShots([{ file, frames: FRAMES, script: slowWhile(isSlow) }]);
    mkdirSync(join(bucket, 'scenes'), { recursive: true });
    copyFileSync(file, join(bucket, 'scenes/shot.blend'));
    writeFileSync(join(bucket, 'scenes/shot.render.json'), '{"chunkSize": 60, "video": false}');
    const start = () =>
      startService(t, {
        bucket,
        env: { ALLOW_SCENE_SCRIPTS: 'true', DEADMAN_MINUTES: String(DEADMAN_SECONDS / 60) },
      });
    const managers = () => farmProcesses(bucket, 'manager').map(({ pid }) => pid);

    const first = await start();
    await until('two frames', async () => framesOf(bucket, 'shot/v001').length >= 2);
    const before = managers();
    assert.ok(before.length > 0);
    await first.kill();
    await delay(3000);
    const second = await start();
    await delay(DEADMAN_SECONDS * 1250);
    assert.deepEqual(managers(), before, 'the service that found the farm pushes the switch on');

    await second.kill();
    assert.ok(farmProcesses(bucket).length > 0);
    await until(
      'the end of all processes',
      async () => farmProcesses(bucket).length === 0,
      () => farmProcesses(bucket),
      DEADMAN_SECONDS + 40,
    );
    const frames = framesOf(bucket, 'shot/v001');
    // The newest of them may have been under way.
    const settled = frames.slice(0, -1).map((name) => [name, timeOf(bucket, name)] as const);
    assert.ok(settled.length >= 2 && frames.length < FRAMES);

    rmSync(isSlow);
    const third = await start();
    await untilRun(third, 'shot', ['completed']);
    assert.equal(framesOf(bucket, 'shot/v001').length, FRAMES);
    for (const [name, at] of settled) assert.equal(timeOf(bucket, name), at, `${name} was rendered again`);
    assert.equal(await third.stop(), 0);
    assert.deepEqual(farmProcesses(bucket), []);
  });
});

const timeOf = (bucket: string, name: string) => statSync(join(bucket, 'renders/shot/v001', name)).mtimeMs;

function slowWhile(file: string): string {
  return `import bpy, os, time
from bpy.app.handlers import persistent
@persistent
def wait(*_):
    if os.path.exists(${JSON.stringify(file)}):
        time.sleep(2)
bpy.app.handlers.render_pre.append(wait)
`;
}
