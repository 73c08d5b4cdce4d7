import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobOrder } from '../../services/control/core/actions.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { blend } from '../closure/blends.ts';
import { createSimWorld, runsOf, runToEnd, startService, tellUpload, USUAL_CLOUD } from './world.ts';

const HOUR = 3_600_000;

/** Sends the shot with so many samples, and lets everything come to its end. */
function createShot(checkFirst: 'auto' | 'never') {
  const cloud = { ...USUAL_CLOUD, preemptionsPerHour: 0 };
  const world = createSimWorld({ seed: 4, cloud, policy: { idleTeardownMs: 0, checkFirst } });
  const told: StatusDocument['runs'][number][] = [];
  /** Of each job, how its frames are cut. */
  const chunks: string[][] = [];
  startService(world, {
    skipsStill: true,
    gate: ({ method, args }, act) => {
      if (method === 'submit') chunks.push(String((args[0] as JobOrder).settings.chunks).split(';'));
      return act();
    },
    onPass: () => {
      const status = world.records.valueAt('status.json') as StatusDocument | undefined;
      told.push(...(status?.runs.filter(({ state }) => state === 'queued' || state === 'rendering') ?? []));
    },
  });
  return {
    world,
    told,
    chunks,
    send: async (samples: number) => {
      const before = world.bill.dollars(world.clock.now());
      const secondsOf = () => samples / 2;
      world.shots.set('film/s1', { loadSeconds: 90, memoryGiB: 4, secondsOf });
      world.scenes.put('film/s1.render.json', JSON.stringify({ video: false, frames: '1-160' }));
      world.scenes.put('film/s1.blend', blend({ samples }));
      tellUpload(world, 'film/s1.blend');
      await world.clock.run(world.clock.now() + 1000);
      await runToEnd(world, 6);
      await world.clock.run(world.clock.now() + HOUR);
      return world.bill.dollars(world.clock.now()) - before;
    },
  };
}

describe('a shot that is sent again with changes', () => {
  it('begins with what its frames took before: fewer tasks, one job, less money, and it says so', async () => {
    const { world, told, send } = createShot('never');
    const first = await send(40);
    const second = await send(44);
    const [v001, v002] = runsOf(world).toSorted((a, b) => a.count - b.count);
    assert.deepEqual([v001?.state, v002?.state], ['completed', 'completed']);
    assert.deepEqual([v001?.like, v002?.like?.version], [null, 1]);
    // By its samples: 22 s where it took 20.
    assert.ok(Math.abs((v002?.like?.seconds ?? 0) - 22) < 0.5, `${v002?.like?.seconds} s`);
    assert.deepEqual([v001?.round, v002?.round], [2, 1]);
    assert.ok(second < 0.85 * first, `${second} dollars after ${first}`);
    const early = told.filter(({ version, frames }) => version === 'v002' && frames.done === 0);
    assert.ok(
      early.some(
        ({ like, etaSeconds, dollars }) => like === 'v001' && etaSeconds !== null && dollars.p50 !== null,
      ),
    );
    assert.ok(
      told.every(
        ({ version, frames, like }) => like === undefined || (version === 'v002' && frames.done < 160),
      ),
    );
  });

  it('says how long it will take while it is checked, by all of its frames', async () => {
    const { chunks, told, send } = createShot('auto');
    await send(400);
    const from = told.length;
    await send(404);
    const checked = told.slice(from).find(({ etaSeconds }) => etaSeconds !== null);
    // 160 frames of 202 s on 20 workers at most.
    assert.ok((checked?.etaSeconds?.p50 ?? 0) > 1600, `${checked?.etaSeconds?.p50} s`);
    // And cuts them by what it knows: at most ten minutes a task.
    assert.deepEqual([chunks[0]?.[0], chunks[1]?.[0]], ['1-4', '1-2']);
  });
});
