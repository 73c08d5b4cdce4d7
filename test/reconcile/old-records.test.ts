import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  begin,
  command,
  createWorld,
  endTasks,
  pass,
  restart,
  run,
  takeTasks,
  type World,
  workOff,
} from './world.ts';

type Json = Record<string, unknown>;

/** The record as a version wrote it that did not know these fields. */
async function without(
  of: World,
  name: string,
  partsOf: (value: Json) => readonly Json[],
  fields: readonly string[],
) {
  const value = structuredClone(of.records.valueAt(name)) as Json;
  for (const part of partsOf(value)) for (const field of fields) delete part[field];
  await of.records.overwrite(name, value);
}

test('records of an earlier version, in the middle of a run, are gone on with', async () => {
  const of = createWorld();
  await begin(of, { chunkSize: 1, video: false });
  await takeTasks(of);
  await pass(of);
  await endTasks(of, { isBad: (frame) => frame === 1 || frame === 9 });
  await pass(of);
  const { id, troubles } = await run(of);
  assert.equal(troubles.length, 2);
  await without(of, `runs/${id}.json`, (value) => [value], ['costs', 'isPaid', 'barren', 'counted']);
  await without(of, `runs/${id}.json`, (value) => value.troubles as Json[], ['workers']);
  await without(of, 'shots.json', (value) => Object.values(value) as Json[], ['commands', 'completed']);
  await without(of, 'farm.json', (value) => [value], ['costs', 'strangers', 'variants', 'setback']);
  await without(of, 'farm.json', ({ ledger }) => [ledger as Json], ['meters', 'payers', 'unshared']);
  await of.records.overwrite('status.json', { schema: 1 });
  restart(of, 'two');
  await pass(of);
  await workOff(of);
  assert.equal((await run(of)).state, 'completed');
  assert.ok(Number.isFinite((await run(of)).dollars));
  await command(of, { kind: 'again', runId: id, settings: { samples: 2 } });
  await pass(of);
  assert.notEqual((await run(of)).id, id);
});
