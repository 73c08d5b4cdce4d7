import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFlamencoManager } from '../../services/control/adapters/flamenco/manager.ts';
import type { ClusterSeen } from '../../services/control/adapters/gcp/gke.ts';
import { isPortError, type PortErrorCode } from '../../services/control/ports/errors.ts';
import { describeWorkersContract, listUntil } from '../contracts/workers.ts';
import { startLite } from '../flamenco-lite/lite-manager.ts';
import { kubeWorld, NAMESPACE, startManagerPod } from './kube-world.ts';
import type { Trouble } from './server.ts';

describeWorkersContract('Kubernetes', async (t) => {
  const { workers, clock } = await kubeWorld(t);
  return { workers, step: async () => clock.advance(5000) };
});

const BOOT_MS = 90_000;
const isTransient = (error: unknown) => isPortError(error, 'transient');

async function running(t: { after(fn: () => unknown): void }, ...names: string[]) {
  const world = await kubeWorld(t);
  await world.workers.order('local', names);
  world.clock.advance(BOOT_MS);
  await listUntil(
    world.workers,
    async () => {},
    (seen) => seen.every(({ state }) => state === 'running'),
  );
  const only = async () => {
    const [seen, ...others] = await world.workers.list();
    assert.deepEqual(others, []);
    return seen;
  };
  return { ...world, only };
}

