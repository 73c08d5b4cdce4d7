// What must go and cannot be deleted by us is left to the dead-man's switch.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, createWorld, HOUR, MINUTE, pass } from './world.ts';

test("the dead-man's switch of a farm that may not be seen any more is not put off for ever", async () => {
  const of = createWorld();
  await begin(of);
  const pushes = () => of.farm.callsOf('pushDeadman').length;
  const passAfter = async (ms: number) => {
    of.clock.advance(ms);
    of.farm.failNext('look', 'denied');
    of.farm.failNext('delete', 'denied');
    await pass(of);
  };
  await passAfter(MINUTE);
  const before = pushes();
  await passAfter(MINUTE);
  assert.equal(pushes(), before + 1, 'what cannot be seen for a moment may be rendering');
  await passAfter(3 * HOUR);
  const last = pushes();
  for (let count = 0; count < 3; count += 1) await passAfter(MINUTE);
  assert.equal(pushes(), last);
});
