import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { begin, createWorld, endTasks, MINUTE, POOL, pass, run, takeTasks } from './world.ts';

const price = { pricePerHour: 0.2, onDemandPricePerHour: 0.8 };
const variants = [
  { name: 'spot', isSpot: true, ...price },
  { name: 'ordinary', isSpot: false, ...price, pricePerHour: 0.8 },
];

describe('a frame that was lost with its machine and would miss its deadline if it were once more', () => {
  test('is not left to spot machines that are about to go, but to an ordinary one', async () => {
    const of = createWorld({ pools: [{ ...POOL, variants }] });
    const finishBy = new Date(of.clock.now() + 42 * MINUTE).toISOString();
    await begin(of, { frames: '1-8', chunkSize: 1, video: false, finishBy });
    assert.equal(await takeTasks(of), 4);
    await pass(of, 9);
    await endTasks(of, { seconds: 540 });
    assert.equal(await takeTasks(of), 4);
    await pass(of, 3);
    const names = (await of.manager.workers()).map(({ name, isDraining }) => [name, isDraining]);
    assert.deepEqual(
      names,
      ['p-1', 'p-2', 'p-3', 'p-4'].map((name) => [name, true]),
    );
    of.workers.end('p-1', 'preempted');
    await pass(of);
    assert.ok((await run(of)).costs.lost > 0);
    assert.deepEqual(of.manager.callsOf('keep'), []);
    assert.deepEqual(of.workers.callsOf('order').at(-1), ['p', ['p-5'], 'ordinary']);
  });
});