describe('workers on Kubernetes', () => {
  test('are made from the template of the node pool that is wanted most, under the name that was given', async (t) => {
    const { workers, cluster } = await kubeWorld(t);
    await workers.order('local', ['w-1']);
    const job = cluster.get('jobs', NAMESPACE, 'w-1');
    assert.equal(job?.metadata.labels?.['tablao/node-pool'], 'local-spot');
    await workers.order('gpu', ['w-2']);
    assert.equal(cluster.get('jobs', NAMESPACE, 'w-2')?.metadata.labels?.['tablao/node-pool'], 'gpu-spot');
    await assert.rejects(workers.order('none', ['w-3']), (error) => isPortError(error, 'invalid'));
  });

  test('go to the node pool that is named, and say so', async (t) => {
    const { workers } = await kubeWorld(t);
    await workers.order('local', ['w-1']);
    await workers.order('local', ['w-2'], 'local-od');
    const variants = (await workers.list()).map(({ name, variant }) => [name, variant]);
    assert.deepEqual(variants, [
      ['w-1', 'local-spot'],
      ['w-2', 'local-od'],
    ]);
    const isInvalid = (error: unknown) => isPortError(error, 'invalid');
    await assert.rejects(workers.order('local', ['w-3'], 'local-gone'), isInvalid);
    await assert.rejects(workers.order('local', ['w-3'], 'gpu-spot'), isInvalid);
  });

  test('one that runs out of memory is told from one that fails and one that is done', async (t) => {
    const { cluster, workers } = await running(t, 'oom', 'fails', 'done');
    cluster.outOfMemory('oom');
    cluster.end('fails', 1);
    cluster.end('done', 0);
    const seen = new Map((await workers.list()).map((worker) => [worker.name, worker]));
    assert.equal(seen.get('oom')?.outcome, 'outOfMemory');
    assert.equal(seen.get('fails')?.outcome, 'failed');
    assert.equal(seen.get('done')?.outcome, 'done');
    assert.match(seen.get('oom')?.why ?? '', /OOMKilled, exit 137/);
    assert.match(seen.get('fails')?.why ?? '', /exit 1/);
    assert.equal(seen.get('done')?.why, null);
  });

  for (const how of ['disrupted', 'gone', 'shutdown'] as const)
    test(`one whose machine was taken away is preempted (pod ${how})`, async (t) => {
      const { cluster, clock, only } = await running(t, 'w-1');
      cluster.preempt('w-1', how);
      const seen = await only();
      assert.deepEqual([seen?.state, seen?.outcome, seen?.endedAt], ['ended', 'preempted', clock.now()]);
    });

  test('one that waits for a machine says why', async (t) => {
    const { workers, cluster, clock } = await kubeWorld(t);
    await workers.order('local', ['w-1']);
    const [waiting] = await workers.list();
    assert.match(waiting?.why ?? '', /untolerated taint/);
    assert.equal(waiting?.startedAt, null);
    cluster.stockOut(NAMESPACE);
    assert.match((await workers.list())[0]?.why ?? '', /FailedScaleUp: .*out of resources/);
    cluster.stockOut(NAMESPACE, []);
    clock.advance(1000);
    cluster.tryAgain(NAMESPACE);
    assert.match((await workers.list())[0]?.why ?? '', /^TriggeredScaleUp: /, 'one is on its way');
    cluster.giveNode('w-1');
    assert.doesNotMatch((await workers.list())[0]?.why ?? '', /ScaleUp/, 'that is over');
  });

  test('one that was asked to end signs off in its own time; the Job stays until it is forgotten', async (t) => {
    const { workers, cluster, clock, only } = await running(t, 'w-1');
    assert.equal((await only())?.startedAt, clock.now());
    await workers.remove('w-1');
    assert.equal((await only())?.state, 'running');
    assert.notEqual(cluster.get('pods', NAMESPACE, 'w-1-abc12'), undefined);
    clock.advance(5000);
    assert.deepEqual([(await only())?.state, (await only())?.outcome], ['ended', 'done']);
    await workers.remove('w-1');
    assert.equal(cluster.get('jobs', NAMESPACE, 'w-1'), undefined);
  });

  test('without a cluster there are none, and none can be ordered', async (t) => {
    const { workers, takeDown } = await kubeWorld(t);
    takeDown();
    assert.deepEqual(await workers.list(), []);
    await workers.remove('w-1');
    await assert.rejects(workers.order('local', ['w-1']), (error) => isPortError(error, 'notFound'));
  });

  const troubles: readonly (readonly [string, Trouble, PortErrorCode])[] = [
    ['overload', { kind: 'status', status: 503 }, 'transient'],
    ['too many requests', { kind: 'status', status: 429 }, 'transient'],
    ['a lost connection', { kind: 'reset', acts: false }, 'transient'],
    ['half an answer', { kind: 'cut' }, 'transient'],
    ['a missing right', { kind: 'status', status: 403 }, 'denied'],
  ];
  for (const [name, trouble, code] of troubles)
    test(`are never fewer because of ${name}, at any request`, async (t) => {
      const { workers, kube } = await running(t, 'w-1');
      for (const path of [/jobs/, /pods/]) {
        kube.fail(path, trouble);
        await assert.rejects(workers.list(), (error) => isPortError(error, code));
      }
      assert.equal((await workers.list()).length, 1);
    });

  test('a token that has expired is denied, and the next request has the new one', async (t) => {
    const { workers, setToken } = await running(t, 'w-1');
    setToken('expired');
    await assert.rejects(workers.list(), (error) => isPortError(error, 'denied'));
    setToken('google-token');
    assert.equal((await workers.list()).length, 1);
  });

  test('an order whose answer was lost is repeated without a second worker', async (t) => {
    const { workers, kube } = await kubeWorld(t);
    kube.fail(/^POST .*jobs/, { kind: 'reset', acts: true });
    await assert.rejects(workers.order('local', ['w-1']), isTransient);
    await workers.order('local', ['w-1']);
    assert.equal((await workers.list()).length, 1);
  });
});

