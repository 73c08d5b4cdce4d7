import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import { createIgnore } from '../../services/control/core/catalog.ts';
import type { Policy } from '../../services/control/core/model.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import { createReconciler } from '../../services/control/reconcile/reconcile.ts';
import { FakeRenders, FakeScenes } from '../fakes/fake-buckets.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeFarm } from '../fakes/fake-farm.ts';
import { FakeLease } from '../fakes/fake-lease.ts';
import { FakeManager } from '../fakes/fake-manager.ts';
import { FakeRecords } from '../fakes/fake-records.ts';
import { FakeWorkers } from '../fakes/fake-workers.ts';

const SAMPLE = readFileSync(join(import.meta.dirname, '../../services/flamenco-lite/sample/tablao.blend'));
const MINUTE = 60_000;

const policy: Policy = {
  settleMs: 20_000,
  maxAtOnce: 3,
  missingFilesGraceMs: 24 * 60 * MINUTE,
  idleTeardownMs: 10 * MINUTE,
  keepControlPlane: false,
  listEveryMs: 15 * MINUTE,
  // Longer than a tick, so that each tick is one pass.
  lookEveryMs: MINUTE,
  maxFarmMs: 24 * 60 * MINUTE,
  maxUnknownMs: 180 * MINUTE,
  checkFirst: 'never',
  allowSceneScripts: false,
  valueOfTimePerHour: 2,
  fixedPricePerHour: 0.2,
  monthlyBudgetDollars: null,
  budgetStop: 'drain',
  isIgnored: createIgnore(['**/lib/**']),
  hash: (text) => createHash('sha256').update(text).digest('hex'),
  blenders: [{ version: '3.4.1', hasDenoiser: false, devices: [] }],
  pool: { name: 'p', max: 4, pricePerHour: 0.2, tag: null, bootSeconds: 60, tailSeconds: 30 },
  scenesRoot: '/scenes',
  rendersRoot: '/renders',
};

function world() {
  const clock = new FakeClock();
  const manager = new FakeManager({ clock, compile: () => [{ name: 'render-1-24', steps: 24 }] });
  const ports = {
    clock,
    manager,
    blendTools,
    scenes: new FakeScenes({ clock }),
    renders: new FakeRenders({ clock }),
    records: new FakeRecords(),
    lease: new FakeLease({ clock }),
    farm: new FakeFarm({ clock }),
    workers: new FakeWorkers({ clock, onRunning: ({ name }) => void manager.addWorker(name) }),
  };
  const log = { info: () => {}, warn: () => {} };
  const wait = async (ms: number) => clock.advance(ms);
  const start = (holder = 'one') => createReconciler({ ports, policy, log, holder, intakeSince: 0, wait });
  const runs = async () => {
    const names = await ports.records.list('runs/');
    return names.map((name) => ports.records.valueAt(name) as RunRecord);
  };
  return { ...ports, start, runs };
}

/** Passes a minute apart. */
async function pass(
  of: ReturnType<typeof world>,
  service: ReturnType<ReturnType<typeof world>['start']>,
  times = 1,
): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    of.clock.advance(MINUTE);
    await service.runTick('test');
  }
}

async function untilSubmitted(of: ReturnType<typeof world>) {
  of.scenes.put('film/sh010.blend', SAMPLE);
  const service = of.start();
  await pass(of, service, 12);
  assert.equal((await of.manager.jobs()).length, 1, 'one job is submitted');
  return service;
}

describe('the loop', () => {
  test('makes one run and one job of a shot, however often it is told', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    for (let times = 0; times < 3; times += 1) {
      await of.records.create(`commands/e${times}.json`, {
        kind: 'uploaded',
        path: 'film/sh010.blend',
        generation: null,
      });
    }
    await pass(of, service, 3);
    assert.equal((await of.runs()).length, 1);
    assert.equal((await of.manager.jobs()).length, 1);
    assert.deepEqual(await of.records.list('commands/'), []);
  });

  test('goes on after a restart without a second run or job', async () => {
    const of = world();
    await untilSubmitted(of);
    await pass(of, of.start(), 3);
    assert.equal((await of.runs()).length, 1);
    assert.equal((await of.manager.jobs()).length, 1);
  });

  for (const [port, method] of [
    ['farm', 'look'],
    ['workers', 'list'],
    ['manager', 'jobs'],
    ['manager', 'workers'],
    ['manager', 'tasks'],
  ] as const) {
    test(`destroys nothing while ${port}.${method} cannot be read`, async () => {
      const of = world();
      const service = await untilSubmitted(of);
      of[port].failUntilHealed('transient', method as never);
      await pass(of, service, 30);
      assert.deepEqual(of.farm.callsOf('delete'), []);
      assert.deepEqual(of.workers.callsOf('remove'), []);
      assert.deepEqual(of.manager.callsOf('drain'), []);
      assert.equal((await of.runs())[0]?.state === 'completed', false);
    });
  }

  test('does nothing while someone else holds the lease', async () => {
    const of = world();
    of.lease.steal('other', 10 * MINUTE);
    of.scenes.put('film/sh010.blend', SAMPLE);
    const ticked = await of.start().runTick('test');
    assert.equal(ticked.isElsewhere, true);
    assert.deepEqual(await of.runs(), []);
  });

  test('cancels the job of a cancelled run, lets the workers go and takes the farm down', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    const [run] = await of.runs();
    await of.records.create('commands/c.json', { kind: 'cancel', runId: run?.id, by: 'me' });
    await pass(of, service, 2);
    assert.equal((await of.runs())[0]?.state, 'cancelled');
    assert.equal((await of.manager.jobs())[0]?.status, 'canceled');
    for (const worker of await of.workers.list()) of.workers.end(worker.name, 'done');
    await pass(of, service, 20);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
  });

  test('holds a burst for a person, and leaves ignored files alone', async () => {
    const of = world();
    for (let shot = 1; shot <= 5; shot += 1) of.scenes.put(`film/sh0${shot}.blend`, SAMPLE);
    of.scenes.put('film/lib/chair.blend', SAMPLE);
    await pass(of, of.start(), 2);
    const runs = await of.runs();
    assert.deepEqual(
      runs.map(({ state }) => state),
      Array(5).fill('held'),
    );
    assert.deepEqual(of.farm.callsOf('create'), []);
  });
});
