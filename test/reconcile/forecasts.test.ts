import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunStatus, StatusDocument } from '../../services/control/core/status-document.ts';
import {
  begin,
  command,
  createWorld,
  endTasks,
  HOUR,
  pass,
  run,
  takeTasks,
  type World,
  workOff,
} from './world.ts';

const settings = { chunkSize: 1, video: false };

function told(of: World): RunStatus {
  const [first] = (of.records.valueAt('status.json') as StatusDocument).runs;
  if (first === undefined) throw new Error('no run is told of');
  return first;
}

describe('the dollars of a run', () => {
  test('are no band while nothing is known, the forecast while nobody works, and what it cost once it has ended', async () => {
    const of = createWorld();
    await begin(of, settings);
    const { soFar, ...unknown } = told(of).dollars;
    assert.deepEqual(unknown, { p10: null, p50: null, p90: null });
    assert.equal(soFar, (await run(of)).dollars);
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 3600 });
    await pass(of);
    const { dollars } = told(of);
    // 20 frames are left of 24, an hour each, on 4 workers at $0.20 and a farm at $0.20; loading and release are a little more.
    const rest = 20 * 0.2 + (20 / 4) * 0.2;
    const forecast = (dollars.p50 ?? 0) - dollars.soFar;
    assert.ok(forecast > rest && forecast < rest * 1.05, JSON.stringify(dollars));
    assert.ok((dollars.p10 ?? 0) <= (dollars.p50 ?? 0) && (dollars.p50 ?? 0) <= (dollars.p90 ?? 0));
    await workOff(of, 3600);
    const end = told(of).dollars;
    assert.deepEqual(end, { soFar: end.soFar, p10: end.soFar, p50: end.soFar, p90: end.soFar });
  });
});

describe('a deadline that has passed', () => {
  test('is said in a sentence, with an estimate or without, and not of a run that was cancelled', async () => {
    const of = createWorld();
    await begin(of, { ...settings, finishBy: new Date(of.clock.now() - HOUR).toISOString() });
    assert.match((await run(of)).warnings[0] ?? '', /^finishBy passed 1 h \d+ min ago\.$/);
    await takeTasks(of);
    await pass(of);
    await endTasks(of, { seconds: 600 });
    await pass(of);
    assert.match((await run(of)).warnings[0] ?? '', /^finishBy passed 1 h \d+ min ago; about \d+ min are/);
    assert.equal((await run(of)).warnings.length, 1);
    await command(of, { kind: 'cancel', runId: (await run(of)).id });
    await pass(of);
    assert.deepEqual([(await run(of)).state, (await run(of)).warnings], ['cancelled', []]);
  });
});
