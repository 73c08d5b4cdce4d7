import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { cannotSeeProcesses, farmProcesses, startService } from '../e2e/service.ts';

const MAIN = resolve(import.meta.dirname, '../../services/control/main.ts');
const MAKE = resolve(import.meta.dirname, '../e2e/make_shots.py');

function start(bucket: string, scene: string): ChildProcess {
  const args = [
    MAIN,
    '--bucket',
    bucket,
    '--scene',
    scene,
    '--exit-when-idle',
    '--port',
    '0',
    '--idle-seconds',
    '1',
  ];
  const env = { ...process.env, FLAMENCO_LITE_SPEED: '10' };
  return spawn(process.execPath, args, { env, stdio: 'ignore' });
}

const ended = (child: ChildProcess) => new Promise<number | null>((done) => child.on('close', done));

function framesOf(bucket: string): ReadonlyMap<string, number> {
  const folder = join(bucket, 'renders/slow/v001');
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder).filter((name) => /^f_\d+\.png$/.test(name));
  return new Map(names.map((name) => [name, statSync(join(folder, name)).mtimeMs]));
}

async function untilFrames(bucket: string, count: number): Promise<void> {
  for (let tries = 0; framesOf(bucket).size < count; tries += 1) {
    assert.ok(tries < 600, 'no frames came');
    await delay(100);
  }
}

describe('kill -9 in the middle of rendering', {
  skip: cannotSeeProcesses,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-kill-'));
  execFileSync('blender', ['-b', '--factory-startup', '--python', MAKE, '--', folder], { stdio: 'pipe' });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const scene = join(folder, 'slow.blend');

  function assertWhole(bucket: string, before: ReadonlyMap<string, number>): void {
    const after = framesOf(bucket);
    assert.equal(after.size, 8);
    // The newest of them may have been under way.
    const settled = [...before].sort((a, b) => a[1] - b[1]).slice(0, -1);
    for (const [name, at] of settled) assert.equal(after.get(name), at, `${name} was rendered again`);
    const runs = readdirSync(join(bucket, '.tablao/runs'));
    assert.equal(runs.length, 1);
    assert.deepEqual(farmProcesses(bucket, 'flamenco-lite'), [], 'nothing is left running');
  }

  test('of the service: a new one goes on with the farm that it finds', async () => {
    const bucket = join(folder, 'service');
    const first = start(bucket, scene);
    await untilFrames(bucket, 2);
    first.kill('SIGKILL');
    await ended(first);
    const before = framesOf(bucket);
    assert.equal(await ended(start(bucket, scene)), 0);
    assertWhole(bucket, before);
  });

  test('of the service: a new one that is told to end takes down the farm that it finds', async (t) => {
    const bucket = join(folder, 'heir');
    const first = start(bucket, scene);
    await untilFrames(bucket, 1);
    first.kill('SIGKILL');
    await ended(first);
    const second = await startService(t, { bucket });
    assert.equal(await second.stop(), 0);
    assert.deepEqual(farmProcesses(bucket), [], second.said());
  });

  test('of nothing: Ctrl-C takes the farm down at once, and the next start goes on', async () => {
    const bucket = join(folder, 'interrupt');
    const first = start(bucket, scene);
    await untilFrames(bucket, 2);
    const askedAt = Date.now();
    first.kill('SIGINT');
    await ended(first);
    assert.ok(Date.now() - askedAt < 20_000, 'it does not wait for a tick to run out');
    assert.deepEqual(farmProcesses(bucket, 'flamenco-lite'), [], 'the farm is down');
    const before = framesOf(bucket);
    assert.equal(await ended(start(bucket, scene)), 0);
    assertWhole(bucket, before);
  });

  for (const what of ['flamenco-lite/manager.ts', 'flamenco-lite/worker.ts']) {
    test(`of ${what}: the run completes, and what was there is not rendered again`, async () => {
      const bucket = join(folder, what.replaceAll(/\W/g, ''));
      const service = start(bucket, scene);
      await untilFrames(bucket, 2);
      const before = framesOf(bucket);
      const victims = farmProcesses(bucket, what);
      assert.ok(victims.length > 0, 'there is one to kill');
      for (const { pid } of victims) process.kill(pid, 'SIGKILL');
      assert.equal(await ended(service), 0);
      assertWhole(bucket, before);
    });
  }
});
