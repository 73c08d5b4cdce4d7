import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CREATION_PATIENCE_MS,
  SILENCE_PATIENCE_MS,
  ZONE_RESTS_MS,
} from '../../services/control/adapters/gcp/farm.ts';
import { isPortError } from '../../services/control/ports/errors.ts';
import { describeFarmContract, lookUntil } from '../contracts/farm.ts';
import { STOCK_OUT_MS } from './gke/stand-in.ts';
import { DEADMAN_JOB, gkeWorld, ZONES } from './gke-world.ts';

const MINUTE = 60_000;
const [B, C, D] = ZONES as [string, string, string];
const isTransient = (error: unknown) => isPortError(error, 'transient');

describeFarmContract('GKE', async (t) => {
  const { farm, clock } = await gkeWorld(t);
  return { farm, step: async () => clock.advance(10_000) };
});

describe('farm on GKE', () => {
  test('goes by the label: clusters of others are nothing to it', async (t) => {
    const { farm, gke } = await gkeWorld(t);
    const cluster = { name: 'other', resourceLabels: { tablao: 'another-farm' } };
    await fetch(`${gke.url}/v1/projects/p/locations/${B}/clusters`, {
      method: 'POST',
      body: JSON.stringify({ cluster }),
    });
    assert.deepEqual(await farm.look(), { state: 'absent' });
    await farm.delete();
    assert.deepEqual(gke.clusters(), [`${B}/other`]);
  });

  test('is never absent because a zone does not answer', async (t) => {
    const { farm, gke } = await gkeWorld(t);
    await farm.create();
    gke.silent.add(B);
    await assert.rejects(farm.look(), isTransient);
    gke.silent.clear();
    assert.equal((await farm.look()).state, 'creating');
  });

  test('a creation that hangs is given up: another zone, another name; the old one goes when GKE lets us', async (t) => {
    const { farm, gke, clock, givenUp } = await gkeWorld(t);
    gke.stockedOut.add(B);
    await farm.create();
    clock.advance(CREATION_PATIENCE_MS);
    assert.equal((await farm.look()).state, 'creating');
    clock.advance(1);
    assert.deepEqual(await farm.look(), { state: 'absent', givenUp: 1 });
    await farm.create();
    assert.deepEqual(gke.clusters(), [`${B}/tablao-1`, `${C}/tablao-2`]);
    clock.advance(5 * MINUTE);
    const up = await farm.look();
    assert.ok(up.state === 'up' && up.zone === C);
    assert.match(givenUp.join(), /europe-west1-b\/tablao-1: its creation hangs/);
    assert.deepEqual(await farm.leftovers(), [`cluster tablao-1 in ${B}`, `cluster tablao-2 in ${C}`]);

    clock.advance(STOCK_OUT_MS);
    await farm.look();
    clock.advance(5 * MINUTE);
    assert.equal((await farm.look()).state, 'up');
    assert.deepEqual(gke.clusters(), [`${C}/tablao-2`]);
  });

  test('where creations take a quarter of an hour in every zone today, the last one that is tried is waited for', async (t) => {
    const { farm, gke, clock, givenUp } = await gkeWorld(t, { createMs: 15 * MINUTE });
    const states = new Set<string>();
    for (let minute = 0; minute < 45 && !states.has('up'); minute += 1) {
      const { state } = await farm.look();
      states.add(state);
      if (state === 'absent') await farm.create();
      clock.advance(MINUTE);
    }
    assert.ok(states.has('up'));
    assert.equal(givenUp.length, 2);
    assert.ok(gke.clusters().includes(`${D}/tablao-3`));
  });

  test('but not for ever: GKE ends what hangs itself, and what it forgets to end is given up', async (t) => {
    const { farm, gke, clock, givenUp } = await gkeWorld(t, { createMs: 24 * 60 * MINUTE });
    for (let minute = 0; minute < 100 && givenUp.length < 3; minute += 1) {
      if ((await farm.look()).state === 'absent') await farm.create();
      clock.advance(MINUTE);
    }
    assert.match(givenUp.at(-1) ?? '', new RegExp(`${D}/tablao-3: its creation hangs`));
    assert.ok(gke.clusters().length > 0);
  });

  test('a cluster that was given up goes although nobody wants a farm any more, and the process is another', async (t) => {
    const { farm, restart, gke, clock } = await gkeWorld(t);
    gke.stockedOut.add(B);
    await farm.create();
    clock.advance(CREATION_PATIENCE_MS + 1);
    await farm.look();
    const later = restart();
    for (let minute = 0; minute < 45; minute += 1) {
      assert.equal((await later.look()).state, 'absent');
      clock.advance(MINUTE);
    }
    assert.deepEqual(gke.clusters(), []);
    assert.deepEqual(await later.leftovers(), []);
  });

  test('a quota that is too small is told apart from a stock-out, and the next zone is tried', async (t) => {
    const { farm, gke } = await gkeWorld(t);
    for (const zone of ZONES) gke.overQuota.add(zone);
    for (const _ of ZONES) await assert.rejects(farm.create(), (error) => isPortError(error, 'quota'));
    assert.deepEqual(
      gke.asked.filter((line) => line.startsWith('POST')).map((line) => line.split('/')[5]),
      ZONES,
    );
    await assert.rejects(farm.create(), /no zone has room.*CPUS/);
    assert.equal(gke.asked.filter((line) => line.startsWith('POST')).length, 3, 'and nobody is asked again');
  });

  test('a zone that does not have the kind of machine or GPU is passed over', async (t) => {
    const { farm, gke } = await gkeWorld(t);
    const message = `Machine type with name 'g2-standard-8' does not exist in zone '${B}'.`;
    const body = JSON.stringify({ error: { code: 400, status: 'INVALID_ARGUMENT', message } });
    gke.fail(/^POST .*clusters/, { kind: 'status', status: 400, body });
    await assert.rejects(farm.create(), (error) => isPortError(error, 'noCapacity'));
    await farm.create();
    assert.deepEqual(gke.clusters(), [`${C}/tablao-2`]);
  });

  test('a zone that had no machines is tried again after its rest', async (t) => {
    const { farm, gke, clock } = await gkeWorld(t);
    gke.overQuota.add(B);
    await assert.rejects(farm.create());
    clock.advance(ZONE_RESTS_MS);
    gke.overQuota.clear();
    await farm.create();
    assert.deepEqual(gke.clusters(), [`${B}/tablao-2`]);
  });

  for (const status of ['ERROR', 'PROVISIONING'])
    test(`an operation that is done with an error is a failure with its reason (cluster in ${status})`, async (t) => {
      const { farm, gke, clock, givenUp, restart } = await gkeWorld(t);
      gke.stockedOut.add(B);
      await farm.create();
      clock.advance(STOCK_OUT_MS);
      gke.setStatus('tablao-1', status);
      // Nobody looked while it hung.
      assert.deepEqual(await restart().look(), { state: 'absent', givenUp: 1 });
      assert.match(givenUp.join(), /GCE_STOCKOUT/);
      await farm.create();
      assert.ok(gke.clusters().includes(`${C}/tablao-2`));
    });

  test('a creation that failed is known by its operation when GKE has taken its cluster away before anybody looked', async (t) => {
    const { farm, gke, clock, givenUp, restart } = await gkeWorld(t);
    gke.failNextCreation('GCE_STOCKOUT: out of resources');
    await farm.create();
    clock.advance(5 * MINUTE);
    gke.takeAway('tablao-1');
    const later = restart();
    assert.deepEqual(await later.look(), { state: 'absent' });
    assert.deepEqual(givenUp, [
      `${B}/tablao-1: GCE_STOCKOUT: out of resources — GCE_STOCKOUT: out of resources`,
    ]);
    await later.look();
    assert.equal(givenUp.length, 1, 'told once');
    await later.create();
    assert.deepEqual(gke.clusters(), [`${C}/tablao-2`], 'another zone');
  });

  test('one that was given up and is taken away by GKE is told once', async (t) => {
    const { farm, gke, clock, givenUp } = await gkeWorld(t);
    gke.failNextCreation('Network "tablao" is being changed.');
    await farm.create();
    clock.advance(5 * MINUTE);
    await farm.look();
    gke.takeAway('tablao-1');
    for (let look = 0; look < 3; look += 1) await farm.look();
    assert.equal(givenUp.length, 1);
  });

  test('a cluster whose manager node could not be made is a failure', async (t) => {
    const { farm, gke, clock } = await gkeWorld(t);
    await farm.create();
    clock.advance(5 * MINUTE);
    gke.setPoolStatus('manager', 'ERROR');
    assert.deepEqual(await farm.look(), { state: 'absent', givenUp: 1 });
    await farm.create();
    assert.ok(gke.clusters().includes(`${C}/tablao-2`));
  });

  test('a cluster that wants a person stays up with what GKE says while its manager answers', async (t) => {
    const { farm, gke, clock } = await gkeWorld(t);
    await farm.create();
    clock.advance(5 * MINUTE);
    await farm.install();
    gke.setStatus('tablao-1', 'DEGRADED');
    clock.advance(60 * MINUTE);
    const seen = await farm.look();
    assert.ok(seen.state === 'up' && seen.manager === 'ready' && seen.trouble !== undefined);
    assert.equal((await farm.cluster())?.name, 'tablao-1');
  });

  test('one whose manager has been silent for a while, too, is broken', async (t) => {
    const { farm, gke, clock } = await gkeWorld(t);
    await farm.create();
    clock.advance(5 * MINUTE);
    gke.setStatus('tablao-1', 'DEGRADED');
    assert.equal((await farm.look()).state, 'up');
    clock.advance(SILENCE_PATIENCE_MS - 1);
    assert.equal((await farm.look()).state, 'up');
    clock.advance(1);
    assert.equal((await farm.look()).state, 'broken');
  });

  test('a creation that was given up is deleted by a switch of its own until it is gone', async (t) => {
    const { farm, gke, clock, scheduler } = await gkeWorld(t);
    const spare = () => scheduler.find(`${DEADMAN_JOB}-tablao-1`);
    gke.stockedOut.add(B);
    await farm.create();
    assert.equal(spare(), undefined);
    clock.advance(CREATION_PATIENCE_MS + 1);
    assert.deepEqual(await farm.look(), { state: 'absent', givenUp: 1 });
    assert.match(
      spare()?.httpTarget?.uri ?? '',
      new RegExp(`/zones/${B}/clusters/tablao-1$|/locations/${B}/clusters/tablao-1$`),
    );
    assert.match(spare()?.schedule ?? '', /^\d+ \* \* \* \*$/);
    await farm.create();
    assert.match(
      scheduler.find(DEADMAN_JOB)?.httpTarget?.uri ?? '',
      /tablao-2$/,
      'the other one is put off as ever',
    );
    for (let minutes = 0; minutes < 120; minutes += 5) {
      clock.advance(5 * MINUTE);
      await farm.look();
    }
    assert.deepEqual(gke.clusters(), [`${C}/tablao-2`]);
    assert.equal(spare(), undefined, 'gone with its cluster');
  });

  test('a switch that cannot be set keeps nobody from going on', async (t) => {
    const { farm, gke, clock, scheduler } = await gkeWorld(t);
    gke.stockedOut.add(B);
    await farm.create();
    scheduler.fail(/POST .*\/jobs(\?|$)/, { kind: 'status', status: 403 });
    clock.advance(CREATION_PATIENCE_MS + 1);
    assert.deepEqual(await farm.look(), { state: 'absent', givenUp: 1 });
    await farm.create();
    assert.ok(gke.clusters().includes(`${C}/tablao-2`));
  });

  test('a farm that is deleted while it is being created goes as soon as it can', async (t) => {
    const { farm, gke, clock } = await gkeWorld(t);
    await farm.create();
    await farm.delete();
    assert.equal((await farm.look()).state, 'deleting');
    await assert.rejects(farm.create(), isTransient);
    clock.advance(5 * MINUTE);
    await farm.look();
    clock.advance(4 * MINUTE);
    assert.deepEqual(await farm.look(), { state: 'absent' });
    assert.deepEqual(gke.clusters(), []);
  });

  test('a service that died between asking GKE and writing it down finds its cluster', async (t) => {
    const { farm, restart, gke, clock } = await gkeWorld(t);
    gke.fail(/^POST .*clusters/, { kind: 'reset', acts: true });
    await assert.rejects(farm.create(), isTransient);
    const next = restart();
    assert.equal((await next.look()).state, 'creating');
    await next.create();
    assert.deepEqual(gke.clusters(), [`${B}/tablao-1`]);
    clock.advance(5 * MINUTE);
    assert.equal((await next.look()).state, 'up');
  });

  test('a cluster that is not listed yet is not forgotten', async (t) => {
    const { farm, gke } = await gkeWorld(t);
    await farm.create();
    gke.fail(/locations\/-\/clusters/, { kind: 'status', status: 200, body: '{}' });
    assert.deepEqual(await farm.look(), { state: 'absent' });
    assert.equal((await farm.look()).state, 'creating');
  });

  test('at rest GKE is asked every 15 minutes only', async (t) => {
    const { farm, gke, clock } = await gkeWorld(t);
    await farm.look();
    gke.forget();
    for (let minute = 0; minute < 14; minute += 1) {
      clock.advance(MINUTE);
      assert.deepEqual(await farm.look(), { state: 'absent' });
    }
    assert.deepEqual(gke.asked, []);
    clock.advance(MINUTE);
    await farm.look();
    assert.equal(gke.asked.length, 1);
  });

  test('each call meets overload and lost connections with one request', async (t) => {
    const { farm, gke, clock } = await gkeWorld(t);
    await farm.create();
    clock.advance(5 * MINUTE);
    for (const trouble of [
      { kind: 'status', status: 503 },
      { kind: 'status', status: 429 },
      { kind: 'reset', acts: false },
    ] as const) {
      gke.forget();
      gke.fail(/./, trouble);
      await assert.rejects(farm.look(), isTransient);
      assert.equal(gke.asked.length, 1);
    }
    gke.fail(/./, { kind: 'status', status: 403 });
    await assert.rejects(farm.look(), (error) => isPortError(error, 'denied'));
  });

  test('unattached disks of ours are deleted once no cluster is left; all that is left is told', async (t) => {
    const { farm, gke } = await gkeWorld(t);
    const ours = { zone: B, labels: { tablao: 'tablao' }, users: [] };
    gke.leave('disks', { ...ours, name: 'pvc-1' });
    gke.leave('disks', { ...ours, name: 'not-ours', labels: { tablao: 'other' } });
    gke.leave('disks', { ...ours, name: 'in-use', zone: C, users: ['vm'] });
    assert.deepEqual(await farm.leftovers(), [`disk pvc-1 in ${B}`, `disk in-use in ${C}`]);
    assert.deepEqual(await farm.leftovers(), [`disk in-use in ${C}`]);
    gke.leave('instances', { ...ours, name: 'gke-node', zone: D });
    assert.deepEqual(await farm.leftovers(), [`machine gke-node in ${D}`, `disk in-use in ${C}`]);
  });
});

