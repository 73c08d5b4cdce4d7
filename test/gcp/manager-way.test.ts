import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createManagerWay, managerPrefix } from '../../services/control/adapters/gcp/manager-way.ts';
import { gkeWorld } from './gke-world.ts';

const MINUTE = 60_000;
const WRITES = ['create', 'replace', 'overwrite', 'delete'] as const;

async function world(t: TestContext) {
  const { farm, gke, gkeClient, records, clock } = await gkeWorld(t);
  let tokens = 0;
  const find = createManagerWay({
    ...{ gke: gkeClient, records, clock },
    token: async () => {
      tokens += 1;
      return `token-${tokens}`;
    },
    serverOf: (endpoint) => `https://${endpoint}`,
  });
  return { farm, gke, records, clock, find };
}

describe('the way to Flamenco Manager', () => {
  test('is the proxy of the cluster that is up, each time with a token of that moment', async (t) => {
    const { farm, clock, find } = await world(t);
    await farm.create();
    clock.advance(5 * MINUTE);
    assert.deepEqual(await find(), {
      origin: 'https://gke-1.test',
      headers: { authorization: 'Bearer token-1' },
    });
    assert.equal((await find())?.headers.authorization, 'Bearer token-2');
    assert.match(managerPrefix('tablao', 'tablao', 8080), /\/services\/http:tablao-manager:8080\/proxy$/);
  });

  test('is none before there was a farm, and after it has gone', async (t) => {
    const { farm, clock, find } = await world(t);
    assert.equal(await find(), null);
    await farm.create();
    clock.advance(5 * MINUTE);
    await farm.look();
    assert.notEqual(await find(), null);
    await farm.delete();
    clock.advance(MINUTE);
    assert.equal(await find(), null, 'one that is being deleted');
  });

  test('is looked for once for a page of many requests, and changes nothing', async (t) => {
    const { farm, gke, records, clock, find } = await world(t);
    await farm.create();
    clock.advance(5 * MINUTE);
    const written = () => WRITES.flatMap((method) => records.callsOf(method)).length;
    const before = written();
    gke.forget();
    for (let request = 0; request < 12; request += 1) await find();
    assert.equal(gke.asked.length, 1);
    clock.advance(15_000);
    await find();
    assert.equal(gke.asked.length, 2);
    assert.equal(written(), before);
  });
});
