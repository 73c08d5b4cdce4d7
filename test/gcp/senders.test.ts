// The stand-ins that call us: what they send is what the service understands, signed as Google signs it.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createPublicIdentity } from '../../services/control/adapters/gcp/identity.ts';
import { commandsIn, makeApp } from '../http/app-for-tests.ts';
import { cloudEvent } from './eventarc.ts';
import { DEADMAN_JOB, gkeWorld, ZONES } from './gke-world.ts';
import { startIssuer } from './issuer.ts';
import { finalizeMessage, startPush } from './pubsub.ts';
import { createCalls, isDue } from './scheduler-calls.ts';
import { startScheduler } from './scheduler-stand-in.ts';
import { startStorage } from './storage/stand-in.ts';

const AUDIENCE = 'https://control-1.europe-west1.run.app';
const EVENTS = 'events@p.iam.gserviceaccount.com';
const TICK = 'tick@p.iam.gserviceaccount.com';
const TICK_JOB = 'projects/p/locations/europe-west1/jobs/tablao-tick';
const SHOT = { kind: 'uploaded', path: 'film/sh 010.blend' };

/** The app behind a real port, and a bucket whose uploads are told to it. */
async function world(t: TestContext) {
  const issuer = await startIssuer(t);
  const identity = createPublicIdentity({
    ...{ audiences: [AUDIENCE], endpoints: issuer.endpoints },
    clock: { now: () => Date.now() },
  });
  let ticks = 0;
  const bench = makeApp(t, {
    machines: { identity, tickAccount: TICK, eventsAccount: EVENTS },
    runTick: async () => {
      ticks += 1;
      return { lookAgainAt: null, passes: 1, isElsewhere: false };
    },
  });
  const url = await bench.app.listen({ host: '127.0.0.1', port: 0 });
  const token = (email = EVENTS) => issuer.signed(email, AUDIENCE);
  const push = startPush(t, { endpoint: `${url}/events/storage`, token: () => token(), retryMs: 20 });
  const storage = await startStorage({ onFinalized: (object) => push.publish(finalizeMessage(object)) });
  t.after(() => storage.close());
  const upload = (name: string) =>
    fetch(`${storage.url}/upload/storage/v1/b/scenes/o?uploadType=media&name=${encodeURIComponent(name)}`, {
      method: 'POST',
      body: 'BLENDER',
    });
  return { bench, url, push, storage, upload, issuer, token, ticks: () => ticks };
}

describe('events on their way', () => {
  test("an upload is told by the bucket's own notification, pushed and signed", async (t) => {
    const { bench, push, upload, storage } = await world(t);
    await upload(SHOT.path);
    await push.settled();
    assert.deepEqual(push.answers, [204]);
    const generation = storage.find('scenes', SHOT.path)?.generation;
    assert.deepEqual(commandsIn(bench), [{ ...SHOT, generation }]);
    assert.equal(bench.kicks, 1);
  });

  test('one that fails is sent again until it is taken; one for another account never is', async (t) => {
    const { bench, push, upload, url, token, storage } = await world(t);
    bench.records.failNext('create', 'transient');
    await upload(SHOT.path);
    await push.settled();
    assert.deepEqual(push.answers, [503, 204]);
    const object = storage.find('scenes', SHOT.path);
    assert.ok(object);
    const stranger = startPush(t, {
      ...{ endpoint: `${url}/events/storage`, retryMs: 10 },
      token: () => token(TICK),
    });
    stranger.publish(finalizeMessage(object));
    await waitFor(() => stranger.answers.length > 2);
    assert.deepEqual([...new Set(stranger.answers)], [403]);
  });

  test('doubled ones are told twice, late ones late, lost ones never', async (t) => {
    const { push, upload, bench } = await world(t);
    push.decide('doubled', 'lost', 50);
    for (const name of ['a.blend', 'b.blend', 'c.blend']) await upload(name);
    await push.settled();
    const told = commandsIn(bench).map((command) => (command as typeof SHOT).path);
    assert.deepEqual(told.sort(), ['a.blend', 'a.blend', 'c.blend']);
    assert.equal(told.length, push.answers.length);
  });

  for (const mode of ['binary', 'structured'] as const)
    test(`a CloudEvent of Eventarc's is understood (${mode})`, async (t) => {
      const { bench, url, upload, storage, token, push } = await world(t);
      push.decide('lost', 'lost');
      for (const path of [SHOT.path, 'film/größe "1" 100%.blend']) {
        await upload(path);
        const object = storage.find('scenes', path);
        assert.ok(object);
        const { headers, body } = cloudEvent(object, mode);
        const answer = await fetch(`${url}/events/storage`, {
          ...{ method: 'POST', body },
          headers: { ...headers, authorization: `Bearer ${token()}` },
        });
        assert.equal(answer.status, 204);
      }
      const told = commandsIn(bench).map((command) => (command as typeof SHOT).path);
      assert.deepEqual(told, [SHOT.path, 'film/größe "1" 100%.blend']);
    });
});

describe('Cloud Scheduler on its way', () => {
  test('the tick is called each minute and when it is kicked, with the token of its account', async (t) => {
    const { url, issuer, ticks } = await world(t);
    const scheduler = await startScheduler(
      t,
      [
        {
          ...{ name: TICK_JOB, schedule: '* * * * *' },
          httpTarget: { uri: `${url}/tick`, oidcToken: { serviceAccountEmail: TICK, audience: AUDIENCE } },
        },
      ],
      { call: createCalls({ oidc: issuer.signed, oauth: String }) },
    );
    scheduler.fireDue(Date.now());
    // A run that is still going delays the next.
    scheduler.fireDue(Date.now());
    await scheduler.settled();
    await fetch(`http://${scheduler.host}/v1/${TICK_JOB}:run`, { method: 'POST' });
    await scheduler.settled();
    assert.deepEqual(scheduler.calls, [
      [TICK_JOB, 200],
      [TICK_JOB, 200],
    ]);
    assert.equal(ticks(), 2);
  });

  test("the dead-man's job that the farm has set deletes the cluster when its minute has come, not before", async (t) => {
    const { farm, clock, gke, scheduler } = await gkeWorld(t, {
      call: (gkeUrl) =>
        createCalls({ oidc: () => '', oauth: String, hosts: { 'container.googleapis.com': gkeUrl } }),
    });
    await farm.create();
    assert.deepEqual(gke.clusters(), [`${ZONES[0]}/tablao-1`]);
    for (let minute = 0; minute < 64; minute += 1) {
      clock.advance(60_000);
      scheduler.fireDue(clock.now());
      await scheduler.settled();
      if (minute < 58) assert.deepEqual(gke.clusters(), [`${ZONES[0]}/tablao-1`]);
    }
    assert.deepEqual(gke.clusters(), []);
    assert.deepEqual(scheduler.calls, [[DEADMAN_JOB, 200]]);
    const call = gke.requests.find(({ method }) => method === 'DELETE');
    assert.equal(call?.headers.authorization, 'Bearer deadman@p.iam.gserviceaccount.com');
  });

  test('a minute of one day comes once a year', () => {
    const at = Date.UTC(2026, 10, 24, 10, 0);
    assert.equal(isDue('0 10 24 11 *', at), true);
    assert.equal(isDue('0 10 24 11 *', at + 60_000), false);
    assert.equal(isDue('0 10 24 11 *', Date.UTC(2026, 10, 25, 10, 0)), false);
    assert.equal(isDue('* * * * *', at), true);
  });
});

async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setTimeout(done, 5));
}
