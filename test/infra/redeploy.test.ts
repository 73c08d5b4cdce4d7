// A deploy while frames render: it touches neither the farm nor its switch, and the service that it brings goes on with both.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FRAMES, type LoopWorld, startLoopWorld } from '../cloud/loop-world.ts';
import { NAMESPACE } from '../gcp/kube-world.ts';
import { toolsAbsent } from '../tools/tools.ts';
import { deployAbsent, deployWorld } from './deploy-world.ts';
import { PROJECT, REGION } from './google-world.ts';

const NEXT_IMAGES = { MANAGER_IMAGE: 'images.test/manager:2', WORKER_IMAGE: 'images.test/worker:2' };
const MINUTE = 60_000;

describe('a deploy while frames render', () => {
  test("leaves the farm alone, and the dead-man's switch as the service set it", {
    skip: deployAbsent,
  }, async (t) => {
    const { deploy, provider, raise, gke, scheduler } = await deployWorld(t);
    assert.equal((await deploy()).code, 0);
    await raise('tablao-1', `${REGION}-b`);
    const uri = `https://container.googleapis.com/v1/projects/${PROJECT}/locations/${REGION}-b/clusters/tablao-1`;
    provider.change('google_cloud_scheduler_job', 'tablao-deadman', {
      ...{ schedule: '17 13 28 11 *', paused: false },
      http_target: [
        { uri, http_method: 'DELETE', body: null, headers: null, oauth_token: [], oidc_token: [] },
      ],
    });
    const before = provider.changes.length;
    for (const api of [gke, scheduler]) api.forget();

    const images = ['control', 'manager', 'worker'].flatMap((name) => [
      '--image',
      `${name}=host.example/${name}:2`,
    ]);
    const ran = await deploy([], images);
    assert.equal(ran.code, 0, ran.words);
    assert.deepEqual(provider.changes.slice(before).sort(), [
      'update google_cloud_run_v2_service tablao-control',
      'update google_cloud_run_v2_service tablao-page',
    ]);
    const changing = [...gke.asked, ...scheduler.asked].filter((line) => !line.startsWith('GET '));
    assert.deepEqual(changing, []);
    assert.deepEqual(gke.clusters(), [`${REGION}-b/tablao-1`]);
    assert.match(ran.out, /A farm is up: it keeps the images, pools and Blenders that it was made with/);
  });

  test('into another region is refused before anything is changed', { skip: deployAbsent }, async (t) => {
    const { deploy, provider } = await deployWorld(t);
    assert.equal((await deploy()).code, 0);
    const before = provider.changes.length;
    const ran = await deploy(['--region', 'us-central1']);
    assert.equal(ran.code, 1);
    assert.match(ran.words, /is in europe-west1, so Tablao is there: say --region europe-west1/);
    assert.equal(provider.changes.length, before);
  });

  test('brings a service with other images, which goes on with the manager that runs, reached or not', {
    skip: toolsAbsent,
  }, async (t) => {
    let began: number | null = null;
    let manager: unknown;
    const world = await startLoopWorld(t, {
      onStep: (at) => {
        if (began === null && at.busy().length > 1) {
          began = at.clock.now();
          manager = managerOf(at);
          at.deploy(NEXT_IMAGES);
        }
        // For five minutes its first looks do not reach the manager.
        if (began !== null && at.clock.now() - began < 5 * MINUTE)
          at.kube.fail(/\/proxy\//, { kind: 'status', status: 503 });
      },
    });
    await world.upload();
    await world.untilRun('completed');
    assert.notEqual(began, null, 'it was deployed while frames rendered');
    assert.deepEqual(managerOf(world), manager);
    assert.equal(world.framesThere(), FRAMES);
    assert.deepEqual([world.runs()[0]?.troubles, world.runs().length], [[], 1]);
    for (const kind of ['createFarm', 'submitJob']) assert.equal(world.count(kind), 1, kind);
    assert.ok(world.count('installManager') > 1, 'the new service would have installed its own');
    await world.untilGone();

    // The next farm, of which nothing stands yet, has the new ones.
    world.cluster.clear();
    await world.loseManager();
    await world.upload('film/other.blend');
    const isNew = () => JSON.stringify(managerOf(world)).includes(NEXT_IMAGES.MANAGER_IMAGE);
    await world.tickUntil('a farm with the new images', isNew);
  });
});

/** Flamenco Manager as it stands on the cluster. */
function managerOf({ cluster }: LoopWorld): unknown {
  const { spec } = cluster.get('deployments', NAMESPACE, 'tablao-manager') ?? {};
  const pods = cluster.all('pods', NAMESPACE).map(({ metadata }) => metadata.name);
  return { spec, pods: pods.filter((name) => name.startsWith('tablao-manager')) };
}
