import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunRecord } from '../../services/control/core/run.ts';
import {
  allTasks,
  command,
  createWorld,
  endTasks,
  HOUR,
  MINUTE,
  memory,
  pass,
  run,
  takeTasks,
  type World,
} from '../reconcile/world.ts';
import { blend } from './blends.ts';

const SHOT = 'film/sh010.blend';

/** A shot with a texture, whose library has one, too, and a library of its own. */
function film(of: World): void {
  of.scenes.put('film/tex/wood.png', 'wood');
  of.scenes.put('film/lib/maps/bark.png', 'bark');
  of.scenes.put('film/lib/leaf.blend', blend({ camera: false }));
  of.scenes.put('film/lib/tree.blend', blend({ images: ['//maps/bark.png'], libraries: ['//leaf.blend'] }));
  of.scenes.put(SHOT, blend({ images: ['//tex/wood.png'], libraries: ['//lib/tree.blend'] }));
}

async function upload(of: World, path: string, content: Uint8Array | string): Promise<void> {
  of.scenes.put(path, content);
  await command(of, { kind: 'uploaded', path, generation: null });
}

const isAtWork = async (of: World) => (await of.manager.jobs()).length > 0;

describe('a shot that misses something', () => {
  test('is rendered when all is there, with everything pinned', async () => {
    const of = createWorld();
    film(of);
    await pass(of, 10);
    assert.equal(await isAtWork(of), true);
    assert.deepEqual(
      (await run(of)).inputs.map(({ path }) => path).sort(),
      ['leaf.blend', 'maps/bark.png', 'tree.blend']
        .map((path) => `film/lib/${path}`)
        .concat(SHOT, 'film/tex/wood.png'),
    );
  });

  for (const gone of [
    'film/tex/wood.png',
    'film/lib/tree.blend',
    'film/lib/leaf.blend',
    'film/lib/maps/bark.png',
  ]) {
    for (const isTold of [true, false])
      test(`waits for ${gone} without a farm, and starts when it comes${isTold ? '' : ', told or not'}`, async () => {
        const of = createWorld();
        film(of);
        const content = of.scenes.bytesOf(gone);
        of.scenes.remove(gone);
        await pass(of, 10);
        const { state, reason, missing } = await run(of);
        assert.deepEqual(
          [state, reason?.code, missing.map(({ path }) => path)],
          ['waiting', 'missingFiles', [gone]],
        );
        assert.deepEqual(of.farm.callsOf('create'), []);
        of.scenes.put(gone, content);
        if (isTold) await command(of, { kind: 'uploaded', path: gone, generation: null });
        await pass(of, 10);
        assert.equal(await isAtWork(of), true);
      });
  }

  test('is told the file that was probably meant, listed once, and never gets it', async () => {
    const of = createWorld();
    film(of);
    of.scenes.remove('film/tex/wood.png');
    of.scenes.put('film/Tex/Wood.png', 'wood');
    of.scenes.put('film/old/wood.png', 'older');
    await pass(of, 10);
    const { reason, missing } = await run(of);
    assert.equal(missing[0]?.suggestion, 'film/Tex/Wood.png');
    assert.match(reason?.message ?? '', /needed by film\/sh010\.blend; did you mean film\/Tex\/Wood\.png\?/);
    assert.equal(await isAtWork(of), false);
    const listed = of.scenes.callsOf('listUnder').filter(([prefix]) => prefix === 'film/');
    assert.equal(listed.length, 1);
  });

  test('is told of the file that comes under another name while it waits', async () => {
    const of = createWorld();
    film(of);
    of.scenes.remove('film/tex/wood.png');
    await pass(of, 5);
    assert.equal((await run(of)).missing[0]?.suggestion, null);
    await upload(of, 'film/tex/WOOD.png', 'wood');
    await pass(of);
    assert.equal((await run(of)).missing[0]?.suggestion, 'film/tex/WOOD.png');
    assert.match((await run(of)).reason?.message ?? '', /did you mean film\/tex\/WOOD\.png\?/);
  });

  test('waits no longer when its library is uploaded anew and refers to something else that is there', async () => {
    const of = createWorld();
    film(of);
    of.scenes.remove('film/lib/maps/bark.png');
    await pass(of, 5);
    assert.equal((await run(of)).state, 'waiting');
    await upload(of, 'film/lib/tree.blend', blend({ images: ['//../tex/wood.png'] }));
    await pass(of, 10);
    assert.equal(await isAtWork(of), true);
  });

  test('is rejected after the grace, and comes back when the file comes', async () => {
    const of = createWorld();
    film(of);
    of.scenes.remove('film/lib/maps/bark.png');
    await pass(of, 3);
    of.clock.advance(25 * HOUR);
    await pass(of);
    assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['rejected', 'missingFiles']);
    await upload(of, 'film/other.png', 'x');
    await pass(of, 20);
    assert.equal((await run(of)).state, 'rejected', 'nothing that it complained of has changed');
    await upload(of, 'film/lib/maps/bark.png', 'bark');
    await pass(of, 10);
    assert.equal(await isAtWork(of), true);
    assert.equal((await of.records.list('runs/')).length, 1);
  });

  test('is rejected after the grace although the bucket could not be read now and then', async () => {
    const of = createWorld();
    film(of);
    of.scenes.remove('film/lib/maps/bark.png');
    await pass(of, 3);
    for (let hours = 0; hours < 26; hours += 1) {
      of.clock.advance(HOUR);
      if (hours % 5 === 4) of.scenes.failUntilHealed('transient');
      await pass(of);
      of.scenes.heal();
    }
    await pass(of);
    assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['rejected', 'missingFiles']);
  });

  test('is given the grace anew for a file that is taken away later', async () => {
    const of = createWorld();
    film(of);
    of.scenes.remove('film/lib/maps/bark.png');
    await command(of, { kind: 'pause' });
    await pass(of, 3);
    await upload(of, 'film/lib/maps/bark.png', 'bark');
    await pass(of, 3);
    assert.equal((await run(of)).reason?.code, 'paused');
    of.clock.advance(30 * HOUR);
    of.scenes.remove('film/lib/maps/bark.png');
    await pass(of, 3);
    assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['waiting', 'missingFiles']);
  });

  test('comes back however many others were rejected since', async () => {
    const of = createWorld();
    for (let shot = 1; shot <= 70; shot += 1)
      of.scenes.put(`film/sh${shot}.blend`, blend({ libraries: ['//lib/tree.blend'] }));
    await pass(of, 3);
    of.clock.advance(25 * HOUR);
    await pass(of);
    await upload(of, 'film/lib/tree.blend', blend({ camera: false }));
    await pass(of, 3);
    const names = await of.records.list('runs/');
    const states = names.map((name) => (of.records.valueAt(name) as RunRecord).state);
    assert.deepEqual([...new Set(states)], ['held'], 'as the burst that they are');
  });

  for (const [what, repair] of [
    ['nobody told of the file', (of: World) => of.scenes.put('film/lib/maps/bark.png', 'bark')],
    [
      'its library needs the file no more',
      (of: World) => upload(of, 'film/lib/tree.blend', blend({ libraries: ['//leaf.blend'], samples: 2 })),
    ],
  ] as const)
    test(`comes back after a rejection when ${what}`, async () => {
      const of = createWorld();
      film(of);
      of.scenes.remove('film/lib/maps/bark.png');
      await pass(of, 3);
      of.clock.advance(25 * HOUR);
      await pass(of);
      assert.equal((await run(of)).state, 'rejected');
      await repair(of);
      await pass(of, 25);
      assert.equal(await isAtWork(of), true);
    });

  test('stays rejected while the bucket cannot be read', async () => {
    const of = createWorld();
    film(of);
    of.scenes.remove('film/lib/maps/bark.png');
    await pass(of, 3);
    of.clock.advance(25 * HOUR);
    await pass(of);
    of.scenes.failUntilHealed('transient');
    await command(of, { kind: 'uploaded', path: 'film/x.png', generation: null });
    await pass(of, 20);
    assert.equal((await run(of)).state, 'rejected');
  });

  test('needs every frame between the first and the last of a sequence', async () => {
    const of = createWorld();
    of.scenes.put(SHOT, blend({ sequences: ['//seq/p_1.png'] }));
    for (const frame of [1, 2, 4]) of.scenes.put(`film/seq/p_${frame}.png`, 'x');
    await pass(of, 5);
    assert.deepEqual(
      (await run(of)).missing.map(({ path }) => path),
      ['film/seq/p_3.png'],
    );
    await upload(of, 'film/seq/p_3.png', 'x');
    await pass(of, 10);
    assert.equal(await isAtWork(of), true);
    assert.equal((await run(of)).inputs.length, 5);
  });

  test('of 500 frames of a sequence asks with a few listings instead of 500 look-ups', async () => {
    const of = createWorld();
    of.scenes.put(SHOT, blend({ sequences: ['//seq/p_001.png'] }));
    for (let frame = 1; frame <= 500; frame += 1)
      of.scenes.put(`film/seq/p_${String(frame).padStart(3, '0')}.png`, 'x');
    await pass(of, 5);
    assert.equal((await run(of)).inputs.length, 501);
    assert.ok(of.scenes.callsOf('look').length < 50);
    assert.ok(of.scenes.callsOf('listUnder').length < 20);
  });

  test('of 500 textures in a folder asks with a few listings, too, also for the last comparison', async () => {
    const of = createWorld();
    const images = Array.from({ length: 500 }, (_, n) => `//tex/t${n}.png`);
    of.scenes.put(SHOT, blend({ images }));
    for (const path of images) of.scenes.put(`film/${path.slice(2)}`, 'x');
    await pass(of, 20);
    assert.equal((await run(of)).inputs.length, 501);
    assert.ok(of.scenes.callsOf('look').length < 80);
  });

  test('is refused when it refers to more than can be pinned', async () => {
    const of = createWorld();
    of.scenes.put(SHOT, blend({ sequences: ['//seq/p_1.png'] }));
    for (let frame = 1; frame <= 10_000; frame += 1) of.scenes.put(`film/seq/p_${frame}.png`, 'x');
    await pass(of, 4);
    const { state, reason } = await run(of);
    assert.deepEqual([state, reason?.code], ['rejected', 'tooManyInputs']);
    assert.match(reason?.message ?? '', /10001 files; more than 10000/);
  });
});

