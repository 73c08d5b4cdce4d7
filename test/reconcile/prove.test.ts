import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunRecord } from '../../services/control/core/run.ts';
import type { ObjectSeen } from '../../services/control/ports/buckets.ts';
import { createProofLook } from '../../services/control/reconcile/prove.ts';
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

function bucket(): FakeRenders {
  return new FakeRenders({ clock: new FakeClock() });
}

/** Frame 1 with both views, what a File Output node wrote, and its record. */
function delivered<R extends FakeRenders>(renders: R): R {
  for (const path of ['pic_0001_L.png', 'pic_0001_R.png', 'outputs/Extra/mask0001.png'])
    renders.put(`${FOLDER}/${path}`, PNG, STARTED + 1);
  renders.put(`${FOLDER}/records/0001.json`, record(), STARTED + 1);
  return renders;
}

/** These frames, of tasks that have ended. */
function asked(open: readonly number[]) {
  return { open, expected: new Set(open), proved: [] };
}

async function verdictOf(renders: FakeRenders): Promise<string> {
  const { verdicts } = await createProofLook(renders).look(run, asked([1]));
  const [one] = verdicts;
  return one === undefined ? 'none' : `${one.verdict}: ${one.message}`;
}

describe('the proof of a frame', () => {
  test('is given when every view and every recorded file is there, new and whole', async () => {
    assert.equal(await verdictOf(delivered(bucket())), 'proved: ');
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
      const renders = delivered(bucket());
      spoil(renders);
      assert.equal(await verdictOf(renders), verdict);
    });
  }

  test('takes one small read a file', async () => {
    const renders = delivered(bucket());
    await createProofLook(renders).look(run, asked([1]));
    assert.equal(renders.callsOf('read').length, 4);
  });
});

/** Answers as the bucket does, but the next listing lacks these. */
class Forgetful extends FakeRenders {
  hidden: readonly string[] = [];

  override async list(prefix: string): Promise<readonly ObjectSeen[]> {
    const { hidden } = this;
    this.hidden = [];
    return (await super.list(prefix)).filter(({ path }) => !hidden.some((one) => path.endsWith(one)));
  }
}

describe('a listing that lacks what is there', () => {
  const cases: readonly [string, readonly string[], string][] = [
    ['a file', ['pic_0001_R.png'], 'unknown: pic_0001_R.png was not listed, and is there'],
    ['the record', ['0001.json'], 'proved: '],
    ['everything', [''], 'unknown: pic_0001_L.png was not listed, and is there'],
  ];
  for (const [what, hidden, verdict] of cases)
    test(`counts against no frame: ${what}`, async () => {
      const renders = delivered(new Forgetful({ clock: new FakeClock() }));
      renders.hidden = hidden;
      assert.equal(await verdictOf(renders), verdict);
      assert.equal(await verdictOf(renders), 'proved: ');
    });

  test('takes no frame away that was proved; one that is gone is missing', async () => {
    const renders = delivered(new Forgetful({ clock: new FakeClock() }));
    const { look } = createProofLook(renders);
    const again = async () => {
      const { verdicts, isWhole } = await look(run, { open: [], expected: new Set(), proved: [1] });
      return [...verdicts.map(({ verdict }) => verdict), isWhole];
    };
    renders.hidden = ['pic_0001_L.png'];
    assert.deepEqual(await again(), ['unknown', false]);
    assert.deepEqual(await again(), [true]);
    renders.remove(`${FOLDER}/pic_0001_L.png`);
    assert.deepEqual(await again(), ['missing', true]);
  });

  test('costs no read for frames that nobody has begun', async () => {
    const renders = delivered(bucket());
    const open = Array.from({ length: 5000 }, (_, index) => index + 2);
    const { isWhole } = await createProofLook(renders).look(run, { open, expected: new Set(), proved: [] });
    assert.deepEqual([isWhole, renders.callsOf('read').length], [true, 0]);
  });
});

describe('more frames than a pass reads', () => {
  test('are not missing by what was not read, when they are expected afterwards', async () => {
    const renders = delivered(bucket());
    const { look } = createProofLook(renders);
    const open = Array.from({ length: 450 }, (_, index) => index + 2);
    await look(run, { open, expected: new Set(), proved: [] });
    const { verdicts, isWhole } = await look(run, asked(open));
    assert.deepEqual([verdicts.length, isWhole], [200, false]);
  });

  test('all have a verdict after a few, however many are broken', async () => {
    const renders = delivered(bucket());
    const open = Array.from({ length: 450 }, (_, index) => index + 1);
    const breakFrame = (frame: number, error: string) => {
      const name = String(frame).padStart(4, '0');
      const text = record({ frame, state: 'failed', error });
      renders.put(`${FOLDER}/records/${name}.json`, text, STARTED + 1);
    };
    for (const frame of open) breakFrame(frame, 'it broke');
    const { look } = createProofLook(renders);
    const counts = [];
    for (let pass = 1; pass <= 3; pass += 1) {
      const { verdicts, isWhole } = await look(run, asked(open));
      counts.push([verdicts.length, isWhole]);
    }
    assert.deepEqual(counts, [
      [200, false],
      [400, false],
      [450, true],
    ]);
    // The last one: what was read before would be told of it, were it not written anew.
    breakFrame(450, 'it broke once more');
    const last = (await look(run, asked(open))).verdicts.at(-1);
    assert.equal(last?.message, 'it broke once more');
  });
});
