import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import { createIgnore } from '../../services/control/core/catalog.ts';
import { formatFrames, framesOf } from '../../services/control/core/frames.ts';
import type { FarmMemory, Policy } from '../../services/control/core/model.ts';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { createReconciler } from '../../services/control/reconcile/reconcile.ts';
import { FakeRenders, FakeScenes } from '../fakes/fake-buckets.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeFarm } from '../fakes/fake-farm.ts';
import { FakeLease } from '../fakes/fake-lease.ts';
import { FakeManager } from '../fakes/fake-manager.ts';
import { FakeRecords } from '../fakes/fake-records.ts';
import { FakeWorkers } from '../fakes/fake-workers.ts';
import { callsApart } from './calls-apart.ts';
import { MINUTE, POLICY, SAMPLE } from './world.ts';

/** Blender reads it the same; for the bucket it is another file. */
const CHANGED = Buffer.concat([SAMPLE, new Uint8Array(1)]);

const policy: Policy = { ...POLICY, isIgnored: createIgnore(['**/lib/**']) };

function world({ lookEveryMs = policy.lookEveryMs }: Partial<Policy> = {}) {
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
  const logged: (readonly [level: 'debug' | 'info', actions: unknown])[] = [];
  const log = {
    debug: ({ actions }: Readonly<Record<string, unknown>>) => void logged.push(['debug', actions]),
    info: ({ actions }: Readonly<Record<string, unknown>>) => void logged.push(['info', actions]),
    warn: () => {},
  };
  const wait = async (ms: number) => clock.advance(ms);
  const own = { ...policy, lookEveryMs };
  const start = (holder = 'one') =>
    createReconciler({ ports, policy: own, log, holder, intakeSince: 0, wait });
  const runs = async () => {
    const names = await ports.records.list('runs/');
    return names.map((name) => ports.records.valueAt(name) as RunRecord);
  };
  return { ...ports, start, runs, logged };
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

  test('logs each tick, and of its further passes those that did something', async () => {
    const of = world({ lookEveryMs: 5000 });
    await untilSubmitted(of);
    const count = (level: string, isActing: boolean) =>
      of.logged.filter(([its, actions]) => its === level && (actions !== 0) === isActing).length;
    assert.equal(count('debug', true), 0);
    assert.ok(count('info', true) > 2);
    assert.ok(count('debug', false) > 20, 'most passes only look');
    assert.ok(count('info', false) <= 12, 'one a tick');
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
      // Its Flamenco makes one task of what was counted on as many: some are let go before.
      const drained = of.manager.callsOf('drain');
      of[port].failUntilHealed('transient', method as never);
      await pass(of, service, 30);
      assert.deepEqual(of.farm.callsOf('delete'), []);
      assert.deepEqual(of.workers.callsOf('remove'), []);
      assert.deepEqual(of.manager.callsOf('drain'), drained);
      assert.equal((await of.runs())[0]?.state === 'completed', false);
    });
  }

  test('does nothing while someone else holds the lease', async () => {
    const of = world();
    of.lease.steal('other', 10 * MINUTE);
    of.scenes.put('film/sh010.blend', SAMPLE);
    const ticked = await of.start().runTick('test');
    assert.equal(ticked.isElsewhere, true);
    assert.equal(ticked.lookAgainAt, of.clock.now() + 10_000, 'and looks soon whether it still does');
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

  test('takes a second shot in while the first one of its folder renders', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    await pass(of, service, 2);
    of.scenes.put('film/sh020.blend', SAMPLE);
    await of.records.create('commands/e.json', {
      kind: 'uploaded',
      path: 'film/sh020.blend',
      generation: null,
    });
    await pass(of, service, 5);
    assert.equal((await of.manager.jobs()).length, 2);
  });

  test('ends a run whose shot is overwritten as superseded and renders the new one as the next version', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    of.scenes.put('film/sh010.blend', CHANGED);
    await pass(of, service, 6);
    const runs = (await of.runs()).toSorted((a, b) => a.receivedAt - b.receivedAt);
    assert.deepEqual(
      runs.map(({ state, version }) => [state, version]),
      [
        ['superseded', 1],
        ['queued', 2],
      ],
    );
    const alive = (await of.manager.jobs()).filter(({ status }) => status !== 'canceled');
    assert.deepEqual(
      alive.map(({ runId }) => runId),
      [runs[1]?.id],
    );
  });

  test('joins the run that lives when the same bytes are uploaded again', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    of.scenes.put('film/sh010.blend', SAMPLE);
    await pass(of, service, 3);
    assert.equal((await of.runs()).length, 1);
    assert.equal((await of.manager.jobs()).length, 1);
  });

  test('waits when an input is away for a moment, and gives up when it stays away', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    of.scenes.remove('film/sh010.blend');
    await service.runTick('test');
    assert.equal((await of.runs())[0]?.state, 'queued');
    of.scenes.put('film/sh010.blend', SAMPLE);
    await pass(of, service, 3);
    assert.equal((await of.runs())[0]?.state, 'queued');
    of.scenes.remove('film/sh010.blend');
    await pass(of, service, 4);
    assert.equal((await of.runs())[0]?.reason?.code, 'inputRemoved');
  });

  test('goes on when looking took longer than a lease lasts', async () => {
    const of = world();
    of.scenes.put('film/sh010.blend', SAMPLE);
    const list = of.scenes.list.bind(of.scenes);
    of.scenes.list = async () => {
      of.clock.advance(5 * MINUTE);
      return list();
    };
    await of.start().runTick('test');
    assert.equal((await of.runs()).length, 1);
  });

  test('is not stopped by a command that is none', async () => {
    const of = world();
    of.records.putText('commands/a.json', 'no json');
    await of.records.create('commands/b.json', null);
    await of.records.create('commands/c.json', { kind: 'cancel' });
    await untilSubmitted(of);
    assert.deepEqual(await of.records.list('commands/'), []);
  });

  test('never gives two runs one id, also when only the settings change before admission', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    const later = { path: 'film/later.png', size: 1, crc32c: 'AAAAAA==' };
    const settings = [{ frames: '1-3', inputs: [later] }, { frames: '1-4' }, { frames: '1-5' }];
    for (const [index, value] of settings.entries()) {
      const path = 'film/sh010.render.json';
      of.scenes.put(path, JSON.stringify(value));
      await of.records.create(`commands/s${index}.json`, { kind: 'uploaded', path, generation: null });
      await pass(of, service, 2);
    }
    const runs = (await of.runs()).map(({ state, frames }) => `${state} ${frames}`).sort();
    assert.deepEqual(runs, ['queued 1-5', 'superseded 1-24', 'superseded 1-4']);
  });

  test('tells who sent a shot, and decides nothing by it', async () => {
    const of = world();
    const path = 'film/sh010.render.json';
    of.scenes.put(path, JSON.stringify({ frames: '1-3', inputs: [] }));
    of.scenes.setSender(path, 'anna@studio.example');
    await untilSubmitted(of);
    const [run] = await of.runs();
    assert.deepEqual([run?.sentBy, run?.requestedBy], ['anna@studio.example', null]);
    const status = of.records.valueAt('status.json') as StatusDocument;
    assert.equal(status.runs[0]?.requestedBy, 'anna@studio.example');
  });

  test('asks nothing of a settings file that is away for a moment, written again alike, or taken away', async () => {
    const of = world();
    const path = 'film/sh010.render.json';
    of.scenes.put(path, '{ "frames": "1-8" }');
    await untilSubmitted(of);
    of.scenes.remove(path);
    const service = of.start('two');
    await pass(of, service);
    of.scenes.put(path, '{ "frames": "1-8" }');
    await pass(of, service, 20);
    of.scenes.remove(path);
    await pass(of, service, 40);
    assert.deepEqual(
      (await of.runs()).map(({ state, frames }) => [state, frames]),
      [['queued', '1-8']],
    );
  });

  test('keeps an idle farm while the job list cannot be read', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    const [run] = await of.runs();
    await of.records.create('commands/c.json', { kind: 'cancel', runId: run?.id, by: 'me' });
    await pass(of, service, 1);
    for (const worker of await of.workers.list()) of.workers.end(worker.name, 'done');
    of.manager.failUntilHealed('transient', 'jobs');
    await pass(of, service, 60);
    assert.equal((await of.farm.look()).state, 'up');
    of.manager.heal();
    await pass(of, service, 20);
    assert.deepEqual(await of.farm.look(), { state: 'absent' });
  });

  test('submits only what is missing when the manager has forgotten everything', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    const [run] = await of.runs();
    for (let frame = 1; frame <= 12; frame += 1) putFrame(of, run?.id ?? '', frame);
    of.manager.forgetEverything();
    of.renders.failUntilHealed('transient', 'list');
    await pass(of, service, 3);
    assert.deepEqual(await of.manager.jobs(), [], 'nothing is submitted while the frames cannot be seen');
    of.renders.heal();
    await pass(of, service, 3);
    const [job] = await of.manager.jobs();
    assert.equal(framesSubmitted(of, job?.id), '13-24');
  });

  test('completes a run only when every frame is whole, this run’s own and newer than its start', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    const [run] = await of.runs();
    const [job] = await of.manager.jobs();
    for (let frame = 1; frame <= 24; frame += 1) putFrame(of, run?.id ?? '', frame);
    of.renders.put('film/sh010/v001/tablao_0007.png', PNG.slice(0, -5));
    of.renders.put('film/sh010/v001/tablao_0009.png', PNG, (run?.startedAt ?? 0) - 1);
    for (const task of of.manager.tasksOf(job?.id ?? '')) of.manager.endTask(task.id, 'completed');
    await pass(of, service, 2);
    assert.notEqual((await of.runs())[0]?.state, 'completed');
    assert.deepEqual(
      (await of.runs())[0]?.troubles.map(({ frame, attempts }) => [frame, attempts]),
      [
        [7, 1],
        [9, 1],
      ],
    );
    assert.equal((await of.runs())[0]?.proved, '1-6,8,10-24');
    putFrame(of, run?.id ?? '', 7);
    putFrame(of, run?.id ?? '', 9);
    await endAllTasks(of);
    of.scenes.failUntilHealed('transient', 'look');
    await pass(of, service, 3);
    assert.notEqual((await of.runs())[0]?.state, 'completed', 'not while the inputs cannot be compared');
    of.scenes.heal();
    await pass(of, service, 3);
    assert.equal((await of.runs())[0]?.state, 'completed');
  });

  test('takes a frame for its own though the clock of the storage is behind', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    const [run] = await of.runs();
    const [job] = await of.manager.jobs();
    for (let frame = 1; frame <= 24; frame += 1) {
      putFrame(of, run?.id ?? '', frame);
      const path = `film/sh010/v001/tablao_${String(frame).padStart(4, '0')}.png`;
      of.renders.put(path, PNG, (job?.createdAt ?? 0) - 3 * MINUTE);
    }
    await endAllTasks(of);
    await pass(of, service, 3);
    assert.equal((await of.runs())[0]?.state, 'completed');
  });

  test('gives a frame up after three attempts and delivers the others', async () => {
    const of = world();
    const service = await untilSubmitted(of);
    const [run] = await of.runs();
    for (let frame = 1; frame <= 24; frame += 1) if (frame !== 5) putFrame(of, run?.id ?? '', frame);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await endAllTasks(of);
      await pass(of, service, 2);
    }
    const [ended] = await of.runs();
    assert.equal(ended?.state, 'incomplete');
    assert.equal(ended?.proved, '1-4,6-24');
    assert.match(ended?.reason?.message ?? '', /^23 of 24 frames are there. Frame 5 failed/);
  });

  // A texture that differs from the manifest makes the next run wait for it.
  for (const [overwritten, next] of [
    ['film/sh010.blend', 'queued'],
    ['film/wood.png', 'waiting'],
  ] as const) {
    test(`loses no run and doubles no job when the service dies at any call after ${overwritten} was overwritten`, async () => {
      let hasDied = true;
      for (let calls = 1; hasDied; calls += callsApart(3)) {
        const of = world();
        of.scenes.put('film/wood.png', 'wood');
        const inputs = [await pinOf(of, 'film/wood.png', 'wood')];
        of.scenes.put('film/sh010.render.json', JSON.stringify({ inputs }));
        const service = await untilSubmitted(of);
        of.scenes.put(overwritten, CHANGED);
        const command = { kind: 'uploaded', path: overwritten, generation: null };
        await of.records.create('commands/e.json', command);
        const death = dieAfter(of, calls);
        for (let ticks = 0; ticks < 3; ticks += 1) await service.runTick('test').catch(() => {});
        hasDied = death.revive();
        await pass(of, of.start('two'), 8);
        await assertOneFollowed(of, next, `died at call ${calls}`);
      }
    });
  }
});