describe('an explicit submission', () => {
  test('waits for the bytes that its manifest names, and for what the shot needs beside them', async () => {
    const of = createWorld();
    film(of);
    const wood = await of.scenes.look('film/tex/wood.png');
    const inputs = [{ path: 'film/tex/wood.png', size: 4, crc32c: wood?.crc32c }];
    of.scenes.put('film/sh010.render.json', JSON.stringify({ inputs }));
    of.scenes.put('film/tex/wood.png', 'older wood');
    of.scenes.remove('film/lib/maps/bark.png');
    await pass(of, 3);
    const problems = (await run(of)).missing.map(({ path, problem }) => [path, problem]);
    assert.deepEqual(problems, [
      ['film/lib/maps/bark.png', 'missing'],
      ['film/tex/wood.png', 'different'],
    ]);
    of.scenes.put('film/lib/maps/bark.png', 'bark');
    await pass(of, 2);
    assert.equal((await run(of)).reason?.code, 'missingFiles');
    of.scenes.put('film/tex/wood.png', 'wood');
    await pass(of, 10);
    assert.equal(await isAtWork(of), true);
  });
});

describe('a shot that its check rejects', () => {
  /** Its check has ended with this finding. */
  async function checked(message: string, code: string): Promise<World> {
    const of = createWorld({ checkFirst: 'always' });
    film(of);
    await pass(of, 10);
    await takeTasks(of);
    await pass(of);
    await endCheck(of, [{ code, level: 'error', message, action: null }]);
    return of;
  }

  async function endCheck(of: World, findings: readonly unknown[]): Promise<void> {
    const record = { schema: 1, run: (await run(of)).id, findings };
    of.renders.put('film/sh010/v001/records/check.json', JSON.stringify(record));
    for (const task of await allTasks(of))
      if (task.name === 'check' && task.status === 'active')
        of.manager.endTask(task.id, findings.length > 0 ? 'failed' : 'completed');
    await pass(of, 3);
  }

  async function rejected(message: string, code = 'missingData'): Promise<World> {
    const of = await checked(message, code);
    assert.deepEqual([(await run(of)).state, (await run(of)).reason?.code], ['rejected', code]);
    return of;
  }

  const count = async (of: World) => (await of.records.list('runs/')).length;

  test('is tried anew when a library of it was uploaded anew, once', async () => {
    const of = await rejected('Object leaf is not in leaf.blend any more.');
    await upload(of, 'film/lib/leaf.blend', blend({ camera: false, samples: 2 }));
    await pass(of, 10);
    assert.deepEqual([(await run(of)).state, await count(of)], ['queued', 2]);
    await command(of, { kind: 'cancel', runId: (await run(of)).id });
    await upload(of, 'film/lib/leaf.blend', blend({ camera: false, samples: 3 }));
    await pass(of, 10);
    assert.deepEqual([(await run(of)).state, await count(of)], ['cancelled', 2]);
  });

  test('for its scripts waits for a person, and goes on with another check when they are allowed', async () => {
    const of = await checked('A driver of the library needs scripts.', 'needsScripts');
    const before = await run(of);
    assert.deepEqual([before.state, before.reason?.code], ['waiting', 'needsScripts']);
    await pass(of, 20);
    assert.equal((await run(of)).stateSince, before.stateSince, 'nothing else is tried meanwhile');
    await command(of, { kind: 'allowScripts', runId: before.id, by: 'anna@example.org' });
    await pass(of, 10);
    const said = memory(of).decisions.find(({ what }) => what.endsWith(': scripts allowed'));
    assert.equal(said?.reason, 'anna@example.org said go');
    const { id, state, settings } = await run(of);
    assert.deepEqual([id, state, settings?.scripts.value], [before.id, 'queued', true]);
    await takeTasks(of);
    await pass(of);
    await endCheck(of, []);
    assert.equal((await run(of)).check, 'passed');
    assert.equal(await count(of), 1);
  });

  test('for scripts that are on already is rejected', async () => {
    const of = await checked('A driver cannot be evaluated.', 'needsScripts');
    await command(of, { kind: 'allowScripts', runId: (await run(of)).id });
    await pass(of, 10);
    await takeTasks(of);
    await pass(of);
    await endCheck(of, [{ code: 'needsScripts', level: 'error', message: 'Still.', action: null }]);
    assert.equal((await run(of)).state, 'rejected');
  });

  test('is tried anew when a file comes that it names', async () => {
    const of = await rejected('The image /scenes/film/tex/lost.png is not there.');
    await upload(of, 'film/tex/lost.png', 'x');
    await pass(of, 10);
    assert.deepEqual([(await run(of)).state, await count(of)], ['queued', 2]);
  });

  test('is tried anew when a file comes that it names by the end of its path only', async () => {
    const of = await rejected('The image //../maps/moss.png of tree.blend is not there.');
    await upload(of, 'film/lib/maps/ss.png', 'x');
    await pass(of, 5);
    assert.equal(await count(of), 1, 'only a part of the name');
    await upload(of, 'film/lib/maps/moss.png', 'x');
    await pass(of, 10);
    assert.deepEqual([(await run(of)).state, await count(of)], ['queued', 2]);
  });

  test('stays rejected when the same bytes come again, or something else', async () => {
    const of = await rejected('Object leaf is not in leaf.blend any more.');
    await upload(of, 'film/lib/leaf.blend', blend({ camera: false }));
    await upload(of, 'film/tex/other.png', 'x');
    await pass(of, 30);
    assert.deepEqual([(await run(of)).state, await count(of)], ['rejected', 1]);
  });
});

