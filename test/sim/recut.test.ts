import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Policy } from '../../services/control/core/model.ts';
import { isFinal } from '../../services/control/core/run.ts';
import { PortError } from '../../services/control/ports/errors.ts';
import { POOL } from '../reconcile/world.ts';
import type { Call, Gate } from './service.ts';
import type { ShotPhysics } from './shots.ts';
import {
  createSimWorld,
  runsOf,
  runToEnd,
  type SimWorld,
  startService,
  USUAL_CLOUD,
  upload,
} from './world.ts';

const SECONDS = 10;
const FRAMES = 160;
const STEADY = { ...USUAL_CLOUD, preemptionsPerHour: 0 };

/** A shot that loads for nine times as long as one of its frames takes; how often each picture was made. */
function start(
  options: {
    readonly gate?: (world: SimWorld) => Gate;
    readonly settings?: object;
    readonly seconds?: number;
    readonly loadSeconds?: number;
    readonly policy?: Partial<Policy>;
    readonly fateOf?: ShotPhysics['fateOf'];
  } = {},
) {
  const { seconds = SECONDS, loadSeconds = 90, policy = {} } = options;
  const world = createSimWorld({
    seed: 3,
    cloud: STEADY,
    policy: { idleTeardownMs: 0, checkFirst: 'never', ...policy },
  });
  const made = new Map<string, number>();
  const onPicture = (path: string) => made.set(path, (made.get(path) ?? 0) + 1);
  const gate = options.gate?.(world);
  startService(world, { skipsStill: true, ...(gate === undefined ? {} : { gate }) });
  const { fateOf = () => 'done' as const } = options;
  const shot = { loadSeconds, memoryGiB: 4, secondsOf: () => seconds, onPicture, fateOf };
  upload(world, 'film/s1', shot, { frames: `1-${FRAMES}`, ...options.settings });
  return { world, made };
}

const jobsOf = ({ manager }: SimWorld) => [...manager.farm.jobs.values()];
const chunksOf = ({ settings }: { readonly settings: Readonly<Record<string, unknown>> }) =>
  String(settings.chunks).split(';').length;

/** Completed, each frame made once, and no worker was stopped in one. */
function assertWhole({ world, made }: ReturnType<typeof start>): void {
  const [run] = runsOf(world);
  assert.deepEqual([run?.state, run?.proved, run?.stopping], ['completed', `1-${FRAMES}`, null]);
  assert.equal(made.size, FRAMES);
  assert.deepEqual(new Set(made.values()), new Set([1]));
  assert.equal(world.tally.killedByUs, 0);
}

