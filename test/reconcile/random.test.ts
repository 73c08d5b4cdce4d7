import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { framesOf } from '../../services/control/core/frames.ts';
import { isFinal } from '../../services/control/core/run.ts';
import {
  allTasks,
  begin,
  command,
  createWorld,
  endTasks,
  HOUR,
  pass,
  restart,
  run,
  takeTasks,
  type World,
  workOff,
} from './world.ts';

/** What may happen between two passes, in any order. */
const EVENTS = {
  take: takeTasks,
  end: (of: World) => endTasks(of, { seconds: 300 }),
  time: async (of: World) => of.clock.advance(10 * 60_000),
  restart: async (of: World) => restart(of, `${of.clock.now()}`),
  noManager: (of: World) => passWithout(of, of.manager),
  noWorkers: (of: World) => passWithout(of, of.workers),
  noRenders: (of: World) => passWithout(of, of.renders),
  lostManager: async (of: World) => of.farm.loseManager(),
  preempted: async (of: World) => of.workers.endAll('preempted'),
  richer: async (of: World) => {
    of.policy = { ...of.policy, monthlyBudgetDollars: 1000 };
    restart(of, `rich ${of.clock.now()}`);
  },
  release: async (of: World) => command(of, { kind: 'release', runId: (await run(of)).id }),
} as const;

async function passWithout(of: World, fake: World['manager'] | World['workers'] | World['renders']) {
  fake.failUntilHealed('transient');
  await pass(of, 3);
  fake.heal();
}

const events = fc.array(fc.constantFrom(...(Object.keys(EVENTS) as (keyof typeof EVENTS)[])), {
  minLength: 5,
  maxLength: 25,
});

/** Running tasks that a cancelled job took from their workers. */
async function cutOff(of: World): Promise<readonly string[]> {
  const tasks = await allTasks(of);
  return tasks
    .filter(({ status, workerId }) => status === 'canceled' && workerId !== null)
    .map(({ name }) => name);
}

describe('whatever happens in between', () => {
  for (const hold of [false, true])
    test(`a ${hold ? 'held ' : ''}run under a budget and an old farm is completed in the end, once, and no frame is cut off`, async () => {
      await fc.assert(
        fc.asyncProperty(events, async (happened) => {
          const of = createWorld({ monthlyBudgetDollars: 0.4, maxFarmMs: 2 * HOUR });
          await begin(of, { chunkSize: 4, frameMinutesLimit: 1000, hold });
          for (const event of happened) {
            await EVENTS[event](of);
            await pass(of);
            assert.deepEqual(await cutOff(of), []);
          }
          await EVENTS.richer(of);
          for (let goes = 0; goes < 4 && !isFinal((await run(of)).state); goes += 1) {
            await endTasks(of);
            await pass(of, 25);
            if ((await run(of)).state === 'held') await EVENTS.release(of);
            await workOff(of);
          }
          const ended = await run(of);
          assert.equal(ended.state, 'completed', JSON.stringify(ended.reason));
          assert.equal(framesOf(ended.proved).length, 24);
          assert.equal((await of.records.list('runs/')).length, 1);
          await pass(of, 30);
          assert.deepEqual(await of.farm.look(), { state: 'absent' });
          assert.equal((await of.manager.workers()).length, 0);
        }),
        { numRuns: 25 },
      );
    });
});
