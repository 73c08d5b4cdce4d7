import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeTroubles, inOrder } from '../../services/control/core/troubles.ts';

function troubleWith(log: string) {
  return [{ frame: 2, attempts: 3, message: 'it broke', log, workers: ['w'] }];
}

describe('the sentence about frames that failed', () => {
  test('ends with what Blender said, without what Flamenco says of it', () => {
    const log = [
      'pid=17 > Fra:2 Mem:9M',
      'pid=17 > tablao: cannot write to the folder of the frames: Not a directory',
      'pid=17 > ',
      'pid=17 > Blender quit',
      'Failed: command exited abnormally with code 1',
      '2026-11-24T14:46:45Z task changed status active -> failed',
    ].join('\n');
    assert.equal(
      describeTroubles(troubleWith(log)),
      'Frame 2 failed: it broke. Last log lines of frame 2: Fra:2 Mem:9M | tablao: cannot write to the folder of the frames: Not a directory',
    );
  });

  test('ends with what Flamenco said where Blender said nothing', () => {
    const log = 'one\n\n2026-11-24T14:46:45Z task changed status active -> failed\n';
    assert.match(
      describeTroubles(troubleWith(log)),
      /: one \| 2026-\S+ task changed status active -> failed$/,
    );
  });
});

describe('the troubles of a run', () => {
  test('keep the logs of the first ones only, however many frames fail alike', () => {
    const trouble = (frame: number) => ({
      frame,
      attempts: 1,
      message: 'no',
      log: 'x'.repeat(2000),
      workers: [],
    });
    const kept = inOrder(Array.from({ length: 10_000 }, (_, index) => trouble(10_000 - index)));
    assert.deepEqual([kept.length, kept[0]?.frame], [10_000, 1]);
    assert.equal(kept.filter(({ log }) => log !== '').length, 20);
    assert.match(describeTroubles(kept), /xxx/);
  });
});
