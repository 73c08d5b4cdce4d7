// verify with the real gcloud on stand-ins; the service is played.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { googleWorld, PROJECT, REGION } from './google-world.ts';
import { commandsIn, gcloudAbsent, runScript } from './scripts.ts';

const AT = ['--project', PROJECT, '--region', REGION, '--max-dollars', '2'];
const JOBS = ['tablao-tick', 'tablao-deadman'].map((id) => ({
  ...{
    name: `projects/${PROJECT}/locations/${REGION}/jobs/${id}`,
    schedule: '* * * * *',
    timeZone: 'Etc/UTC',
  },
  httpTarget: { uri: 'https://x.example/', httpMethod: 'POST' },
  state: id === 'tablao-tick' ? 'ENABLED' : 'PAUSED',
}));
const bucket = (name: string) => `${PROJECT}-tablao-${name}`;

/** What the service says, one after the other: stage of the farm, state of the run, workers at work. */
type Step = readonly [stage: string, state: string, busy: number];
const WELL: readonly Step[] = [
  ['creating', 'queued', 0],
  ['ready', 'queued', 0],
  ['ready', 'rendering', 1],
  ['letting-go', 'completed', 0],
  ['deleting', 'completed', 0],
  ['absent', 'completed', 0],
];

/** Not the usual ones. */
const POOLS = [
  {
    ...{ name: 'big', machineType: 'n2d-standard-32', vcpu: 32, memoryGiB: 128, max: 4 },
    ...{ spotPricePerHour: 0.5, onDemandPricePerHour: 1.3 },
    fallbacks: [{ machineType: 'n2-standard-32', vcpu: 32, memoryGiB: 128, spotPricePerHour: 0.5 }],
  },
  {
    ...{ name: 'gpu', machineType: 'g2-standard-8', vcpu: 8, memoryGiB: 32, max: 1, device: 'optix' },
    ...{ gpu: { type: 'nvidia-l4', count: 1 }, spotPricePerHour: 0.405 },
    fallbacks: [
      {
        ...{ machineType: 'n1-standard-8', vcpu: 8, memoryGiB: 30, spotPricePerHour: 0.2 },
        gpu: { type: 'nvidia-tesla-t4', count: 1 },
      },
    ],
  },
];

