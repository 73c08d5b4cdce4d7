import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';
import type { Gate } from './service.ts';
import type { ShotPhysics } from './shots.ts';
import { createSimWorld, runToEnd, startService, USUAL_CLOUD, upload } from './world.ts';

const MINUTE = 60_000;
const SHOT: ShotPhysics = { loadSeconds: 5, memoryGiB: 4, secondsOf: () => 60 };

/** Keeps every status that is written. */
function keeping(told: StatusDocument[]): Gate {
  return async ({ port, method, args }, act) => {
    const [name, value] = args;
    if (port === 'records' && method === 'overwrite' && name === 'status.json')
      told.push(value as StatusDocument);
    return act();
  };
}

function runsOf(told: readonly StatusDocument[]): readonly RunStatus[] {
  return told.flatMap(({ runs }) => runs);
}

function fallsOf(runs: readonly RunStatus[]): readonly string[] {
  return runs.flatMap(({ frames }, index) => {
    const before = runs[index - 1]?.frames.done ?? 0;
    return frames.done < before ? [`${before} to ${frames.done}`] : [];
  });
}

describe('what is told of a run', () => {
  it('counts no frame twice, and none back: preempted workers, a new service, a manager that is away or forgets all', async () => {
    for (const seed of [1, 2, 3]) {
      const told: StatusDocument[] = [];
      const world = createSimWorld({ seed, cloud: { ...USUAL_CLOUD, preemptionsPerHour: 4 } });
      const { clock, cluster } = world;
      const gate = keeping(told);
      const first = startService(world, { gate });
      upload(world, 'film/s1', SHOT, { frames: '1-150' });
      await clock.run(clock.now() + 20 * MINUTE);
      first.kill();
      startService(world, { gate });
      await clock.run(clock.now() + 2 * MINUTE);
      cluster.loseManager({ keepsMemory: true });
      await clock.run(clock.now() + 4 * MINUTE);
      cluster.loseManager({ keepsMemory: false });
      await runToEnd(world, 6);
      const runs = runsOf(told);
      assert.deepEqual(fallsOf(runs), [], `seed ${seed}`);
      assert.deepEqual([runs.at(-1)?.state, runs.at(-1)?.frames.done], ['completed', 150]);
      const between = new Set(runs.map(({ frames }) => frames.done));
      assert.ok(between.size > 40, `only ${between.size} steps`);
    }
  });

  it('never has more frames done than pictures are there', async () => {
    const told: StatusDocument[] = [];
    const world = createSimWorld({ seed: 1 });
    const keep = keeping(told);
    let most = 0;
    startService(world, {
      gate: async (call, act) => {
        if (call.port === 'records' && call.args[0] === 'status.json') {
          const pictures = (await world.renders.list('film/s1/v001/')).filter(
            ({ path }) => path.endsWith('.png') && !path.includes('thumbs'),
          ).length;
          const [run] = (call.args[1] as StatusDocument | undefined)?.runs ?? [];
          most = Math.max(most, (run?.frames.done ?? 0) - pictures);
        }
        return keep(call, act);
      },
    });
    upload(world, 'film/s1', SHOT, { frames: '1-100' });
    await runToEnd(world, 6);
    assert.equal(most, 0);
    assert.equal(told.at(-1)?.runs[0]?.frames.done, 100);
  });

  it('ends whole when a frame had to be rendered again', async () => {
    const told: StatusDocument[] = [];
    const world = createSimWorld({ seed: 1 });
    startService(world, { gate: keeping(told) });
    const fateOf: ShotPhysics['fateOf'] = (frame, attempt) =>
      frame === 20 && attempt === 1 ? 'fails' : 'done';
    upload(world, 'film/s1', { ...SHOT, fateOf }, { frames: '1-40' });
    await runToEnd(world, 6);
    assert.equal(told.at(-1)?.runs[0]?.frames.done, 40);
  });

  it('says in words why nothing of it is rendered, or seen to be, whenever nothing is', async () => {
    const stockouts = [{ fromSeconds: 0, toSeconds: 1500 }];
    const told: StatusDocument[] = [];
    const world = createSimWorld({ seed: 1, cloud: { ...USUAL_CLOUD, stockouts, preemptionsPerHour: 4 } });
    const { clock, cluster } = world;
    startService(world, { gate: keeping(told) });
    upload(world, 'film/s1', SHOT, { frames: '1-90' });
    await clock.run(clock.now() + 32 * MINUTE);
    cluster.loseManager({ keepsMemory: true });
    await runToEnd(world, 6);
    const still = runsOf(told).filter(
      ({ state, frames, reason }) =>
        (state === 'rendering' || state === 'queued') && (frames.active === 0 || reason !== null),
    );
    assert.ok(still.some(({ state }) => state === 'rendering'));
    assert.deepEqual(
      still.filter(({ reason }) => (reason?.message ?? '') === ''),
      [],
    );
    const codes = new Set(still.map(({ reason }) => reason?.code));
    for (const code of ['farmComes', 'noMachines', 'booting', 'noManager']) assert.ok(codes.has(code), code);
    const short = still.find(({ reason }) => reason?.code === 'noMachines');
    assert.match(short?.reason?.message ?? '', /wait for a machine: FailedScaleUp/);
    const busy = runsOf(told).filter(({ frames }) => frames.active > 0);
    const why = new Set(busy.map(({ reason }) => reason?.code ?? null));
    assert.deepEqual(why, new Set([null, 'noManager']), 'and no reason while it is seen');
  });
});
