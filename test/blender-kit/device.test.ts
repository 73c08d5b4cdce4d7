import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeShots, newDir, noBlender, plan, readRecord, run } from './kit.ts';

describe('where Cycles computes, in a real Blender', { skip: noBlender() }, () => {
  let shots = '';
  const dirs: string[] = [];
  before(() => {
    shots = makeShots();
  });
  after(() => {
    for (const dir of [shots, ...dirs]) rmSync(dir, { recursive: true, force: true });
  });

  /** The record of a frame that was to be rendered there. */
  const recordOn = (device: string) => {
    const dir = newDir();
    dirs.push(dir);
    const shot = join(shots, 'plain.blend');
    run({ script: 'render.py', shot, renderDir: dir, chunk: '1', plan: plan({ device }) });
    return readRecord(dir, 1);
  };

  for (const type of ['optix', 'cuda'])
    it(`a type of GPU that a pool was bought for is used, or the frame fails at once: ${type}`, () => {
      const { state, device, error, errorCode } = recordOn(type);
      if (state === 'done') assert.equal(device, type.toUpperCase());
      else assert.deepEqual([state, errorCode], ['failed', 'gpuMissing']);
      if (state !== 'done')
        assert.match(error, new RegExp(`A GPU of the type ${type.toUpperCase()} was asked`));
    });

  it('`auto` leaves a shot whose author chose the processor there', () => {
    assert.deepEqual([recordOn('auto').state, recordOn('auto').device], ['done', 'CPU']);
  });
});