describe('verify', { skip: gcloudAbsent }, () => {
  async function world(t: { after(fn: () => unknown): void }, steps: readonly Step[]) {
    const google = await googleWorld(t, { buckets: ['scenes', 'renders', 'state'].map(bucket), jobs: JOBS });
    for (const name of ['tablao-control', 'tablao-page']) google.services.add(name);
    google.goOn();
    playService(t, google.storage, steps);
    return {
      ...google,
      verify: (...more: readonly string[]) =>
        runScript('verify', [...AT, '--poll-seconds', '0.2', ...more], google.env),
    };
  }

  test('sees three frames from upload to nothing left, measured beside assumed', async (t) => {
    const { verify, storage } = await world(t, WELL);
    // A look that fails says nothing about the farm.
    storage.fail(/status\.json.*alt=media/, { kind: 'status', status: 403 });
    const ran = await verify();
    assert.equal(ran.code, 0, ran.words + ran.out);
    const scenes = storage.names(bucket('scenes'));
    assert.equal(scenes.length, 2);
    const settings = storage.find(bucket('scenes'), scenes.find((name) => name.endsWith('.json')) ?? '');
    assert.deepEqual(JSON.parse(String(settings?.bytes)), { frames: '1-3', maxDollars: 2, pool: 'cpu' });
    for (const what of [
      'farm ready',
      'first worker at work',
      'three frames proved',
      'farm asked to go',
      'nothing left',
    ])
      assert.match(ran.out, new RegExp(`${what} +\\d+\\.\\d min +\\d+ min`));
    assert.match(ran.out, /Leftovers: none/);
    // What ends everything stands before all else.
    assert.match(
      ran.out,
      /^To end everything at once, at any time:\n\ngcloud [\s\S]*\nIt renders on pool cpu, at \$1\.70 an hour at most, and ends by itself after 70 minutes\.\n/,
    );
  });

  test('ends the farm and puts the service to sleep when the run fails', async (t) => {
    const { verify, gke, scheduler, raise } = await world(t, [...WELL.slice(0, 3), ['ready', 'failed', 0]]);
    await raise('tablao-1', `${REGION}-b`);
    const ran = await verify();
    assert.equal(ran.code, 1);
    assert.match(ran.words, /The run is failed: the reason what to do\nEverything is being ended/);
    assert.deepEqual(gke.clusters(), []);
    assert.equal(scheduler.find(JOBS[0]?.name ?? '')?.state, 'PAUSED');
    assert.match(ran.out, /Leftovers: none/);
  });

  test('ends the farm although Google refuses to put the service to sleep, or is busy', async (t) => {
    const { verify, gke, scheduler, raise } = await world(t, [...WELL.slice(0, 3), ['ready', 'failed', 0]]);
    await raise('tablao-1', `${REGION}-b`);
    scheduler.fail(/:pause/, { kind: 'status', status: 403 });
    gke.fail(/^GET .*\/clusters/, { kind: 'status', status: 503 });
    const ran = await verify();
    assert.equal(ran.code, 1);
    assert.match(ran.words, /this failed: gcloud scheduler jobs pause tablao-tick/);
    assert.match(ran.words, /Google does not tell which clusters there are; again soon/);
    assert.deepEqual(gke.clusters(), []);
    assert.equal(scheduler.find(JOBS[0]?.name ?? '')?.state, 'PAUSED');
  });

  test('begins nothing where it could not work, and says all that is wrong', async (t) => {
    const { verify, quotas, services, project, storage } = await world(t, WELL);
    Object.assign(quotas, { CPUS: 1, C3D_CPUS: 8, CPUS_ALL_REGIONS: 12 });
    services.delete('tablao-page');
    project.fail(/getIamPolicy/, { kind: 'status', status: 200, body: '{"bindings":[]}' });
    const ran = await verify();
    assert.equal(ran.code, 1);
    assert.match(ran.words, /the service tablao-page is not there: npm run deploy/);
    assert.match(ran.words, /the account tablao-control lacks the role tablaoControl/);
    assert.match(ran.words, /the quota CPUS has 1 free and 2 are needed/);
    assert.match(ran.words, /the quota C3D_CPUS has 8 free and 16 are needed/);
    assert.match(ran.words, /the quota CPUS_ALL_REGIONS has 12 free and 18 are needed/);
    assert.deepEqual(storage.names(bucket('scenes')), []);
    assert.ok(!commandsIn(ran).some((line) => /storage cp|delete/.test(line)));
  });

  test('begins nothing that the pools of the deployment make too dear', async (t) => {
    const { verify, controlEnv, quotas, storage } = await world(t, WELL);
    controlEnv.POOLS = JSON.stringify(POOLS);
    quotas.CPUS_ALL_REGIONS = 34;
    // Two workers of 4 × 0.5 and their disks, the farm, 40 minutes.
    const ran = await verify();
    assert.equal(ran.code, 1);
    assert.match(ran.words, /On pool big it may cost \$2\.83, more than --max-dollars 2\. Nothing was done/);
    assert.deepEqual(storage.names(bucket('scenes')), []);
  });

  test('renders on the pool that is asked for, and looks at the quotas of its machines', async (t) => {
    const { verify, controlEnv, quotas, storage } = await world(t, WELL);
    controlEnv.POOLS = JSON.stringify(POOLS);
    Object.assign(quotas, { NVIDIA_L4_GPUS: 1, NVIDIA_T4_GPUS: 0, GPUS_ALL_REGIONS: 0 });
    const unknown = await verify('--pool', 'gpus');
    assert.match(unknown.words, /--pool gpus: there is none of this name\. There are: big, gpu\./);
    const none = await verify('--pool', 'gpu');
    assert.match(none.words, /the quota GPUS_ALL_REGIONS has 0 free and 1 are needed/);
    assert.doesNotMatch(none.words, /the quota (?!GPUS)/, 'only of the first machine');
    Object.assign(quotas, { NVIDIA_L4_GPUS: 0, GPUS_ALL_REGIONS: 1 });
    assert.match((await verify('--pool', 'gpu')).words, /the quota NVIDIA_L4_GPUS has 0 free and 1 are/);
    assert.deepEqual(storage.names(bucket('scenes')), []);

    // The fallback can be had, as a spot machine.
    quotas.PREEMPTIBLE_NVIDIA_T4_GPUS = 1;
    const ran = await verify('--pool', 'gpu');
    assert.equal(ran.code, 0, ran.words + ran.out);
    assert.match(ran.out, /It renders on pool gpu, at \$1\.84 an hour at most/);
    const settings = storage.names(bucket('scenes')).find((name) => name.endsWith('.json')) ?? '';
    const { bytes } = storage.find(bucket('scenes'), settings) ?? {};
    assert.equal(JSON.parse(String(bytes)).pool, 'gpu');
  });
});

/** Takes the next step when the last one was read, once a shot is there. */
function playService(
  t: { after(fn: () => unknown): void },
  storage: Awaited<ReturnType<typeof googleWorld>>['storage'],
  steps: readonly Step[],
): void {
  let at = -1;
  let wanted = 0;
  const timer = setInterval(() => {
    const reads = storage.asked.filter((line) => /status\.json.*alt=media/.test(line)).length;
    if (reads < wanted) return;
    const shot = storage.names(bucket('scenes')).find((name) => name.endsWith('.blend'));
    if (shot === undefined) return;
    at = Math.min(at + 1, steps.length - 1);
    wanted = reads + 1;
    const [stage, state, busy] = steps[at] ?? ['absent', 'completed', 0];
    const done = state === 'completed' ? 3 : 0;
    const folder = shot.replace(/\.blend$/, '');
    for (let frame = 1; frame <= done; frame += 1)
      storage.put(bucket('renders'), `${folder}/v001/shot_000${frame}.png`, 'x');
    const status = {
      ...{ schema: 1, asOf: new Date().toISOString(), sentence: `The farm is ${stage}.` },
      farm: { stage, reason: null },
      pools: [{ name: 'cpu', busy, draining: 0 }],
      runs: [
        {
          shot: folder,
          state,
          frames: { total: 3, done },
          reason: { code: 'x', message: 'the reason', action: 'what to do' },
        },
      ],
      leftovers: stage === 'absent' ? [] : null,
    };
    storage.put(bucket('state'), 'status.json', JSON.stringify(status));
  }, 50);
  t.after(() => clearInterval(timer));
}
