// The whole life of a farm with the clock as in life: Google's own program uploads, the service runs as a process in cloud
// mode, the real Helm installs our chart, and pods are real processes that render with a real Blender.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountsAbsent } from '../cloud/bucket-mount.ts';
import { BUCKETS, type Cloud, DEADMAN_JOB, gcloudAbsent, startCloud, until } from '../cloud/cloud.ts';
import { podsAbsent } from '../cloud/pod-process.ts';
import { decodePng } from '../e2e/png.ts';
import { cannotRender } from '../e2e/service.ts';
import { SAMPLE } from '../reconcile/world.ts';
import { toolsAbsent } from '../tools/tools.ts';

const skip = toolsAbsent || podsAbsent || mountsAbsent || cannotRender;
/** Frames that take a moment. */
const SMALL = { resolutionPercent: 20, samples: 2 };

test('gcloud uploads a shot; its frames come into the bucket, gcloud sees what the status says, and nothing is left', {
  skip: skip || gcloudAbsent,
}, async (t) => {
  // The service has to fetch a new access token every few seconds.
  const cloud = await startCloud(t, { tokenSeconds: 310 });
  const { gcloud, gcloudJson } = cloud;
  await upload(cloud, { ...SMALL, frames: '1-4' });

  const cluster = await until('the cluster', () => cloud.gke.clusters()[0], explain(cloud));
  const [zone = '', name = ''] = cluster.split('/');
  const listed = await gcloudJson('container', 'clusters', 'list', '--filter=resourceLabels.tablao=tablao');
  assert.deepEqual(
    listed.map((each: { name: string; zone: string }) => [each.zone, each.name]),
    [[zone, name]],
  );
  const at = '--location=europe-west1';
  const { state, httpTarget } = await gcloudJson('scheduler', 'jobs', 'describe', 'tablao-deadman', at);
  assert.equal(state, 'ENABLED');
  assert.match(httpTarget.uri, new RegExp(`/locations/${zone}/clusters/${name}$`));
  const jobs = await gcloudJson('scheduler', 'jobs', 'list', at);
  assert.equal(jobs.length, 2);

  await until('a worker', () => cloud.kubelet.workers().length > 0, explain(cloud));
  const described = await gcloudJson('container', 'clusters', 'describe', name, `--zone=${zone}`);
  assert.equal(described.status, 'RUNNING');
  // The first workers are ordered while the manager still starts.
  await until('the manager', () => cloud.status()?.farm.stage === 'ready', explain(cloud));
  assert.deepEqual([cloud.status()?.farm.stage, cloud.status()?.farm.zone], ['ready', zone]);
  const ticks = cloud.scheduler.runs.length;
  await gcloud('scheduler', 'jobs', 'run', 'tablao-tick', at);
  assert.equal(cloud.scheduler.runs.length, ticks + 1);

  await until('the frames', () => cloud.runs()[0]?.state === 'completed', explain(cloud));
  const frames = cloud.frames('film/shot/v001/');
  assert.equal(frames.length, 4);
  const seen = String(await gcloud('storage', 'ls', `gs://${BUCKETS.renders}/film/shot/v001/*.png`));
  assert.deepEqual(
    seen.trim().split('\n'),
    frames.map((frame) => `gs://${BUCKETS.renders}/${frame}`),
  );
  const picture = await gcloud('storage', 'cat', `gs://${BUCKETS.renders}/${frames[0]}`);
  assert.ok(decodePng(picture, 'frame 1').width > 50);
  const [run] = cloud.runs();
  assert.deepEqual([cloud.runs().length, run?.shot, run?.troubles], [1, 'film/shot', []]);

  await untilGone(cloud);
  assert.deepEqual(await gcloudJson('container', 'clusters', 'list'), []);
  assert.deepEqual(cloud.kubelet.workers(), []);
  assert.ok(
    cloud.scheduler.calls.every(([, status]) => status === 200),
    String(cloud.scheduler.calls),
  );
  assert.ok(cloud.metadata.asked.length > 5, 'tokens were fetched anew');
  assert.equal(cloud.scheduler.find(DEADMAN_JOB)?.state, 'ENABLED');
});