describe("dead-man's switch", () => {
  const jobOf = ({ scheduler }: Awaited<ReturnType<typeof gkeWorld>>) => scheduler.find(DEADMAN_JOB);

  test('is set before the cluster is ordered, an hour ahead, on that very cluster', async (t) => {
    const world = await gkeWorld(t);
    world.gke.fail(/^POST .*clusters/, { kind: 'status', status: 503 });
    await assert.rejects(world.farm.create(), isTransient);
    const job = jobOf(world);
    // The clock begins at 09:00 UTC on 24 November.
    assert.deepEqual([job?.schedule, job?.timeZone, job?.state], ['0 10 24 11 *', 'Etc/UTC', 'ENABLED']);
    assert.equal(job?.httpTarget?.httpMethod, 'DELETE');
    assert.equal(
      job?.httpTarget?.uri,
      `https://container.googleapis.com/v1/projects/p/locations/${B}/clusters/tablao-1`,
    );
  });

  test('no cluster is ordered while it cannot be set', async (t) => {
    const world = await gkeWorld(t);
    world.scheduler.fail(/./, { kind: 'status', status: 503 }, 9);
    await assert.rejects(world.farm.create(), isTransient);
    assert.deepEqual(world.gke.clusters(), []);
  });

  test('is put off by each pass, but not while the last push is fresh', async (t) => {
    const world = await gkeWorld(t);
    const { farm, scheduler, clock } = world;
    await farm.create();
    scheduler.forget();
    clock.advance(9 * MINUTE);
    await farm.pushDeadman();
    assert.deepEqual(scheduler.asked, []);
    clock.advance(MINUTE + 1000);
    await farm.pushDeadman();
    assert.equal(jobOf(world)?.schedule, '11 10 24 11 *');
  });

  test('called as Google would, it deletes the cluster of a service that is dead', async (t) => {
    const world = await gkeWorld(t);
    const { farm, gke, clock } = world;
    await farm.create();
    clock.advance(5 * MINUTE);
    await lookUntil(
      farm,
      async () => {},
      (seen) => seen.state === 'up',
    );
    clock.advance(60 * MINUTE);
    const { uri = '', httpMethod = '' } = jobOf(world)?.httpTarget ?? {};
    const answer = await fetch(`${gke.url}${new URL(uri).pathname}`, { method: String(httpMethod) });
    assert.equal(answer.status, 200);
    clock.advance(4 * MINUTE);
    assert.deepEqual(gke.clusters(), []);
  });
});
