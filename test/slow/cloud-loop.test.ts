// The whole loop on the cloud's adapters, with a clock that runs as fast as it can, in peace and with all that goes wrong.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isPortError } from '../../services/control/ports/errors.ts';
import { DEADMAN_JOB, FIRST_ZONE, FRAMES, type LoopWorld, startLoopWorld } from '../cloud/loop-world.ts';
import { NAMESPACE } from '../gcp/kube-world.ts';
import { finalizeMessage } from '../gcp/pubsub.ts';
import { installTools, toolsAbsent } from '../tools/tools.ts';

const MINUTE = 60_000;

const TROUBLES = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429 },
  { kind: 'reset', acts: false },
  { kind: 'reset', acts: true },
] as const;

test('a shot that is uploaded becomes frames, and nothing is left', { skip: toolsAbsent }, async (t) => {
  const { upload, untilRun, untilGone, ...world } = await startLoopWorld(t);
  await upload();
  await untilRun('completed');
  assert.equal(world.framesThere(), FRAMES);
  assert.equal((await world.ports.farm.look()).state, 'up');
  assert.equal(world.scheduler.find(DEADMAN_JOB)?.state, 'ENABLED');

  await untilGone();
  assert.deepEqual(await world.ports.farm.leftovers(), []);
  assert.deepEqual(world.cluster.all('jobs', NAMESPACE), []);
  for (const kind of ['createFarm', 'installManager', 'submitJob', 'deleteFarm'])
    assert.equal(world.count(kind), 1, kind);
  assert.deepEqual(world.warnings, []);
});

interface Fault {
  /** Before the upload. */
  readonly before?: (world: LoopWorld) => void;
  /** At each step of time. */
  readonly during?: (world: LoopWorld) => void | Promise<void>;
  /** When frames are there and nothing else is left. */
  readonly after?: (world: LoopWorld) => void;
}

/** Does something once, as soon as it can. */
function once(act: (world: LoopWorld) => boolean | Promise<boolean>): (world: LoopWorld) => Promise<void> {
  let isDone = false;
  return async (world) => {
    if (isDone) return;
    // While it acts time goes on.
    isDone = true;
    isDone = await act(world);
  };
}

/** For so many minutes from when it first can. */
function forMinutes(
  minutes: number,
  {
    from,
    begin,
    end,
    meanwhile = () => {},
  }: Record<'begin' | 'end', (world: LoopWorld) => void> & {
    readonly from: (world: LoopWorld) => boolean;
    readonly meanwhile?: (world: LoopWorld) => void;
  },
): (world: LoopWorld) => void {
  let began: number | null = null;
  let isOver = false;
  return (world) => {
    if (isOver) return;
    if (began === null) {
      if (!from(world)) return;
      began = world.clock.now();
      begin(world);
    }
    meanwhile(world);
    if (world.clock.now() - began < minutes * MINUTE) return;
    isOver = true;
    end(world);
  };
}

const isRendering = (world: LoopWorld) => world.busy().length > 0;
const isDestructive = (line: string) => /^DELETE /.test(line) || /setstatus|:suspend/.test(line);
/** The node pools that workers were ordered on, in the order of their first one. */
function orderedOn({ requests }: LoopWorld['kube']): readonly string[] {
  const orders = requests.filter(
    ({ method, url }) => method === 'POST' && url.pathname.endsWith(`/${NAMESPACE}/jobs`),
  );
  const pools = orders.map(({ body }) => JSON.parse(body.toString()).metadata.labels['tablao/node-pool']);
  return [...new Set(pools)];
}

/** The states of the chart's releases. */
function releases({ cluster }: LoopWorld): string {
  return cluster
    .all('secrets', NAMESPACE)
    .map(({ metadata }) => metadata.labels?.status)
    .join();
}

