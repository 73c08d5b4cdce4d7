import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { bundle } from '../../services/control/build.ts';
import { CLOUD_ENV } from '../cloud-env.ts';
import { startGke } from '../gcp/gke/stand-in.ts';
import { kubeWorld } from '../gcp/kube-world.ts';
import { startScheduler } from '../gcp/scheduler-stand-in.ts';
import { startStorage } from '../gcp/storage/stand-in.ts';
import type { Places } from './clients.ts';

/** Inside the repository, where native packages are found. */
const DIST = join(import.meta.dirname, '..', '..', 'dist');
const JOBS = `projects/${CLOUD_ENV.PROJECT}/locations/${CLOUD_ENV.REGION}/jobs`;
const clock = { now: () => Date.now() };

test('bundled, each of the clients is found when it is first needed, and works', {
  timeout: 300_000,
}, async (t) => {
  mkdirSync(DIST, { recursive: true });
  const folder = mkdtempSync(join(DIST, 'bundle-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await bundle(join(import.meta.dirname, 'clients.ts'), folder);
  const storage = await startStorage({ buckets: [CLOUD_ENV.STATE_BUCKET] });
  t.after(() => storage.close());
  const gke = await startGke({ clock, createMs: 0 });
  t.after(() => gke.close());
  const jobs = ['tablao-tick', 'tablao-deadman'].map((name) => ({
    name: `${JOBS}/${name}`,
    schedule: '0 0 1 1 *',
  }));
  const scheduler = await startScheduler(t, jobs);
  const { kube } = await kubeWorld(t, { isOpen: true, isBare: true });
  const places: Places = {
    ...{ storage: storage.url, kube: kube.url, gkePort: gke.port, schedulerPort: scheduler.port },
  };
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'clients.mjs')], {
    env: { ...process.env, PLACES: JSON.stringify(places) },
  });
  assert.deepEqual(JSON.parse(stdout), { record: { id: 'x' }, farm: 'up', workers: 0 });
  assert.deepEqual(scheduler.runs, [`${JOBS}/tablao-tick`]);
  assert.match(scheduler.find(`${JOBS}/tablao-deadman`)?.httpTarget?.uri ?? '', /clusters\/tablao-1$/);
  assert.deepEqual(gke.clusters(), ['europe-west1-b/tablao-1']);
});