describe('a shot that loads for longer than its tasks render', () => {
  it('goes on with fewer and larger tasks once that is known, and no frame is made twice', async () => {
    const begun = start();
    let jobs: ReturnType<typeof jobsOf> = [];
    let blamed = 0;
    await begun.world.clock.run(begun.world.clock.now() + 2 * 3_600_000, () => {
      jobs = jobsOf(begun.world);
      blamed = Math.max(blamed, runsOf(begun.world)[0]?.troubles.length ?? 0);
      return runsOf(begun.world).some(({ state }) => isFinal(state));
    });
    const [first, second] = jobs;
    assert.ok(first !== undefined && second !== undefined && jobs.length === 2);
    assert.equal(first.status, 'canceled');
    assert.equal(blamed, 0, 'frames that were not begun are no failed attempts');
    const doneInFirst = first.tasks.filter(({ status }) => status === 'completed').length;
    assert.ok(chunksOf(second) * 2 < chunksOf(first) - doneInFirst);
    await runToEnd(begun.world, 3);
    assertWhole(begun);
  });

  it('goes on as it was when its first frames turn out to take long', async () => {
    const asked: unknown[] = [];
    const gate = () => async (call: Call, act: () => Promise<unknown>) => {
      if (call.method === 'setJobStatus') asked.push(call.args[1]);
      return act();
    };
    const begun = start({ gate, seconds: 600, loadSeconds: 300 });
    await runToEnd(begun.world, 12);
    assertWhole(begun);
    assert.deepEqual([asked, runsOf(begun.world)[0]?.round], [['pause-requested', 'requeueing'], 1]);
  });

  it('keeps its workers for the next job', async () => {
    let waiting = 0;
    const begun = start({
      gate: (world) => async (call, act) => {
        if (call.method === 'submit' && round(call.args[0]) === 2) {
          const rows = await world.manager.workers();
          waiting = rows.filter(({ status, isDraining }) => status === 'awake' && !isDraining).length;
        }
        return act();
      },
    });
    await runToEnd(begun.world, 3);
    const tasks = (jobsOf(begun.world)[1]?.tasks.length ?? 0) - 1;
    assert.ok(waiting >= 5, `${waiting} waited for ${tasks} tasks`);
  });

  it('is not taken for one that a person has cancelled when something else stops it meanwhile', async () => {
    let wasSpent = false;
    const begun = start({
      gate: (world) => async (call, act) => {
        const policy = world.policy as { monthlyBudgetDollars: number | null };
        // What was rendered cannot be looked at in that time.
        if (policy.monthlyBudgetDollars !== null && call.port === 'renders')
          throw new PortError('transient', 'looking');
        if (call.args[1] === 'cancel-requested' && !wasSpent) {
          wasSpent = true;
          policy.monthlyBudgetDollars = 0.0001;
          world.clock.at(world.clock.now() + 20_000, () => {
            policy.monthlyBudgetDollars = null;
          });
        }
        return act();
      },
    });
    await runToEnd(begun.world, 4);
    assert.ok(wasSpent);
    assertWhole(begun);
  });

  it('ends its first job again when a person sets that going beside the next one, and stops nobody in a frame', async () => {
    const { world, made } = start();
    const hasNext = () => runsOf(world).some(({ round, jobId }) => round === 2 && jobId !== null);
    assert.ok(await world.clock.run(world.clock.now() + 3_600_000, hasNext));
    const [first] = jobsOf(world);
    await world.manager.setJobStatus(first?.id ?? '', 'requeueing', 'by hand');
    const isEnded = () => first?.status === 'canceled';
    assert.ok(await world.clock.run(world.clock.now() + 300_000, isEnded), first?.status);
    await runToEnd(world, 3);
    assert.deepEqual([runsOf(world)[0]?.state, made.size], ['completed', FRAMES]);
    assert.equal(world.tally.killedByUs, 0);
  });

  for (const [when, status] of [
    ['while its running tasks are waited for', 'pause-requested'],
    ['when its job has just been ended', 'canceled'],
  ])
    it(`goes on when the manager is lost with its memory ${when}`, async () => {
      const { world, made } = start();
      const isThere = () => jobsOf(world)[0]?.status === status;
      assert.ok(await world.clock.run(world.clock.now() + 3_600_000, isThere));
      world.cluster.loseManager({ keepsMemory: false });
      await runToEnd(world, 3);
      assert.deepEqual([runsOf(world)[0]?.state, made.size], ['completed', FRAMES]);
      assert.equal(world.tally.killedByUs, 0);
    });

  it('keeps the tasks that a person or a deadline has asked for', async () => {
    const finishBy = (world: SimWorld) => new Date(world.clock.now() + 6 * 3_600_000).toISOString();
    const soon = createSimWorld({ seed: 3 });
    for (const settings of [{ chunkSize: 2 }, { finishBy: finishBy(soon) }]) {
      const begun = start({ settings });
      await runToEnd(begun.world, 6);
      assertWhole(begun);
      assert.equal(runsOf(begun.world)[0]?.round, 1);
    }
  });

  it('shows its scouts as they were cut: they are tasks of one frame in any case', async () => {
    const pools = [{ ...POOL, name: 'cpu', max: 1, bootSeconds: 150, memoryGiB: 52 }] as const;
    const { world } = start({ settings: { hold: true }, policy: { pools, valueOfTimePerHour: 0 } });
    const isShown = () => runsOf(world)[0]?.scouts === 'shown';
    assert.ok(await world.clock.run(world.clock.now() + 3 * 3_600_000, isShown));
    assert.deepEqual([runsOf(world)[0]?.proved, jobsOf(world).length], ['1,80,160', 1]);
  });

  it('is over when a person cancels its job in Flamenco while its running tasks are waited for', async () => {
    const begun = start();
    const { world } = begun;
    const isWaitedFor = () => {
      const [job] = jobsOf(world);
      const [run] = runsOf(world);
      const active = job?.tasks.filter(({ id, status }) => status === 'active' && run?.standstill[id]) ?? [];
      return run?.stopping?.code === 'recut' && job?.status === 'pause-requested' && active.length > 0;
    };
    assert.ok(await world.clock.run(world.clock.now() + 3_600_000, isWaitedFor));
    await world.manager.setJobStatus(jobsOf(world)[0]?.id ?? '', 'cancel-requested', 'by hand');
    await runToEnd(world, 3);
    const [run] = runsOf(world);
    assert.deepEqual([run?.state, run?.round], ['cancelled', 1]);
    assert.ok(begun.made.size < FRAMES / 4);
  });

  it('stays paused when a person has paused its job in Flamenco before', async () => {
    const begun = start();
    const { world } = begun;
    const isBegun = () => jobsOf(world).some(({ tasks }) => tasks.some(({ status }) => status === 'active'));
    assert.ok(await world.clock.run(world.clock.now() + 3_600_000, isBegun));
    const [job] = jobsOf(world);
    await world.manager.setJobStatus(job?.id ?? '', 'pause-requested', 'by hand');
    await world.clock.run(world.clock.now() + 3_600_000);
    const [run] = runsOf(world);
    assert.deepEqual([run?.reason?.code, run?.round, jobsOf(world).length], ['pausedElsewhere', 1, 1]);
    await world.manager.setJobStatus(job?.id ?? '', 'requeueing', 'by hand');
    await runToEnd(world, 3);
    assertWhole(begun);
  });

  const changes: readonly [string, (call: Call) => boolean][] = [
    ['its job is paused', ({ args }) => args[1] === 'pause-requested'],
    ['its job is ended', ({ args }) => args[1] === 'cancel-requested'],
    ['its next job is submitted', ({ method, args }) => method === 'submit' && round(args[0]) === 2],
  ];
  for (const [what, isIt] of changes)
    for (const when of ['before', 'after'])
      it(`goes on when the service dies just ${when} ${what}`, async () => {
        let died = 0;
        const begun = start({
          gate: (world) => async (call, act) => {
            if (died > 0 || !isIt(call)) return act();
            died += 1;
            if (when === 'after') await act();
            world.services[0]?.kill();
            world.clock.resumeAt(
              world.clock.now() + 90_000,
              () => void startService(world, { skipsStill: true }),
            );
            return new Promise(() => {});
          },
        });
        await runToEnd(begun.world, 3);
        assert.equal(died, 1);
        assertWhole(begun);
      });
});

describe('a job of few tasks', () => {
  it('that Flamenco ends because one of them failed is no failed attempt at the frames of the others', async () => {
    const fateOf = (frame: number, attempt: number) => (frame === 3 && attempt === 1 ? 'fails' : 'done');
    const begun = start({ settings: { chunkSize: 20 }, loadSeconds: 1, fateOf });
    const { world } = begun;
    assert.ok(await world.clock.run(world.clock.now() + 3_600_000, () => runsOf(world)[0]?.round === 2));
    const [first] = jobsOf(world);
    const cutOff =
      first?.tasks.filter(({ status, workerId }) => status === 'canceled' && workerId !== null) ?? [];
    assert.ok(first?.status === 'failed' && cutOff.length > 1);
    assert.deepEqual(
      runsOf(world)[0]?.troubles.map(({ frame }) => frame),
      [3],
    );
    await runToEnd(world, 3);
    assertWhole(begun);
  });
});

function round(job: unknown): number {
  return (job as { readonly round: number }).round;
}
