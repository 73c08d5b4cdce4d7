// Google's own program against our stand-ins for GKE and Cloud Scheduler.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { DEADMAN_JOB, gkeWorld, ZONES } from '../gcp/gke-world.ts';

const skip = spawnSync('gcloud', ['version']).error === undefined ? false : 'gcloud is not on this machine';
const MINUTE = 60_000;

describe('gcloud', { skip }, () => {
  async function world(t: { after(fn: () => unknown): void }) {
    const here = await gkeWorld(t);
    const dir = mkdtempSync(join(tmpdir(), 'tablao-gcloud-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const env = {
      ...process.env,
      CLOUDSDK_CONFIG: dir,
      CLOUDSDK_CORE_PROJECT: 'p',
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
      CLOUDSDK_AUTH_DISABLE_CREDENTIALS: '1',
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${here.gke.url}/`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER: `http://${here.scheduler.host}/`,
    };
    const gcloud = async (...args: string[]) => (await promisify(execFile)('gcloud', args, { env })).stdout;
    return {
      ...here,
      gcloud,
      json: async (...args: string[]) => JSON.parse(await gcloud(...args, '--format=json')),
    };
  }

  test('lists, describes and deletes the cluster of a farm', async (t) => {
    const { farm, clock, gke, gcloud, json } = await world(t);
    await farm.create();
    const [listed] = await json('container', 'clusters', 'list', '--filter=resourceLabels.tablao=tablao');
    assert.deepEqual([listed.name, listed.status], ['tablao-1', 'PROVISIONING']);
    clock.advance(5 * MINUTE);
    const described = await json('container', 'clusters', 'describe', 'tablao-1', `--zone=${ZONES[0]}`);
    assert.equal(described.status, 'RUNNING');
    assert.equal(described.nodePools.length, 4);
    await gcloud('container', 'clusters', 'delete', 'tablao-1', `--zone=${ZONES[0]}`, '--async');
    clock.advance(4 * MINUTE);
    assert.deepEqual(gke.clusters(), []);
  });

  test("shows, pauses, resumes and runs the dead-man's job", async (t) => {
    const { farm, scheduler, gcloud, json } = await world(t);
    await farm.create();
    const at = ['tablao-deadman', '--location=europe-west1'];
    const job = await json('scheduler', 'jobs', 'describe', ...at);
    assert.deepEqual(
      [job.name, job.schedule, job.state, job.httpTarget.httpMethod],
      [DEADMAN_JOB, '0 10 24 11 *', 'ENABLED', 'DELETE'],
    );
    await gcloud('scheduler', 'jobs', 'pause', ...at);
    assert.equal(scheduler.find(DEADMAN_JOB)?.state, 'PAUSED');
    await gcloud('scheduler', 'jobs', 'resume', ...at);
    await gcloud('scheduler', 'jobs', 'run', ...at);
    assert.deepEqual(scheduler.runs, [DEADMAN_JOB]);
  });
});