describe('a shot that is not admitted yet', () => {
  test('gets the settings that came after it, although nobody told of them', async () => {
    const of = createWorld({ settleMs: 10 * MINUTE });
    film(of);
    await pass(of, 2);
    of.scenes.put('film/sh010.render.json', JSON.stringify({ frames: '2-3' }));
    await pass(of, 12);
    assert.equal((await run(of)).frames, '2-3');
  });
});

describe('an input that changes while its run renders', () => {
  const overwritten: readonly (readonly [string, Uint8Array | string])[] = [
    ['film/tex/wood.png', 'new wood'],
    ['film/lib/maps/bark.png', 'new bark'],
    ['film/lib/leaf.blend', blend({ samples: 2 })],
    ['film/lib/tree.blend', blend({ images: ['//maps/bark.png'], samples: 2 })],
    ['film/seq/p_2.png', 'new'],
  ];

  async function rendering(policy = {}): Promise<World> {
    const of = createWorld(policy);
    film(of);
    const references = { images: ['//tex/wood.png'], libraries: ['//lib/tree.blend'] };
    of.scenes.put(SHOT, blend({ ...references, sequences: ['//seq/p_1.png'] }));
    for (const frame of [1, 2, 3, 4]) of.scenes.put(`film/seq/p_${frame}.png`, 'x');
    await pass(of, 10);
    assert.equal(await isAtWork(of), true);
    return of;
  }

  async function states(of: World): Promise<readonly unknown[]> {
    const names = await of.records.list('runs/');
    const runs = names.map((name) => of.records.valueAt(name) as Awaited<ReturnType<typeof run>>);
    return runs
      .toSorted((a, b) => a.receivedAt - b.receivedAt)
      .map(({ state, version, reason }) => [state, version, state === 'superseded' ? reason?.code : null]);
  }

  for (const [path, content] of overwritten) {
    for (const isTold of [true, false])
      test(`ends it as superseded and renders the next version: ${path}${isTold ? '' : ', untold'}`, async () => {
        const of = await rendering();
        if (isTold) await upload(of, path, content);
        else of.scenes.put(path, content);
        // Told, it is seen at once; else at the next listing.
        await pass(of, isTold ? 3 : 20);
        assert.deepEqual(await states(of), [
          ['superseded', 1, 'inputOverwritten'],
          ['queued', 2, null],
        ]);
        const alive = (await of.manager.jobs()).filter(({ status }) => status !== 'canceled');
        assert.equal(alive.length, 1);
      });
  }

  test('waits until an upload of many files has settled before the next version begins', async () => {
    const of = await rendering({ settleMs: 3 * MINUTE });
    await upload(of, 'film/tex/wood.png', 'new wood');
    await pass(of);
    await upload(of, 'film/lib/maps/bark.png', 'new bark');
    await pass(of, 10);
    assert.deepEqual(await states(of), [
      ['superseded', 1, 'inputOverwritten'],
      ['queued', 2, null],
    ]);
  });

  test('is seen in the last comparison: no run is complete without an input that it began with', async () => {
    const of = await rendering();
    while ((await takeTasks(of)) > 0) await endTasks(of);
    of.scenes.remove('film/lib/maps/bark.png');
    await pass(of);
    assert.equal((await run(of)).proved, '1-4');
    assert.notEqual((await run(of)).state, 'completed');
    await pass(of, 3);
    assert.deepEqual(await states(of), [
      ['superseded', 1, 'inputRemoved'],
      ['waiting', null, null],
    ]);
  });

  test('goes on when the same bytes are uploaded again', async () => {
    const of = await rendering();
    await upload(of, 'film/tex/wood.png', 'wood');
    await upload(of, 'film/seq/p_2.png', 'x');
    await pass(of, 5);
    assert.deepEqual(await states(of), [['queued', 1, null]]);
  });

  for (const path of ['film/tex/wood.png', 'film/lib/leaf.blend', 'film/seq/p_2.png'])
    test(`makes the next run wait when it is taken away for good, and start when it is back: ${path}`, async () => {
      const of = await rendering();
      const content = of.scenes.bytesOf(path);
      of.scenes.remove(path);
      await pass(of, 25);
      assert.deepEqual(await states(of), [
        ['superseded', 1, 'inputRemoved'],
        ['waiting', null, null],
      ]);
      assert.equal((await of.manager.jobs()).filter(({ status }) => status !== 'canceled').length, 0);
      of.scenes.put(path, content);
      await pass(of, 5);
      // The same bytes are the same version; its frames are rendered anew.
      assert.deepEqual(await states(of), [
        ['superseded', 1, 'inputRemoved'],
        ['queued', 1, null],
      ]);
    });
});
