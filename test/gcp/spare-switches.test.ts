// Each cluster that lives or hangs has a dead-man's switch, whatever fails meanwhile, and none is left over.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CREATION_PATIENCE_MS } from '../../services/control/adapters/gcp/farm.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import { STOCK_OUT_MS } from './gke/stand-in.ts';
import { DEADMAN_JOB, gkeWorld, ZONES } from './gke-world.ts';

const MINUTE = 60_000;
const SPARE = `${DEADMAN_JOB}-tablao-1`;
const CREATES = /POST .*\/jobs(\?|$)/;
const [B] = ZONES as [string];

type Context = Parameters<typeof gkeWorld>[0];

/** A creation that hangs, at the moment when it is given up. */
async function hanging(t: Context) {
  const world = await gkeWorld(t);
  world.gke.stockedOut.add(B);
  await world.farm.create();
  world.clock.advance(CREATION_PATIENCE_MS + 1);
  return world;
}

describe('the switch of a cluster that was given up', () => {
  test('is set later when it cannot be set at once', async (t) => {
    const { farm, clock, scheduler } = await hanging(t);
    scheduler.fail(CREATES, { kind: 'status', status: 503 });
    await farm.look();
    assert.equal(scheduler.find(SPARE), undefined);
    clock.advance(MINUTE);
    await farm.look();
    assert.ok(scheduler.find(SPARE));
  });

  test('is set by the next process when the first one died before', async (t) => {
    const { farm, restart, scheduler } = await hanging(t);
    scheduler.fail(CREATES, { kind: 'reset', acts: false });
    await farm.look();
    await restart().look();
    assert.ok(scheduler.find(SPARE));
  });

  test('is taken away later when it cannot be taken away at once, and nobody asks for it again', async (t) => {
    const { farm, clock, scheduler } = await hanging(t);
    await farm.look();
    clock.advance(STOCK_OUT_MS);
    await farm.look();
    scheduler.fail(/^DELETE/, { kind: 'status', status: 503 });
    clock.advance(5 * MINUTE);
    await farm.look();
    assert.ok(scheduler.find(SPARE), 'the call failed');
    clock.advance(16 * MINUTE);
    await farm.look();
    assert.equal(scheduler.find(SPARE), undefined);
    scheduler.forget();
    clock.advance(16 * MINUTE);
    await farm.look();
    assert.deepEqual(scheduler.asked, []);
  });

  test('takes the place of one of the same name that was left over', async (t) => {
    const { farm, scheduler } = await hanging(t);
    await fetch(`http://127.0.0.1:${scheduler.port}/v1/${SPARE.replace(/\/[^/]*$/, '')}`, {
      method: 'POST',
      body: JSON.stringify({ name: SPARE, httpTarget: { uri: 'https://elsewhere.test', httpMethod: 5 } }),
    });
    await farm.look();
    assert.match(scheduler.find(SPARE)?.httpTarget?.uri ?? '', new RegExp(`${B}/clusters/tablao-1$`));
  });
});

describe('a cluster that nobody remembers', () => {
  test('has its deletion put off all the same, and its number is not given again', async (t) => {
    const { farm, restart, records, scheduler, clock, gke } = await gkeWorld(t);
    await farm.create();
    clock.advance(5 * MINUTE);
    await records.overwrite('gke.json', { of: 'an older version' });
    const next = restart();
    assert.equal((await next.look()).state, 'up');
    scheduler.forget();
    await next.pushDeadman();
    assert.equal(scheduler.find(DEADMAN_JOB)?.schedule, '5 10 24 11 *');
    await next.delete();
    clock.advance(5 * MINUTE);
    await next.look();
    await next.create();
    assert.deepEqual(gke.clusters(), [`${B}/tablao-2`]);
  });

  test('has a switch when its order seemed to have failed and a later one did', async (t) => {
    const { farm, gke, scheduler, clock } = await gkeWorld(t);
    const unlisted = { kind: 'status', status: 200, body: '{}' } as const;
    gke.fail(/^POST .*clusters/, { kind: 'reset', acts: true });
    await assert.rejects(farm.create());
    gke.fail(/locations\/-\/clusters/, unlisted);
    gke.fail(/^POST .*clusters/, { kind: 'status', status: 503 });
    await assert.rejects(farm.create(), (error) => isPortError(error, 'transient'));
    assert.match(scheduler.find(DEADMAN_JOB)?.httpTarget?.uri ?? '', /tablao-2$/);
    clock.advance(MINUTE);
    assert.equal((await farm.look()).state, 'creating');
    await farm.pushDeadman();
    assert.match(scheduler.find(DEADMAN_JOB)?.httpTarget?.uri ?? '', /tablao-1$/);
  });
});
