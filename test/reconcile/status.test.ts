import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { withinSize } from '../../services/control/reconcile/status-size.ts';
import { begin, command, createWorld, MINUTE, pass, SAMPLE, takeTasks, upload, type World } from './world.ts';

function statusOf(of: World): StatusDocument {
  return of.records.valueAt('status.json') as StatusDocument;
}

function bytesOf(status: StatusDocument): number {
  return Buffer.byteLength(`${JSON.stringify(status, null, 2)}\n`);
}

describe('the status', () => {
  test('has at most 64 KiB, says how much it leaves out, and keeps the newest', async () => {
    const of = createWorld();
    for (let shot = 0; shot < 120; shot += 1) of.scenes.put(`film/${'ä'.repeat(60)}${shot}.blend`, SAMPLE);
    await pass(of, 3);
    const status = statusOf(of);
    assert.ok(bytesOf(status) <= 64 * 1024, `${bytesOf(status)} bytes`);
    assert.ok(status.runs.length > 20, `${status.runs.length} runs`);
    const left = 120 - status.runs.length;
    assert.ok(status.sentence.endsWith(` ${left} more runs are not shown here.`), status.sentence);
    assert.equal(status.decisions.length, 20);
  });

  test('has room for its runs whatever is said of the farm', async () => {
    const of = createWorld({ idleTeardownMs: 0 });
    await upload(of);
    await pass(of, 4);
    of.farm.setLeftovers(Array.from({ length: 3000 }, (_, index) => `disk gke-tablao-pvc-${index}`));
    await command(of, { kind: 'cancel', runId: statusOf(of).runs[0]?.id });
    await pass(of, 6);
    const status = statusOf(of);
    assert.ok(bytesOf(status) <= 64 * 1024, `${bytesOf(status)} bytes`);
    assert.equal(status.runs.length, 1);
    assert.deepEqual(status.leftovers?.slice(-2), ['disk gke-tablao-pvc-99', 'and 2900 more']);
  });

  test('leaves nothing out that has room', async () => {
    const of = createWorld();
    await upload(of);
    await pass(of, 3);
    const status = statusOf(of);
    assert.equal(status.runs.length, 1);
    assert.doesNotMatch(status.sentence, /not shown/);
  });

  test('is cut at 64 KiB and not a byte before, also where most of it is decisions', async () => {
    const of = createWorld();
    await upload(of);
    await pass(of, 3);
    const decision = (reason: string) => ({ at: '2026-11-24T09:00:00.000Z', what: 'order', reason });
    const most = Array.from({ length: 73 }, () => decision('ä'.repeat(390)));
    const filled = (last: number): StatusDocument => ({
      ...statusOf(of),
      decisions: [...most, decision('x'.repeat(last))],
    });
    const room = 64 * 1024 - bytesOf(filled(0));
    assert.ok(room > 0 && room < 1000, `${room} bytes`);
    const whole = filled(room);
    for (const look of ['first', 'second']) assert.deepEqual(withinSize(whole), whole, look);
    assert.equal(withinSize(filled(room + 1)).decisions.length, 20);
  });

  test('does not say that no farm is running while a person keeps one up', async () => {
    const of = createWorld();
    await command(of, { kind: 'wake', minutes: 60 });
    await pass(of, 10);
    assert.equal(statusOf(of).farm.stage, 'ready');
    assert.match(
      statusOf(of).sentence,
      /^Nothing to render; the farm is kept up, as a person asked, until 2026/,
    );
  });

  test('tells of workers that cannot be seen what was told of them last', async () => {
    const of = createWorld();
    await begin(of, { chunkSize: 1, video: false });
    const seen = async (): Promise<unknown> => {
      await pass(of);
      const { sentence, pools } = statusOf(of);
      return [sentence, pools.map(({ booting, busy, idle, draining }) => [booting, busy, idle, draining])];
    };
    await takeTasks(of);
    const told = ['Rendering 1 shot on 4 workers.', [[0, 4, 0, 0]]];
    assert.deepEqual(await seen(), told);
    of.manager.failUntilHealed('transient', 'tasks');
    assert.deepEqual(await seen(), told, 'no tasks');
    of.manager.failUntilHealed('transient', 'workers');
    assert.deepEqual(await seen(), told, 'none that Flamenco knows');
    of.workers.end('p-1', 'preempted');
    assert.deepEqual(await seen(), ['Rendering 1 shot on 3 workers.', [[0, 3, 0, 0]]], 'one is gone');
    of.workers.failUntilHealed('transient', 'list');
    assert.deepEqual(await seen(), ['Rendering 1 shot on 3 workers.', [[0, 3, 0, 0]]], 'none at all');
  });

  test('tells of tasks that cannot be seen what was told of them last, and that they cannot be seen', async () => {
    const of = createWorld();
    await begin(of, { chunkSize: 1, video: false });
    const seen = async (): Promise<unknown> => {
      await pass(of);
      const [run] = statusOf(of).runs;
      return [run?.frames.active, run?.reason?.code];
    };
    await takeTasks(of);
    assert.deepEqual(await seen(), [4, undefined]);
    of.manager.failUntilHealed('transient', 'tasks');
    assert.deepEqual(await seen(), [4, 'noManager'], 'no tasks');
    of.manager.failUntilHealed('transient', 'jobs');
    assert.deepEqual(await seen(), [4, 'noManager'], 'no jobs');
    of.workers.end('p-1', 'preempted');
    assert.deepEqual(await seen(), [3, 'noManager'], 'one worker less');
    of.workers.failUntilHealed('transient', 'list');
    assert.deepEqual(await seen(), [3, 'noManager'], 'no workers');
  });

  test('says that the manager does not answer, and what of frames in hand where there may be any', async () => {
    const of = createWorld();
    const said = () => statusOf(of).runs[0]?.reason?.message;
    of.farm.failUntilHealed('transient', 'install');
    await upload(of, { video: false });
    await pass(of, 8);
    assert.match(said() ?? '', /^Flamenco Manager does not answer yet \(.*\)\.$/);
    of.farm.heal();
    await pass(of, 4);
    await takeTasks(of);
    of.farm.failUntilHealed('transient', 'install');
    of.farm.loseManager();
    await pass(of);
    assert.match(
      said() ?? '',
      /^Flamenco Manager does not answer yet.*\. Frames that workers have in hand go on\.$/,
    );
  });

  test('says what is waited for while nobody renders', async () => {
    const of = createWorld({ droughtMs: 5 * MINUTE });
    await upload(of, { video: false });
    await pass(of, 3);
    assert.equal(statusOf(of).sentence, 'Getting the farm ready for 1 shot.');
    await pass(of, 9);
    await takeTasks(of);
    await pass(of);
    of.workers.without.set(null, 'FailedScaleUp: GCE out of resources');
    for (const { name } of await of.workers.list()) of.workers.end(name, 'preempted');
    await pass(of, 2);
    assert.match(statusOf(of).sentence, /^1 shot waits for \d workers? to boot\.$/);
    for (let passes = 0; statusOf(of).farm.stage !== 'absent' && passes < 30; passes += 1) await pass(of);
    assert.match(
      statusOf(of).sentence,
      /^1 shot waits for a farm\. No machine was to be had .*; tried again at \d\d:\d\d UTC\.$/,
    );
  });
});
