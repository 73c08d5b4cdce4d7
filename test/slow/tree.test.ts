import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type FlatShot, makeFlatShots } from '../e2e/flat-shots.ts';
import { cannotRender, framesOf, startService, until, untilAtRest, untilRun } from '../e2e/service.ts';

const LIBRARIES = 12;
const SHOTS = 18;

describe('a project of 30 .blends that comes at once', { skip: cannotRender }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tablao-tree-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const project = join(folder, 'film');
  const numbered = (count: number, make: (name: string, index: number) => FlatShot) =>
    Array.from({ length: count }, (_, index) => make(String(index + 1).padStart(2, '0'), index));
  makeFlatShots([
    // They could be rendered, each has a camera; every other one links the one before it.
    ...numbered(LIBRARIES, (name, index) => ({
      file: join(project, `chars/c${name}.blend`),
      ...(index % 2 === 1 && { library: `//c${String(index).padStart(2, '0')}.blend` }),
    })),
    ...numbered(SHOTS, (name, index) => ({
      file: join(project, `shots/sh${name}.blend`),
      library: `//../chars/c${String((index % LIBRARIES) + 1).padStart(2, '0')}.blend`,
    })),
  ]);

  test('libraries are no runs, the burst is held, and a person says which are rendered', async (t) => {
    const bucket = join(folder, 'bucket');
    const service = await startService(t, { bucket });
    cpSync(project, join(bucket, 'scenes/film'), { recursive: true });
    const held = await until(
      `${SHOTS} held runs`,
      async () => {
        const { runs } = await service.status();
        return runs?.filter(({ state }) => state === 'held').length === SHOTS && runs;
      },
      async () =>
        (await service.status()).runs?.map(({ shot, state, reason }) => [shot, state, reason?.code]),
    );
    assert.deepEqual(
      held.map(({ shot }) => shot).sort(),
      Array.from({ length: SHOTS }, (_, index) => `film/shots/sh${String(index + 1).padStart(2, '0')}`),
    );
    assert.match(held[0]?.reason?.message ?? '', /18 new shots came at once: more than MAX_AT_ONCE \(3\)/);
    assert.equal((await service.status()).farm.stage, 'absent', 'nothing is raised for what is held');

    const chosen = ['film/shots/sh03', 'film/shots/sh18'];
    for (const { id, shot } of held) {
      const word = chosen.includes(shot) ? 'release' : 'cancel';
      // It is not held while it settles once more, because a file of the tree was told late.
      await until('its word', async () => (await service.post(`/runs/${id}/${word}`, {})).status === 202);
    }
    for (const shot of chosen) await untilRun(service, shot, ['completed']);
    const { runs } = await untilAtRest(service);
    assert.deepEqual(
      runs
        .filter(({ state }) => state !== 'cancelled')
        .map(({ shot, state }) => `${shot} ${state}`)
        .sort(),
      chosen.map((shot) => `${shot} completed`),
    );
    for (const shot of chosen) assert.deepEqual(framesOf(bucket, `${shot}/v001`), ['f_001.png', 'f_002.png']);
    const [run] = await service.runsOf('film/shots/sh18');
    const { inputs } = await service.run(run?.id ?? '');
    assert.deepEqual(inputs.map(({ path }) => path).sort(), [
      'film/chars/c05.blend',
      'film/chars/c06.blend',
      'film/shots/sh18.blend',
    ]);
    assert.equal(await service.stop(), 0);
  });
});