/** Nothing was deleted and nobody asked to go, whatever could not be read. */
function assertNothingScaledDown({ gke, kube }: LoopWorld): void {
  assert.deepEqual([...gke.asked, ...kube.asked].filter(isDestructive), []);
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'each API in trouble now and then, and a zone without machines': {
    before: ({ gke, apis }) => {
      gke.stockedOut.add(FIRST_ZONE);
      for (const server of apis)
        for (const [index, trouble] of TROUBLES.entries())
          server.failSometimes(/./, trouble, 97 + 12 * index);
    },
    after: ({ warnings }) => assert.ok(warnings.length > 10, `only ${warnings.length} troubles`),
  },
  'no quota in the first zone': {
    before: ({ gke }) => void gke.overQuota.add(FIRST_ZONE),
    after: ({ gke }) => assert.equal(gke.asked.filter((line) => /^POST .*\/clusters/.test(line)).length, 2),
  },
  'an operation that is done with an error': {
    before: ({ gke }) => gke.failNextCreation('Network "tablao" is being changed.'),
    after: ({ gke }) => assert.equal(gke.asked.filter((line) => /^POST .*\/clusters/.test(line)).length, 2),
  },
  'a creation that was begun although no answer came (409)': {
    before: ({ gke }) => gke.fail(/^POST .*\/clusters/, { kind: 'reset', acts: true }),
  },
  'a cluster that may not be deleted yet (400, another operation)': {
    before: ({ gke }) => {
      const body = { error: { code: 400, message: 'incompatible operation', status: 'FAILED_PRECONDITION' } };
      gke.fail(/^DELETE .*\/clusters/, { kind: 'status', status: 400, body: JSON.stringify(body) }, 3);
    },
    after: ({ gke }) => assert.equal(gke.asked.filter((line) => /^DELETE .*\/clusters/.test(line)).length, 4),
  },
  'an event that comes twice': {
    before: ({ push }) => push.decide('doubled'),
    after: ({ push, runs }) => assert.deepEqual([push.answers.length, runs().length], [2, 1]),
  },
  'an event that never comes': {
    before: ({ push }) => push.decide('lost'),
    after: ({ push }) => assert.deepEqual(push.answers, []),
  },
  'an event that comes when its frames are being rendered': {
    before: ({ push }) => push.decide('lost'),
    during: once(async (world) => {
      const object = world.shot();
      if (!isRendering(world) || object === null) return false;
      world.push.publish(finalizeMessage(object));
      await world.push.settled();
      return true;
    }),
    after: ({ push }) => assert.deepEqual(push.answers, [204]),
  },
  'the event again when the frames are there': {
    during: once(async ({ framesThere, push, shot }) => {
      const object = shot();
      if (framesThere() < FRAMES || object === null) return false;
      push.publish(finalizeMessage(object));
      await push.settled();
      return true;
    }),
    after: ({ push }) => assert.deepEqual(push.answers, [204, 204]),
  },
  'spot machines that are taken away in mid-frame, with a word and without': {
    during: once(async ({ busy, preempt }) => {
      const [one, another] = busy();
      if (one === undefined || another === undefined) return false;
      await preempt(one, 'disrupted');
      await preempt(another, 'gone');
      return true;
    }),
    after: ({ runs }) => assert.deepEqual(runs()[0]?.troubles, []),
  },
  'no spot machine of any kind: the fallbacks in their order, on-demand last, and the status says why and for how much':
    {
      before: ({ cluster }) => cluster.stockOut(NAMESPACE, ['cpu-spot', 'cpu-2', 'cpu-3']),
      during: once((world) => {
        const [pool] = world.status()?.pools ?? [];
        if (pool?.variant !== 'cpu-4') return false;
        assert.equal(pool.pricePerHour, 0.73);
        assert.match(pool.reason ?? '', /cpu-4 is used instead of cpu-spot, which had no machine/);
        return true;
      }),
      after: ({ kube }) => assert.deepEqual(orderedOn(kube), ['cpu-spot', 'cpu-2', 'cpu-3', 'cpu-4']),
    },
  'a pod that runs out of memory in mid-frame': {
    during: once(({ busy, runOutOfMemory }) => {
      const [one] = busy();
      if (one === undefined) return false;
      runOutOfMemory(one);
      return true;
    }),
  },
  'the manager lost while frames render': {
    during: once(async (world) => {
      if (world.framesThere() < 4 || !isRendering(world)) return false;
      await world.loseManager();
      return true;
    }),
    after: ({ count }) => assert.ok(count('submitJob') > 1, 'the rest was submitted to the new one'),
  },
  'a chart upgrade that is killed half-way while frames render, and the manager lost before anybody repeats it':
    {
      during: once(async (world) => {
        if (!isRendering(world)) return false;
        world.kube.fail(/^(PATCH|POST) .*deployments/, { kind: 'hang', acts: false }, 99);
        await assert.rejects(world.upgradeChart(8000), (error) => isPortError(error, 'transient'));
        world.kube.mend();
        assert.match(releases(world), /pending-upgrade/);
        await world.loseManager();
        return true;
      }),
      after: ({ count }) => assert.ok(count('installManager') > 1, 'it was put right'),
    },
  'a service proxy that answers nothing for ten minutes': {
    during: forMinutes(10, {
      from: isRendering,
      begin: ({ kube }) => {
        kube.forget();
        kube.fail(/\/proxy\//, { kind: 'status', status: 503 }, 9999);
      },
      meanwhile: assertNothingScaledDown,
      end: ({ kube }) => kube.mend(),
    }),
  },
  'no API that answers for ten minutes': {
    during: forMinutes(10, {
      from: isRendering,
      begin: ({ apis }) => {
        for (const api of apis) {
          api.forget();
          api.fail(/./, { kind: 'reset', acts: false }, 9999);
        }
      },
      meanwhile: assertNothingScaledDown,
      end: ({ apis }) => {
        for (const api of apis) api.mend();
      },
    }),
  },
  'a token that is not taken any more for ten minutes': {
    during: forMinutes(10, {
      from: isRendering,
      begin: ({ setTokenGood, apis }) => {
        for (const api of apis) api.forget();
        setTokenGood(false);
      },
      meanwhile: assertNothingScaledDown,
      end: ({ setTokenGood }) => setTokenGood(true),
    }),
    after: ({ warnings }) => assert.match(warnings.join('\n'), /denied|401|nvalid/),
  },
};

describe('with this, the same frames come once, and nothing is left', { skip: toolsAbsent }, () => {
  for (const [name, { before, during, after }] of Object.entries(FAULTS))
    test(name, async (t) => {
      const world = await startLoopWorld(t, { ...(during && { onStep: during }) });
      before?.(world);
      await world.upload();
      await world.untilRun('completed');
      assert.equal(world.framesThere(), FRAMES);
      await world.untilGone();
      after?.(world);
      assert.equal(world.runs().length, 1);
    });

  test('Helm killed half-way through the installation', async (t) => {
    const { helm, allow } = killedHelm(t);
    const world = await startLoopWorld(t, { helm });
    world.kube.fail(/^(PATCH|POST) .*deployments/, { kind: 'hang', acts: false }, 1, allow);
    await world.upload();
    await world.untilRun('completed');
    assert.equal(world.framesThere(), FRAMES);
    assert.ok(world.warnings.length > 0, 'it was killed');
    await world.untilGone();
  });
});

test('somebody else has a cluster of the next name (409): another name is taken, and his is left alone', {
  skip: toolsAbsent,
}, async (t) => {
  const world = await startLoopWorld(t);
  const [place, cluster] = [`${FIRST_ZONE}/tablao-1`, { name: 'tablao-1', resourceLabels: {} }];
  const url = `${world.gke.url}/v1/projects/film-farm/locations/${FIRST_ZONE}/clusters`;
  await fetch(url, { method: 'POST', body: JSON.stringify({ cluster }) });
  world.gke.forget();
  await world.upload();
  await world.untilRun('completed');
  assert.equal(world.framesThere(), FRAMES);
  assert.deepEqual(world.gke.clusters().toSorted(), [place, `${FIRST_ZONE}/tablao-2`]);
  await world.tickUntil('the end of ours', () => world.gke.clusters().join() === place);
  assert.ok(!world.gke.asked.some((line) => /^DELETE .*tablao-1$/.test(line)));
  assert.match(world.warnings.join('\n'), /tablao-1.*conflict/);
});

/** What is asked of the APIs to act; the process dies when the first one of each was acted on, before it hears of it. */
const ACTS: Readonly<Record<string, RegExp>> = {
  'the lease is taken': /^POST \/upload.*name=lease\.json/,
  'the run is recorded': /^POST \/upload.*name=runs%2F/,
  'the memory is saved': /^POST \/upload.*name=farm\.json/,
  'the creation is remembered': /^POST \/upload.*name=gke\.json/,
  "the dead-man's switch is set": /^PATCH .*jobs\/tablao-deadman\?/,
  'the cluster is ordered': /^POST .*\/clusters/,
  'the release is recorded': /^POST .*\/secrets/,
  'the job is submitted': /^POST .*\/proxy\/api\/v3\/jobs$/,
  'the job is let go': /^POST .*\/proxy\/api\/v3\/jobs\/[^/]+\/setstatus/,
  'a worker is ordered': /^POST .*\/jobs$/,
  'a worker is asked to go': /^POST .*\/proxy\/api\/v3\/worker-mgt\/workers\/[^/]+\/setstatus/,
  "a worker's record goes": /^DELETE .*\/proxy\/api\/v3\/worker-mgt\/workers/,
  'the report is written': /^POST \/upload.*name=.*report\.json/,
  'the cluster is deleted': /^DELETE .*\/clusters/,
};

test('a process that dies after each kind of act: the same frames once, and nothing is left', {
  skip: toolsAbsent,
}, async (t) => {
  const died: string[] = [];
  const world = await startLoopWorld(t, {
    onStep: (here) => {
      // Another process has come meanwhile.
      if (isDead) {
        isDead = false;
        here.newProcess();
        for (const api of here.apis) api.mend();
        arm(here);
      }
    },
  });
  let isDead = false;
  function arm({ apis }: LoopWorld): void {
    for (const [name, on] of Object.entries(ACTS))
      if (!died.includes(name))
        for (const api of apis)
          api.fail(on, { kind: 'reset', acts: true }, 1, () => {
            died.push(name);
            isDead = true;
            for (const each of apis) each.fail(/./, { kind: 'reset', acts: false }, 9999);
          });
  }
  arm(world);
  await world.upload();
  await world.untilRun('completed');
  assert.equal(world.framesThere(), FRAMES);
  await world.untilGone();
  assert.deepEqual(died.toSorted(), Object.keys(ACTS).toSorted());
  assert.equal(world.runs().length, 1);
  const orders = world.gke.asked.filter((line) => /^POST .*\/clusters/.test(line));
  assert.equal(orders.length, 1, 'one cluster was ordered');
});

/** Helm that is killed after three seconds, until it is allowed to live. */
function killedHelm(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-helm-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const [helm, allowed] = [join(dir, 'helm'), join(dir, 'allowed')];
  const { helm: real } = installTools();
  const body = `limit=3; [ ! -e ${allowed} ] || limit=60; exec timeout -s KILL $limit ${real} "$@"`;
  writeFileSync(helm, `#!/bin/sh\n${body}\n`);
  chmodSync(helm, 0o755);
  return { helm, allow: () => setTimeout(() => writeFileSync(allowed, ''), 3000) };
}