test('a spot machine, the service and the manager lost while frames render: the same frames, and nothing is left', {
  skip,
}, async (t) => {
  const cloud = await startCloud(t);
  const { kubelet, service, frames } = cloud;
  await putSlowShot(cloud);
  const worker = await until('a worker at work', () => kubelet.busyWorker(), explain(cloud));
  assert.equal(await kubelet.preempt(worker), 1, 'it has signed off');
  await service.end('SIGKILL');
  await service.start();
  await until('a frame', () => frames('film/shot/v001/').length > 0, explain(cloud));
  await kubelet.killManager();
  await until('the frames', () => cloud.runs()[0]?.state === 'completed', explain(cloud));
  assert.equal(frames('film/shot/v001/').length, 6);
  assert.equal(cloud.runs().length, 1);
  await untilGone(cloud);
  assert.deepEqual(kubelet.workers(), []);
});

test('a worker out of memory in mid-frame and a way to the manager that is shut: nothing is given up, and the same frames', {
  skip,
}, async (t) => {
  const cloud = await startCloud(t);
  const { kubelet, kube, frames } = cloud;
  await putSlowShot(cloud);
  const worker = await until('a worker at work', () => kubelet.busyWorker(), explain(cloud));
  assert.equal(await kubelet.killForMemory(worker), 137);
  const hasSaid = () => cloud.status()?.decisions.some(({ what }) => what.includes('ran out of memory'));
  await until('its end', hasSaid, explain(cloud));
  await until('another worker at work', () => kubelet.busyWorker(), explain(cloud));
  kube.forget();
  kube.fail(/\/proxy\//, { kind: 'status', status: 503 }, 9999);
  const asked = () => kube.asked.filter((line) => line.includes('/proxy/'));
  await until('passes without an answer', () => asked().length >= 6, explain(cloud));
  // The Job of the one that has ended may go.
  const destroys = (line: string) => /^(DELETE|PATCH) /.test(line) && !line.includes(`/jobs/${worker}?`);
  assert.deepEqual([...kube.asked, ...cloud.gke.asked].filter(destroys), []);
  kube.mend();
  await until('the frames', () => cloud.runs()[0]?.state === 'completed', explain(cloud));
  assert.equal(frames('film/shot/v001/').length, 6);
  await untilGone(cloud);
  assert.deepEqual(kubelet.workers(), []);
});

/** Six frames that take a while each, one a task. */
async function putSlowShot(cloud: Cloud): Promise<void> {
  const settings = { ...SMALL, samples: 16, frames: '1-6', chunkSize: 1 };
  await cloud.put('film/shot.render.json', JSON.stringify(settings));
  await cloud.put('film/shot.blend', SAMPLE);
}

/** The shot and its settings, by Google's own program. */
async function upload({ dir, gcloud }: Cloud, settings: object): Promise<void> {
  writeFileSync(join(dir, 'shot.render.json'), JSON.stringify(settings));
  writeFileSync(join(dir, 'shot.blend'), SAMPLE);
  const files = ['shot.render.json', 'shot.blend'].map((file) => join(dir, file));
  await gcloud('storage', 'cp', ...files, `gs://${BUCKETS.scenes}/film/`);
}

async function untilGone(cloud: Cloud): Promise<void> {
  const isGone = () => cloud.gke.clusters().length === 0 && cloud.status()?.farm.stage === 'absent';
  await until(
    'the end of the farm',
    () => isGone() && cloud.status()?.leftovers?.length === 0,
    explain(cloud),
  );
}

function explain(cloud: Cloud): () => string {
  return () =>
    [
      JSON.stringify(cloud.runs().map(({ state, reason, troubles }) => ({ state, reason, troubles }))),
      JSON.stringify(cloud.status()?.farm),
      JSON.stringify(
        cloud.cluster.all('pods', 'tablao').map(({ metadata, status }) => [metadata.name, status]),
      ),
      cloud.kubelet.log(''),
      cloud.service.said().slice(-4000),
    ].join('\n');
}