describe('Flamenco Manager on Kubernetes', () => {
  const CLUSTER = {
    name: 'tablao-1',
    zone: 'z',
    state: 'up',
    createdAt: 0,
    endpoint: 'e',
    message: '',
  } as const;
  const look = (world: Awaited<ReturnType<typeof kubeWorld>>) =>
    world.onCluster.look(CLUSTER satisfies ClusterSeen);

  test('is absent, starting, and ready once its pod is and it answers through the proxy', async (t) => {
    const world = await kubeWorld(t);
    const lite = await startLite(t);
    assert.equal((await look(world)).manager, 'absent');
    await world.onCluster.install(CLUSTER);
    await world.onCluster.install(CLUSTER);
    assert.equal((await look(world)).manager, 'starting');
    startManagerPod(world.cluster, 'manager-1', false);
    assert.equal((await look(world)).manager, 'starting');
    startManagerPod(world.cluster, 'manager-1', true);
    assert.equal((await look(world)).manager, 'starting', 'no endpoint yet');
    world.manager.url = lite.url;
    const ready = await look(world);
    assert.equal(ready.manager, 'ready');
    assert.match(ready.managerUrl ?? '', /\/services\/http:tablao-manager:8080\/proxy$/);
  });

  test('that a right is missing for the way to it is said, with the words of the API server', async (t) => {
    const world = await kubeWorld(t);
    world.manager.url = (await startLite(t)).url;
    await world.onCluster.install(CLUSTER);
    startManagerPod(world.cluster, 'manager-1', true);
    const words =
      'services "http:tablao-manager:8080" is forbidden: User "control@p" cannot get "services/proxy"';
    const body = JSON.stringify({ kind: 'Status', status: 'Failure', code: 403, message: words });
    world.kube.fail(/proxy/, { kind: 'status', status: 403, body });
    const refused = await look(world);
    assert.equal(refused.manager, 'starting');
    assert.match(
      refused.trouble ?? '',
      /needs container\.services\.proxy .*403.*User "control@p" cannot get/,
    );
    world.kube.fail(/proxy/, { kind: 'status', status: 503 });
    assert.equal((await look(world)).trouble, null, 'that passes by itself');
    assert.deepEqual([(await look(world)).manager, (await look(world)).trouble], ['ready', undefined]);
  });

  test('whose image cannot be fetched says so', async (t) => {
    const world = await kubeWorld(t);
    await world.onCluster.install(CLUSTER);
    startManagerPod(world.cluster, 'manager-1', false);
    const pod = world.cluster.get('pods', NAMESPACE, 'manager-1');
    assert.ok(pod !== undefined);
    const waiting = { reason: 'ImagePullBackOff', message: 'denied: no such image' };
    const status = { ...pod.status, containerStatuses: [{ name: 'manager', state: { waiting } }] };
    world.cluster.replace('pods', { ...pod, status });
    assert.match((await look(world)).trouble ?? '', /pod waits: ImagePullBackOff: denied: no such image$/);
  });

  test('is another one when its pod is another one', async (t) => {
    const world = await kubeWorld(t);
    world.manager.url = (await startLite(t)).url;
    await world.onCluster.install(CLUSTER);
    startManagerPod(world.cluster, 'manager-1', true);
    const first = await look(world);
    assert.deepEqual(await look(world), first);
    const pod = world.cluster.get('pods', NAMESPACE, 'manager-1');
    assert.ok(pod !== undefined);
    world.cluster.remove('pods', pod);
    startManagerPod(world.cluster, 'manager-2', true);
    const second = await look(world);
    assert.ok(second.managerId !== null && second.managerId !== first.managerId);
  });

  test('is reached through the proxy with a token of ours, which it never sees', async (t) => {
    const world = await kubeWorld(t);
    const lite = await startLite(t);
    const worker = await lite.addWorker('w-1');
    world.manager.url = lite.url;
    await world.onCluster.install(CLUSTER);
    startManagerPod(world.cluster, 'manager-1', true);
    const { managerUrl } = await look(world);
    const manager = createFlamencoManager({ url: () => managerUrl, fetch: world.fetch });
    assert.deepEqual(
      (await manager.workers()).map(({ id }) => id),
      [worker.id],
    );
    await manager.drain(worker.id);
    assert.equal((await manager.workers())[0]?.isDraining, true);
    assert.deepEqual(await manager.jobs(), []);
    await assert.rejects(manager.tasks('11111111-1111-4111-8111-111111111111'), (error) =>
      isPortError(error, 'notFound'),
    );
  });

  test('is unreachable, not empty, while no pod is ready or the proxy is in trouble', async (t) => {
    const world = await kubeWorld(t);
    const url = `${world.kube.url}/api/v1/namespaces/tablao/services/http:tablao-manager:8080/proxy`;
    const manager = createFlamencoManager({ url: () => url, fetch: world.fetch });
    await assert.rejects(manager.jobs(), isTransient);
    world.manager.url = (await startLite(t)).url;
    for (const status of [401, 403, 404, 503]) {
      world.kube.fail(/proxy/, { kind: 'status', status });
      await assert.rejects(manager.jobs(), isTransient, `${status}`);
    }
    assert.deepEqual(await manager.jobs(), []);
  });
});
