import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogChunker } from '../../services/flamenco-lite/worker/log-chunker.ts';

test('the last lines of a program that says nothing more are handed over all the same', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const sent: string[] = [];
  const send = async (text: string) => void sent.push(text);
  const chunker = createLogChunker({ flushAfterMs: 30_000, now: Date.now, send });
  await chunker.append('frame 3');
  await chunker.append('and then it hung');
  t.mock.timers.tick(29_999);
  assert.deepEqual(sent, []);
  t.mock.timers.tick(1);
  assert.deepEqual(sent, ['frame 3\nand then it hung\n']);
});
