import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BLUE, makeFlatShots, RED, slowly } from '../e2e/flat-shots.ts';
import { meanColour, readPng } from '../e2e/png.ts';
import {
  cannotRender,
  framesOf,
  type Service,
  startService,
  until,
  untilAtRest,
  untilRun,
} from '../e2e/service.ts';

const FRAMES = 8;
const ALLOW = { ALLOW_SCENE_SCRIPTS: 'true' };

describe('uploads of the same shot', { skip: cannotRender }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-versions-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const red = join(folder, 'red.blend');
  const blue = join(folder, 'blue.blend');
  const short = join(folder, 'short.blend');
  makeFlatShots([
    { file: short, script: slowly(1) },
    { file: red, colour: RED, frames: FRAMES, script: slowly(1) },
    { file: blue, colour: BLUE, frames: FRAMES },
  ]);

  test('one that is overwritten while it renders is superseded, and no frame mixes the two', async (t) => {
    const bucket = join(folder, 'overwritten');
    mkdirSync(join(bucket, 'scenes/film'), { recursive: true });
    const place = join(bucket, 'scenes/film/sh010.blend');
    copyFileSync(red, place);
    const service = await startService(t, { bucket, env: ALLOW });
    const before = await until('two frames', async () => {
      const frames = framesOf(bucket, 'film/sh010/v001');
      return frames.length >= 2 && frames;
    });
    copyFileSync(blue, place);
    await untilRun(service, 'film/sh010', ['completed']);
    await untilAtRest(service);

    const [second, first, ...others] = await service.runsOf('film/sh010');
    assert.deepEqual(
      [first?.state, first?.version, second?.state, second?.version, others],
      ['superseded', 'v001', 'completed', 'v002', []],
    );
    assert.match(first?.reason?.message ?? '', /film\/sh010\.blend was overwritten/);
    assert.ok(framesOf(bucket, 'film/sh010/v001').length < FRAMES, 'the old one was stopped');
    const names = Array.from({ length: FRAMES }, (_, index) => `f_00${index + 1}.png`);
    assert.deepEqual(framesOf(bucket, 'film/sh010/v002'), names);
    for (const [version, frames, colour] of [
      ['v001', before, [255, 0, 0]],
      ['v002', names, [0, 0, 255]],
    ] as const)
      for (const name of frames)
        assert.ok(isNear(join(bucket, 'renders/film/sh010', version, name), colour), `${version}/${name}`);
    assert.equal(await service.stop(), 0);
  });

  test('told three times, late, out of order or not at all: one run and one job a version', async (t) => {
    const bucket = join(folder, 'events');
    mkdirSync(join(bucket, 'scenes'), { recursive: true });
    // Nobody is there to be told of `b`.
    copyFileSync(short, join(bucket, 'scenes/b.blend'));
    const service = await startService(t, { bucket, env: ALLOW });
    const tell = (generation: string) =>
      service.post('/events/storage', {
        message: {
          attributes: { eventType: 'OBJECT_FINALIZE', objectId: 'a.blend', objectGeneration: generation },
        },
      });
    await service.upload('a.blend', readFileSync(short));
    await tell('2');
    await tell('1');
    await untilRun(service, 'a', ['rendering']);
    for (const generation of ['2', '1', '2']) assert.equal((await tell(generation)).status, 204);
    await untilRun(service, 'a', ['completed']);
    await untilRun(service, 'b', ['completed']);
    await tell('1');
    // The same bytes once more, after all is rendered.
    copyFileSync(short, join(bucket, 'scenes/b.blend'));
    await until('the second look', async () => hasDecided(service, 'b: nothing to do'));
    await untilAtRest(service);
    for (const shot of ['a', 'b']) {
      assert.deepEqual(
        (await service.runsOf(shot)).map(({ state, version }) => [state, version]),
        [['completed', 'v001']],
      );
      assert.deepEqual(readdirSync(join(bucket, 'renders', shot)), ['v001']);
    }
    const { decisions } = await service.status();
    const received = decisions.filter(({ what }) => what.endsWith(': received')).map(({ what }) => what);
    assert.deepEqual(received.sort(), ['a: received', 'b: received', 'b: received']);
    assert.equal(await service.stop(), 0);
  });
});

/** The edge of the camera's view is no part of the wall. */
function isNear(file: string, [red, green, blue]: readonly [number, number, number]): boolean {
  const mean = meanColour(readPng(file));
  return Math.hypot(mean[0] - red, mean[1] - green, mean[2] - blue) < 20;
}

async function hasDecided(service: Service, what: string): Promise<boolean> {
  return (await service.status()).decisions.some((decision) => decision.what === what);
}
