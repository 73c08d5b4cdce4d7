// The idle time of a farm goes on while something cannot be read now and then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, createWorld, HOUR, MINUTE, pass, run, workOff } from './world.ts';

test('an idle farm goes after its idle time, although the job list cannot be read every fifth time', async () => {
  const of = createWorld();
  await begin(of);
  await workOff(of);
  assert.equal((await run(of)).state, 'completed');
  const endedAt = of.clock.now();
  for (let count = 1; (await of.farm.look()).state !== 'absent'; count += 1) {
    assert.ok(of.clock.now() - endedAt < HOUR, 'it is still up after an hour');
    if (count % 5 === 0) of.manager.failNext('jobs', 'transient');
    await pass(of);
  }
  assert.ok(of.clock.now() - endedAt < 25 * MINUTE, `${(of.clock.now() - endedAt) / MINUTE} minutes`);
});