async function assertOneFollowed(
  of: ReturnType<typeof world>,
  next: 'queued' | 'waiting',
  when: string,
): Promise<void> {
  const runs = await of.runs();
  assert.deepEqual(runs.map(({ state }) => state).sort(), ['superseded', next].sort(), when);
  const alive = (await of.manager.jobs()).filter(({ status }) => status !== 'canceled');
  assert.equal(alive.length, next === 'queued' ? 1 : 0, when);
  const memory = of.records.valueAt('farm.json') as FarmMemory;
  const idOf = (state: string) => runs.filter((run) => run.state === state).map(({ id }) => id);
  assert.deepEqual([memory.openRuns, memory.endedRuns], [idOf(next), idOf('superseded')], when);
}

async function pinOf(of: ReturnType<typeof world>, path: string, content: string) {
  const crc32c = (await of.scenes.look(path))?.crc32c;
  return { path, size: content.length, crc32c };
}

const PNG = new Uint8Array([
  ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  ...[0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82],
]);

/** A whole frame with its record, as the kit leaves them. */
function putFrame(of: ReturnType<typeof world>, run: string, frame: number): void {
  const name = String(frame).padStart(4, '0');
  of.renders.put(`film/sh010/v001/tablao_${name}.png`, PNG);
  const record = { schema: 1, frame, run, state: 'done', attempt: 1, worker: 'w', seconds: 2 };
  of.renders.put(`film/sh010/v001/records/${name}.json`, JSON.stringify(record));
}

async function endAllTasks(of: ReturnType<typeof world>): Promise<void> {
  for (const job of await of.manager.jobs()) {
    for (const task of of.manager.tasksOf(job.id))
      if (task.status !== 'completed') of.manager.endTask(task.id, 'completed');
  }
}

function framesSubmitted(of: ReturnType<typeof world>, jobId: string | undefined): string {
  const chunks = String(of.manager.submittedAs(jobId ?? '')?.settings.chunks);
  return formatFrames(chunks.split(';').flatMap((chunk) => [...framesOf(chunk)]));
}

/** From the `calls`th moment on (before and after each port call counts) every call fails, as for a dead process. */
function dieAfter(of: ReturnType<typeof world>, calls: number): { revive(): boolean } {
  const fakes = [of.scenes, of.renders, of.records, of.lease, of.farm, of.workers, of.manager];
  let left = calls;
  const onCall = () => {
    left -= 1;
    if (left <= 0) throw new Error('the service is dead');
  };
  for (const fake of fakes) fake.onCall = onCall;
  return {
    revive: () => {
      for (const fake of fakes) fake.onCall = null;
      return left <= 0;
    },
  };
}
