import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aRun, makeApp } from './app-for-tests.ts';

const FOLDER = 'film/sh010/v001/records';

describe('GET /status/runs/<id>/frames', () => {
  it('tells what the workers wrote of these frames of this run, and nothing else', async (t) => {
    const { app, records, renders } = makeApp(t);
    await records.create('runs/r1.json', aRun());
    const done = {
      frame: 1,
      run: 'r1',
      state: 'done',
      worker: 'w1',
      seconds: 2.5,
      warnings: ['dim'],
      secret: 1,
    };
    renders.put(`${FOLDER}/0001.json`, JSON.stringify(done));
    renders.put(`${FOLDER}/0002.json`, JSON.stringify({ frame: 2, run: 'an older one', state: 'done' }));
    renders.put(`${FOLDER}/0003.json`, '{"frame": 3, "run": "r1", "sta');
    renders.put(`${FOLDER}/0004.json`, JSON.stringify({ frame: 4, run: 'r1', state: '<b>' }));
    renders.put(`${FOLDER}/0006.json`, JSON.stringify({ frame: 6, run: 'r1', state: 'done' }));
    const answer = await app.inject('/status/runs/r1/frames?frames=1-5');
    const { secret: _, ...told } = done;
    assert.deepEqual(answer.json(), { frames: [told] });
  });

  it('takes 500 frames at a time', async (t) => {
    const { app, records } = makeApp(t);
    await records.create('runs/r1.json', aRun());
    assert.equal((await app.inject('/status/runs/r1/frames?frames=1-500')).statusCode, 200);
    const refused = await app.inject('/status/runs/r1/frames?frames=1-501');
    assert.deepEqual([refused.statusCode, refused.json().error.code], [400, 'tooManyFrames']);
    const bad = await app.inject('/status/runs/r1/frames?frames=x');
    assert.deepEqual([bad.statusCode, bad.json().error.code], [400, 'badFrames']);
    assert.equal((await app.inject('/status/runs/r9/frames?frames=1')).statusCode, 404);
  });

  it('does not say that nothing was begun while it cannot be read', async (t) => {
    const { app, records, renders } = makeApp(t);
    await records.create('runs/r1.json', aRun());
    renders.failNext('read', 'transient');
    assert.equal((await app.inject('/status/runs/r1/frames?frames=1')).statusCode, 503);
  });
});

describe('POST /scenes/look', () => {
  const look = (paths: readonly string[]) =>
    ({ method: 'POST', url: '/scenes/look', payload: { paths } }) as const;

  it('tells size and checksum of what is there, and leaves out what is not', async (t) => {
    const { app, scenes } = makeApp(t);
    scenes.put('film/wood.png', '123456789');
    const answer = await app.inject(look(['film/wood.png', 'film/none.png', '../etc/passwd', 'a//b']));
    assert.deepEqual(answer.json(), { files: [{ path: 'film/wood.png', size: 9, crc32c: '4waSgw==' }] });
    assert.deepEqual(scenes.callsOf('look'), [['film/wood.png'], ['film/none.png']]);
  });

  it('says so while a checksum is being computed', async (t) => {
    const { app, scenes } = makeApp(t);
    scenes.put('film/wood.png', '1');
    scenes.setHashed('film/wood.png', false);
    assert.equal((await app.inject(look(['film/wood.png']))).json().files[0].crc32c, null);
  });

  it('refuses more than 200 paths', async (t) => {
    const { app } = makeApp(t);
    assert.equal((await app.inject(look(Array.from({ length: 201 }, (_, at) => `f${at}`)))).statusCode, 400);
  });
});

describe('GET /status/history', () => {
  it('is empty before anything was written', async (t) => {
    const { app, records } = makeApp(t);
    assert.deepEqual((await app.inject('/status/history')).json(), { schema: 1, samples: [] });
    await records.overwrite('history.json', { schema: 1, samples: [{ at: 'now' }] });
    assert.deepEqual((await app.inject('/status/history')).json().samples, [{ at: 'now' }]);
  });
});
