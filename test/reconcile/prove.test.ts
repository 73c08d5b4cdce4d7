import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunRecord } from '../../services/control/core/run.ts';
import { proveFrames } from '../../services/control/reconcile/prove.ts';
import { FakeRenders } from '../fakes/fake-buckets.ts';
import { FakeClock } from '../fakes/fake-clock.ts';

const FOLDER = 'film/sh010/v001';
const PNG = new Uint8Array([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
const STARTED = 1_000_000;

const run = {
  id: 'r1',
  shot: 'film/sh010',
  version: 1,
  startedAt: STARTED,
  output: { pattern: 'pic_####', extension: '.png', views: ['_L', '_R'] },
} as unknown as RunRecord;

function record(over: object = {}): string {
  const files = ['pic_0001_L.png', 'pic_0001_R.png', 'outputs/Extra/mask0001.png'];
  return JSON.stringify({
    schema: 1,
    frame: 1,
    run: 'r1',
    state: 'done',
    attempt: 1,
    worker: 'w',
    files: files.map((path) => ({ path, bytes: PNG.length })),
    warnings: [],
    ...over,
  });
}

/** Frame 1 with both views, what a File Output node wrote, and its record. */
function delivered(): FakeRenders {
  const clock = new FakeClock();
  const renders = new FakeRenders({ clock });
  for (const path of ['pic_0001_L.png', 'pic_0001_R.png', 'outputs/Extra/mask0001.png'])
    renders.put(`${FOLDER}/${path}`, PNG, STARTED + 1);
  renders.put(`${FOLDER}/records/0001.json`, record(), STARTED + 1);
  return renders;
}

async function verdictOf(renders: FakeRenders): Promise<string> {
  const { verdicts } = await proveFrames(renders, run, [1]);
  const [one] = verdicts;
  return one === undefined ? 'none' : `${one.verdict}: ${one.message}`;
}

describe('the proof of a frame', () => {
  test('is given when every view and every recorded file is there, new and whole', async () => {
    assert.equal(await verdictOf(delivered()), 'proved: ');
  });

  const faults: readonly [string, (renders: FakeRenders) => void, string][] = [
    [
      'one view is not there',
      (renders) => renders.remove(`${FOLDER}/pic_0001_R.png`),
      'missing: pic_0001_R.png is not there',
    ],
    [
      'the view that is not there is not in the record either',
      (renders) => {
        renders.remove(`${FOLDER}/pic_0001_R.png`);
        renders.put(`${FOLDER}/records/0001.json`, record({ files: [] }), STARTED + 1);
      },
      'missing: pic_0001_R.png is not there',
    ],
    [
      'what a File Output node wrote is gone',
      (renders) => renders.remove(`${FOLDER}/outputs/Extra/mask0001.png`),
      'missing: outputs/Extra/mask0001.png is not there',
    ],
    [
      'what a File Output node wrote is cut short',
      (renders) => renders.put(`${FOLDER}/outputs/Extra/mask0001.png`, PNG.slice(1), STARTED + 1),
      'broken: outputs/Extra/mask0001.png is cut short (11 of 12 bytes)',
    ],
    [
      'a file does not end as its format does',
      (renders) => renders.put(`${FOLDER}/pic_0001_L.png`, new Uint8Array(12), STARTED + 1),
      'broken: pic_0001_L.png is cut short: it does not end as a PNG file does',
    ],
    [
      'a file is older than the run',
      (renders) => renders.put(`${FOLDER}/pic_0001_L.png`, PNG, STARTED - 1),
      'missing: pic_0001_L.png is older than the run',
    ],
    [
      'the record complains, although the files are there',
      (renders) =>
        renders.put(`${FOLDER}/records/0001.json`, record({ state: 'failed', error: 'out of memory' })),
      'broken: out of memory',
    ],
    [
      'a worker of an earlier run of the same version overwrote it',
      (renders) => renders.put(`${FOLDER}/records/0001.json`, record({ run: 'r0' }), STARTED + 2),
      'missing: its files were made by another run (r0)',
    ],
    [
      'nobody recorded that it was rendered',
      (renders) => renders.remove(`${FOLDER}/records/0001.json`),
      'missing: its files are there, but no record of who made them',
    ],
    [
      'another run complained, and a file is missing',
      (renders) => {
        renders.put(`${FOLDER}/records/0001.json`, record({ run: 'r0', state: 'failed', error: 'old' }));
        renders.remove(`${FOLDER}/pic_0001_R.png`);
      },
      'missing: pic_0001_R.png is not there',
    ],
    [
      'the record says that it was begun, and no more',
      (renders) => renders.put(`${FOLDER}/records/0001.json`, record({ state: 'rendering' })),
      'broken: its render was begun and never ended',
    ],
  ];
  for (const [name, spoil, verdict] of faults) {
    test(`is refused when ${name}`, async () => {
      const renders = delivered();
      spoil(renders);
      assert.equal(await verdictOf(renders), verdict);
    });
  }

  test('takes one small read a file', async () => {
    const renders = delivered();
    await proveFrames(renders, run, [1]);
    assert.equal(renders.callsOf('read').length, 4);
  });
});
